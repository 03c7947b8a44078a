"""The commands that make weights: train, adapt, export-onnx."""

import cv2
import numpy as np
import pytest
import torch

from app.commands import main
from app.train_command import _Progress
from sterefo_core.depth import GUIDED_WEIGHTS, WEIGHTS, make_depth_engine
from sterefo_core.depth.learned import LearnedDepth, load_network
from sterefo_core.learning.checkpoint import load_tensors
from sterefo_core.learning.engine import RefocusingNetwork


@pytest.fixture
def footage(tmp_path):
    """Two folders of pictures, everything at 6 px."""
    wide = cv2.GaussianBlur(np.random.default_rng(4).integers(0, 255, (64, 140, 3), np.uint8), (0, 0), 1.0)
    for side, picture in (("left", wide[:, :128]), ("right", wide[:, 6:134])):
        (tmp_path / side).mkdir()
        for i in range(2):
            cv2.imwrite(str(tmp_path / side / f"{i:06d}.png"), picture)
    return f"{tmp_path / 'left'},{tmp_path / 'right'}"


def test_adapting_to_footage_writes_weights_that_export_takes(tmp_path, footage, monkeypatch, capsys):
    monkeypatch.setattr("app.train_command.CROP", (64, 96))
    weights = tmp_path / "mine.safetensors"
    assert main(["adapt", footage, "-o", str(weights), "--steps", "2", "--device", "cpu"]) == 0
    assert f"{weights}: 2 steps" in capsys.readouterr().out
    shipped, mine = load_network(WEIGHTS).state_dict(), load_network(weights).state_dict()
    assert any(not np.array_equal(shipped[name], mine[name]) for name in shipped)
    assert load_tensors(weights)[1]["config"]["labels"] == "matched"
    video = tmp_path / "out.mp4"
    chosen = ["--focus", "0:3", "--depth", f"net={weights}", "--device", "cpu"]
    assert main(["export", footage, *chosen, "-o", str(video)]) == 0
    assert video.stat().st_size > 0


def test_an_architecture_can_be_exported_with(tmp_path, footage):
    video = tmp_path / "out.mp4"
    assert (
        main(["export", footage, "--focus", "0:3", "--depth", "net-volume", "-o", str(video), "--device", "cpu"]) == 0
    )
    assert video.stat().st_size > 0


@pytest.mark.parametrize(
    ("changes", "file"),
    [
        ('architecture = "volume-refinement"', "architecture.safetensors"),
        ('architecture = "blur-refinement"\nnetwork = "paper"', "architecture.safetensors"),
        ('network = "paper"', "stereo.safetensors"),
        ('network = "guided"', "stereo.safetensors"),
    ],
)
def test_whatever_was_trained_can_be_exported_with(tmp_path, footage, capsys, changes, file):
    fast = "steps = 1\nbatch = 1\nheight = 32\nwidth = 64\nworkers = 0\nvalidation = []\nself_supervised = true\n"
    (tmp_path / "recipe.toml").write_text(f'{fast}data = "{footage}"\n{changes}\n', encoding="utf-8")
    assert main(["train", str(tmp_path / "recipe.toml"), "-o", str(tmp_path / "run"), "--device", "cpu"]) == 0
    weights, video = tmp_path / "run" / file, tmp_path / "out.mp4"
    assert str(weights) in capsys.readouterr().out
    chosen = ["--focus", "0:3", "--depth", f"net={weights}", "--device", "cpu", "--range", "0"]
    assert main(["export", footage, *chosen, "-o", str(video)]) == 0 and video.stat().st_size > 0
    whole = isinstance(make_depth_engine(f"net={weights}"), RefocusingNetwork)
    assert whole == (file == "architecture.safetensors")


@pytest.mark.parametrize("engine", ["magic", "net=nowhere.safetensors"])
def test_an_unknown_engine_is_refused_with_the_names_of_those_there_are(footage, capsys, engine):
    with pytest.raises(SystemExit):
        main(["export", footage, "--depth", engine, "-o", "out.mp4"])
    assert "sgm-full" in capsys.readouterr().err


def test_curves_of_a_run_that_goes_on_have_each_step_once(tmp_path):
    accumulated = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator").EventAccumulator
    for done, last in ((0, 4), (2, 6)):  # the first process was killed at step 4, its checkpoint is of step 2
        with _Progress(done, 6, tmp_path) as progress:
            for step in range(done + 1, last + 1):
                progress.step(step, {"loss": 1 / step})
    curves = accumulated(str(tmp_path)).Reload()
    assert [event.step for event in curves.Scalars("train/loss")] == [1, 2, 3, 4, 5, 6]


def test_a_recipe_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["train", str(tmp_path / "none.toml"), "-o", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'none.toml'} cannot be read: No such file or directory\n"


@pytest.mark.parametrize("command", ["train", "adapt"])
def test_a_place_that_cannot_be_written_to_is_said_before_anything_is_learned(tmp_path, footage, capsys, command):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'data = "{footage}"\nlabels = "matched"\nworkers = 0\n', encoding="utf-8")
    what = {"train": str(recipe), "adapt": footage}[command]
    assert main([command, what, "-o", str(recipe / "run" / "file"), "--device", "cpu"]) == 1
    assert capsys.readouterr().err.startswith(f"error: cannot write {recipe / 'run'}")


def test_a_guided_network_is_not_written_as_onnx(tmp_path, capsys):
    pytest.importorskip("onnx")
    target = tmp_path / "guided.onnx"
    assert main(["export-onnx", "-o", str(target), "--weights", str(GUIDED_WEIGHTS), "--size", "100x70"]) == 1
    assert "guided network" in capsys.readouterr().err and not target.exists()


def test_onnx_runtime_finds_what_torch_finds(tmp_path):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    target = tmp_path / "stereo.onnx"
    assert main(["export-onnx", "-o", str(target), "--size", "100x70"]) == 0
    wide = np.random.default_rng(0).integers(0, 255, (70, 110, 3), np.uint8)
    left, right = wide[:, :100], wide[:, 10:]
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    pair = {
        name: image.transpose(2, 0, 1)[None].astype(np.float32) for name, image in (("left", left), ("right", right))
    }
    disparity, valid = session.run(["disparity", "valid"], pair)
    network = load_network().eval()
    with torch.inference_mode():  # the engine itself may compute in half precision
        found = LearnedDepth.disparity_map(network(*(torch.from_numpy(image) for image in pair.values())))
    assert np.abs(disparity[0, 0] - found.values).mean() < 0.01
    assert (valid[0, 0] == found.valid).mean() > 0.99
