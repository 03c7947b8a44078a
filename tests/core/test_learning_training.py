"""Training: recipes, checkpoints, resuming after a kill, several processes, self-supervision."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from app.commands import main
from sterefo_core.depth.guided import GuidedNetwork
from sterefo_core.depth.learned import load_network
from sterefo_core.depth.network import StereoPrediction
from sterefo_core.errors import ExportError, SourceError, SterefoError
from sterefo_core.learning.checkpoint import load_tensors, part_of, save_tensors
from sterefo_core.learning.config import TrainingConfig
from sterefo_core.learning.objectives import Objective
from sterefo_core.learning.pairs import TrainingPairs
from sterefo_core.learning.self_supervision import mirrored_pair, self_supervised_loss, warped
from sterefo_core.learning.training import CHECKPOINT, Training, learning_rate

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
GREY = np.random.default_rng(3).integers(0, 255, (40, 100, 3), np.uint8)
SMALL = {"batch": 1, "height": 32, "width": 64, "workers": 0, "warmup": 1, "decay": 2, "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def kitti(tmp_path_factory):
    """Two pairs in KITTI's layout, everything at 8 px; reading them is quicker than making synthetic ones."""
    training = tmp_path_factory.mktemp("kitti") / "training"
    for name in ("image_2", "image_3", "disp_occ_0"):
        (training / name).mkdir(parents=True)
    for i in range(2):
        cv2.imwrite(str(training / "image_2" / f"00000{i}_10.png"), GREY[i:])
        cv2.imwrite(str(training / "image_3" / f"00000{i}_10.png"), np.roll(GREY[i:], -8, axis=1))
        cv2.imwrite(
            str(training / "disp_occ_0" / f"00000{i}_10.png"), np.full(GREY[i:, :, 0].shape, 8 * 256, np.uint16)
        )
    return str(training.parent)


def recipe(**changes):
    return TrainingConfig(**{**SMALL, "steps": 4, "save_every": 2, **changes})


def trained(folder, **changes):
    training = Training(recipe(**changes), folder, CPU)
    training.run()
    return training


def weights_of(folder, part="model"):
    return part_of(load_tensors(folder / CHECKPOINT)[0], part)


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_resumed_run_ends_with_the_same_weights_as_one_that_was_never_cut_off(tmp_path, kitti):
    trained(tmp_path / "whole", data=(kitti,))
    with pytest.raises(InterruptedError):
        Training(recipe(data=(kitti,)), tmp_path / "cut", CPU).run(lambda step, _: stop_at(3, step))
    assert load_tensors(tmp_path / "cut" / CHECKPOINT)[1]["step"] == 2
    again = Training(recipe(data=(kitti,)), tmp_path / "cut", CPU)
    assert again.step == 2
    again.run()
    for part in ("model", "average", "optimizer"):
        assert same(weights_of(tmp_path / "whole", part), weights_of(tmp_path / "cut", part))


def stop_at(last, step):
    if step == last:
        raise InterruptedError


def write_recipe(path, data, **changes):
    settings = {**SMALL, "save_every": 2, "data": data, "validation": [], **changes}
    path.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items()), encoding="utf-8")
    return path


KILLED = """
import os, signal, sys
from app import commands, train_command
step = train_command._Progress.step
def step_or_die(progress, number, figures):
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    step(progress, number, figures)
train_command._Progress.step = step_or_die
commands.main(sys.argv[1:])
"""


def test_a_run_that_is_killed_goes_on_from_its_last_checkpoint_to_the_weights_of_one_that_was_not(tmp_path, kitti):
    recipe_file = write_recipe(tmp_path / "recipe.toml", kitti, steps=6)
    cut, whole = (["train", str(recipe_file), "-o", str(tmp_path / run), "--device", "cpu"] for run in ("cut", "whole"))
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.run([sys.executable, "-c", KILLED, *cut], env=environment, cwd=ROOT, check=False)
    assert process.returncode == -signal.SIGKILL
    assert load_tensors(tmp_path / "cut" / CHECKPOINT)[1]["step"] == 4
    assert main(cut) == 0 and main(whole) == 0
    for file in (CHECKPOINT, "stereo.safetensors"):
        (tensors, said), (expected, also) = (load_tensors(tmp_path / run / file) for run in ("cut", "whole"))
        assert same(tensors, expected) and said == also


TWO_STEPS = """
import os, sys
from pathlib import Path
from sterefo_core.learning.checkpoint import save_tensors
from sterefo_core.learning.config import TrainingConfig
from sterefo_core.learning.processes import joined
from sterefo_core.learning.training import Training

recipe, folder = Path(sys.argv[1]), Path(sys.argv[2])
with joined("cpu") as device:
    training = Training(TrainingConfig.from_file(recipe), folder, device)
    training.run()
save_tensors(folder / ("rank" + os.environ["RANK"]), training.model.state_dict(), {})
"""


def test_two_processes_learn_from_both_their_batches_as_one_process_would(tmp_path, kitti):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    recipe_file = write_recipe(tmp_path / "recipe.toml", kitti, steps=2, network="paper")
    command = [sys.executable, "-c", TWO_STEPS, str(recipe_file), str(tmp_path)]
    environment = {**os.environ, **meeting, "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(command, cwd=ROOT, env={**environment, "RANK": rank, "LOCAL_RANK": rank}) for rank in "01"
    ]
    assert [process.wait() for process in ranks] == [0, 0]
    first, second = (load_tensors(tmp_path / f"rank{rank}")[0] for rank in (0, 1))
    assert same(first, second)
    alone = trained(tmp_path / "alone", data=(kitti,), network="paper", batch=2, steps=2)  # the same two pairs a step
    started = Training(recipe(network="paper"), tmp_path / "none", CPU).model.state_dict()
    name = "stereo.aggregation.4.weight"
    ours, theirs = (weights[name] - started[name] for weights in (alone.model.state_dict(), first))
    assert torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0) > 0.9


def test_the_loss_falls_on_pairs_that_are_seen_again(tmp_path):
    training = Training(recipe(steps=25, average=0.5, decay=1), tmp_path, CPU)
    one = TrainingPairs(recipe())[0]
    objective = Objective(training.model, training.config)
    batch = {name: value[None] for name, value in one.items()}
    losses = [training._learn(objective, batch)["loss"] for _ in range(25)]
    assert np.mean(losses[-5:]) < 0.7 * losses[0]


def test_frozen_norms_keep_their_statistics(tmp_path, kitti):
    before = Training(recipe(), tmp_path / "none", CPU).model.state_dict()
    after = trained(tmp_path / "run", frozen_norm=True, data=(kitti,)).model.state_dict()
    norms = [name for name in before if name.endswith("running_mean")]
    assert norms and all(torch.equal(before[name], after[name]) for name in norms)
    first = "stereo.features.to_quarter.0.0.weight"
    assert not torch.equal(before[first], after[first])


def test_a_run_can_begin_with_weights_and_hands_out_averaged_ones(tmp_path, kitti):
    first = trained(tmp_path / "first", data=(kitti,))
    first.save_weights(tmp_path / "stereo.safetensors")
    second = Training(recipe(start=str(tmp_path / "stereo.safetensors")), tmp_path / "second", CPU)
    assert same(first.average.stereo.state_dict(), second.model.stereo.state_dict())


def test_a_guided_network_can_begin_with_the_weights_of_a_plain_one_and_learns_to_heed_its_guide(tmp_path, kitti):
    trained(tmp_path / "plain", data=(kitti,), steps=1).save_weights(tmp_path / "stereo.safetensors")
    guided = trained(tmp_path, data=(kitti,), network="guided", start=str(tmp_path / "stereo.safetensors"))
    guided.save_weights(tmp_path / "guided.safetensors")
    assert isinstance(load_network(tmp_path / "guided.safetensors"), GuidedNetwork)
    heeded = guided.model.stereo.refinement.body[0][0].weight[:, -8:]
    assert heeded.abs().max() > 0


@pytest.mark.parametrize("architecture", ["aperture", "volume-refinement", "blur-refinement"])
def test_every_architecture_trains_by_its_refocused_picture(tmp_path, architecture, kitti):
    training = trained(
        tmp_path, architecture=architecture, refocus_weight=1.0, stereo_weight=0.0, steps=1, data=(kitti,)
    )
    assert training.step == 1


def test_validation_tells_error_and_outliers_and_shows_a_picture(tmp_path, kitti):
    found = []
    training = Training(recipe(steps=1, data=(kitti,), validation=(kitti,)), tmp_path, CPU)
    training.run(on_validation=lambda step, validation: found.append(validation))
    assert all(name.endswith((" EPE px", " D1 %")) for name in found[0].figures) and len(found[0].figures) == 2
    assert found[0].pictures[0].shape == (40, 3 * 100, 3)


def test_the_examples_of_a_run_are_the_same_every_time_and_differ_from_each_other():
    first, again = TrainingPairs(recipe())[5], TrainingPairs(recipe())[5]
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["left"], TrainingPairs(recipe())[6]["left"])
    assert not torch.equal(first["left"], TrainingPairs(recipe(seed=1))[5]["left"])


def test_the_learning_rate_rises_stays_and_falls_to_nothing():
    config = recipe(steps=100, warmup=10, decay=20, learning_rate=1.0)
    rates = [learning_rate(config, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and rates[9:80] == [1.0] * 71
    assert rates[-1] == pytest.approx(0.05) and rates[85] < rates[84]


def test_a_recipe_is_read_with_its_defaults(tmp_path):
    (tmp_path / "a.toml").write_text('network = "paper"\ndata = ["a", "b"]\nlearning_rate = 1\n', encoding="utf-8")
    config = TrainingConfig.from_file(tmp_path / "a.toml")
    assert (config.network, config.data, config.learning_rate, config.steps) == ("paper", ("a", "b"), 1.0, 20000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepz = 5", "stepz"),
        ('steps = "many"', "steps must be int"),
        ("steps = 0", "steps must be at least 1, not 0"),
        ("workers = -1", "workers must be at least 0"),
        ("save_every = 0", "save_every must be at least 1"),
        ("validate_every = 0", "validate_every must be at least 1"),
        ("seed = -4", "seed must be at least 0"),
        ("learning_rate = -1", "learning_rate must be above 0"),
        ("average = 1", "average must be below 1"),
        ("stereo_weight = 0", "stereo_weight or refocus_weight"),
        ("data = []", "data must name something"),
        ("width = 100", "multiples of 32"),
        ('labels = "guessed"', "labels"),
        ("steps = ", "cannot be read"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line_that_says_why(tmp_path, text, message):
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SterefoError, match=message) as caught:
        TrainingConfig.from_file(tmp_path / "a.toml")
    assert "\n" not in str(caught.value) and "a.toml" in str(caught.value)


@pytest.mark.parametrize("changes", [{"data": ("absent",)}, {"validation": ("absent",)}])
def test_a_data_set_that_is_not_there_is_said_before_anything_is_learned_or_written(tmp_path, changes):
    with pytest.raises(SourceError, match="absent does not exist"):
        Training(recipe(**changes), tmp_path / "run", CPU)
    assert not (tmp_path / "run").exists()


def test_learning_from_truths_that_nobody_knows_is_refused_with_what_to_do(tmp_path, kitti):
    for path in (Path(kitti) / "training").glob("image_?/*"):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        (tmp_path / path.parent.name / path.name).write_bytes(path.read_bytes())
    data = {"data": (str(tmp_path),), "validation": ()}
    with pytest.raises(SourceError, match='labels = "matched"'):
        Training(recipe(**data), tmp_path, CPU)
    Training(recipe(**data, labels="matched"), tmp_path, CPU)
    Training(recipe(**data, self_supervised=True), tmp_path, CPU)
    with pytest.raises(SourceError, match="no true disparities to compare with"):
        Training(recipe(validation=(str(tmp_path),)), tmp_path, CPU)


def test_a_folder_of_another_run_is_refused(tmp_path, kitti):
    trained(tmp_path, steps=1, data=(kitti,))
    with pytest.raises(SterefoError, match="another architecture"):
        Training(recipe(network="paper"), tmp_path, CPU)


def test_a_checkpoint_that_does_not_say_its_step_is_refused(tmp_path, kitti):
    trained(tmp_path, steps=1, data=(kitti,))
    tensors, _ = load_tensors(tmp_path / CHECKPOINT)
    for about in ({}, {"step": "many"}, {"step": 1.5}, [1]):
        save_tensors(tmp_path / CHECKPOINT, tensors, about)
        with pytest.raises(SterefoError, match=r"is no checkpoint|cannot be read as weights"):
            Training(recipe(data=(kitti,)), tmp_path, CPU)


def test_a_disk_that_fills_up_in_mid_run_is_one_line_and_the_checkpoint_before_it_stays(tmp_path, kitti):
    training = trained(tmp_path, steps=1, data=(kitti,))
    before, limits = (tmp_path / CHECKPOINT).read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(ExportError, match=r"cannot write .*checkpoint\.safetensors: "):
            training.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(ExportError, match="cannot write "):
        save_tensors(tmp_path / "run" / CHECKPOINT, {"x": torch.zeros(1)}, {})


def test_weights_of_another_network_are_refused(tmp_path):
    save_tensors(tmp_path / "other.safetensors", {"x": torch.zeros(1)}, {})
    with pytest.raises(SterefoError, match="another network"):
        Training(recipe(start=str(tmp_path / "other.safetensors")), tmp_path, CPU)


def test_an_unknown_architecture_is_refused(tmp_path):
    with pytest.raises(SterefoError, match="parallel"):
        Training(recipe(architecture="parallel"), tmp_path, CPU)


def test_all_shipped_recipes_can_be_read():
    recipes = sorted((ROOT / "configs").glob("*.toml"))
    assert recipes and all(TrainingConfig.from_file(path) for path in recipes)


def test_a_file_that_holds_no_tensors_is_refused(tmp_path):
    (tmp_path / CHECKPOINT).write_bytes(b"\x80\x04pickle")
    with pytest.raises(SterefoError, match="cannot be read"):
        load_tensors(tmp_path / CHECKPOINT)


def test_tensors_come_back_with_what_was_said_of_them(tmp_path):
    save_tensors(tmp_path / "a" / "b.safetensors", {"x": torch.arange(3.0)}, {"step": 7})
    tensors, about = load_tensors(tmp_path / "a" / "b.safetensors")
    assert tensors["x"].tolist() == [0, 1, 2] and about == {"step": 7}


def test_the_right_picture_warped_by_the_true_disparity_is_the_left_one():
    torch.manual_seed(0)
    right = torch.rand(1, 3, 12, 40)
    left = right.roll(5, dims=-1)
    picture, seen = warped(right, torch.full((1, 1, 12, 40), 5.0))
    torch.testing.assert_close(picture[..., 5:], left[..., 5:], atol=1e-4, rtol=0)
    assert not seen[..., :5].any() and seen[..., 5:].all()


def flat(disparity):
    return StereoPrediction(torch.full((1, 1, 16, 64), disparity), (), torch.zeros(1, 24, 2, 8))


def test_self_supervision_prefers_the_true_disparity():
    torch.manual_seed(0)
    right = torch.rand(1, 3, 16, 64)
    left = right.roll(6, dims=-1)
    losses = [float(self_supervised_loss(left, right, flat(d), flat(d))) for d in (4.0, 6.0, 9.0)]
    assert losses[1] < 0.3 * min(losses[0], losses[2])


def test_eyes_that_disagree_cost_something():
    right = torch.rand(1, 3, 16, 64)
    agreeing = self_supervised_loss(right, right, flat(0.0), flat(0.0))
    assert self_supervised_loss(right, right, flat(0.0), flat(1.5)) > agreeing


def test_the_mirrored_pair_has_positive_disparities_too():
    left, right = torch.rand(2, 1, 3, 4, 20)
    mirrored_left, mirrored_right = mirrored_pair(left, right)
    assert torch.equal(mirrored_left, right.flip(-1)) and torch.equal(mirrored_right, left.flip(-1))


def test_a_step_of_self_supervision_changes_the_weights(tmp_path, kitti):
    before = Training(recipe(), tmp_path / "none", CPU).model.state_dict()
    after = trained(tmp_path / "run", self_supervised=True, steps=1, data=(kitti,)).model.state_dict()
    name = "stereo.features.to_quarter.0.0.weight"
    assert not torch.equal(before[name], after[name])
