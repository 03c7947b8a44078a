"""The paper's protocol, LPIPS with the user's weights, and reports of refocusing."""

import json

import cv2
import numpy as np
import pytest
import torch

from app.commands import main
from sterefo_core.colour import srgb_from_linear
from sterefo_core.errors import SterefoError
from sterefo_core.evaluation.focus_planes import PLANES, focus_plane_cases, without_holes
from sterefo_core.evaluation.lpips import Lpips
from sterefo_core.learning.datasets import open_samples
from sterefo_core.learning.pfm import write_pfm
from sterefo_core.learning.samples import StereoSample
from sterefo_core.learning.synthetic import HELD_OUT, make_pair
from sterefo_core.refocus import make_renderer
from sterefo_core.types import Lens


def test_every_pair_is_refocused_on_six_planes_from_its_nearest_to_its_farthest():
    samples = open_samples("synthetic")
    cases = list(focus_plane_cases(samples, [3], make_renderer("cpu")))
    planes = [case.focus_disparity for case in cases]
    assert len(planes) == PLANES == 6
    np.testing.assert_allclose(np.diff(planes), np.diff(planes)[0], rtol=1e-3)
    disparity = samples[3].disparity
    assert disparity.min() <= planes[-1] < planes[0] <= disparity.max()


def test_the_sky_is_not_as_near_as_the_one_thing_that_a_laser_measured_in_its_rows():
    disparity, valid = np.zeros((20, 60), np.float32), np.zeros((20, 60), bool)
    disparity[8:], valid[8:] = 10, True  # a road,
    disparity[6:, 55:], valid[6:, 55:] = 80, True  # a post before it that reaches higher,
    valid[10:, 50:55] = False  # and what it hides from the right eye
    nothing = np.zeros((3, 20, 60), np.uint8)
    found = without_holes(StereoSample(nothing, nothing, disparity, None, valid))
    assert (found[valid] == disparity[valid]).all()
    assert (found[:, :40] == 10).all() and (found[10:, 50:55] == 10).all()


def test_the_true_disparity_is_perfect_and_another_one_is_not():
    case = next(focus_plane_cases(open_samples("synthetic"), [3], make_renderer("cpu")))
    lens = Lens(aperture=case.aperture, max_radius_px=case.radius_px)
    left, right, truth = (srgb_from_linear(light) for light in (case.left, case.right, case.truth))
    same, other = (
        make_renderer("cpu").render(left, disparity, case.focus_disparity, lens, right)
        for disparity in (case.disparity, case.disparity[:, ::-1].copy())
    )
    assert np.abs(same.astype(int) - truth).max() <= 1
    assert np.abs(other.astype(int) - truth).mean() > 1


@pytest.fixture
def random_weights(tmp_path):
    """Files as torchvision and lpips write them, with random numbers."""
    torch.manual_seed(0)
    layers = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    features = {f"features.{n}.weight": 0.05 * torch.randn(out, inn, k, k) for n, (out, inn, k) in layers.items()}
    features |= {f"features.{n}.bias": torch.zeros(out) for n, (out, _, _) in layers.items()}
    linear = {f"lin{i}.model.1.weight": torch.rand(1, out, 1, 1) for i, (out, _, _) in enumerate(layers.values())}
    torch.save(features, tmp_path / "alexnet.pth")
    torch.save(linear, tmp_path / "alex.pth")
    return tmp_path / "alexnet.pth", tmp_path / "alex.pth"


def test_lpips_is_nothing_for_the_same_picture_and_more_for_worse_ones(random_weights):
    lpips = Lpips(*random_weights)
    rng = np.random.default_rng(0)
    truth = rng.integers(60, 200, (80, 96, 3), np.uint8)
    little, much = (np.clip(truth + rng.normal(0, s, truth.shape), 0, 255).astype(np.uint8) for s in (4, 40))
    assert lpips(truth, truth).shape == (80, 96) and lpips(truth, truth).max() == 0
    assert 0 < lpips(little, truth).mean() < lpips(much, truth).mean()


def test_files_that_are_not_lpips_are_refused_in_one_line(random_weights, tmp_path):
    with pytest.raises(SterefoError, match="not AlexNet"):
        Lpips(*reversed(random_weights))
    (tmp_path / "other.pth").write_bytes(b"hello")
    with pytest.raises(SterefoError, match=r"other\.pth cannot be read"):
        Lpips(tmp_path / "other.pth", random_weights[1])


@pytest.fixture
def small_kitti(tmp_path):
    """A pair in KITTI's layout."""
    sample, training = make_pair(HELD_OUT + 3, 80, 160, 40), tmp_path / "kitti" / "training"
    truth = np.round(256 * sample.disparity).clip(1).astype(np.uint16)
    for folder, picture in (("image_2", sample.left), ("image_3", sample.right), ("disp_occ_0", truth)):
        (training / folder).mkdir(parents=True)
        shown = picture if picture.ndim == 2 else np.ascontiguousarray(picture[::-1].transpose(1, 2, 0))
        cv2.imwrite(str(training / folder / "000000_10.png"), shown)
    return str(training.parent)


def test_the_protocol_runs_from_the_command_line_and_fills_every_file(tmp_path, small_kitti, random_weights, capsys):
    files = {kind: tmp_path / f"scores.{kind}" for kind in ("json", "csv", "html")}
    given = [part for kind, path in files.items() for part in (f"--{kind}", str(path))]
    chosen = ["--data", small_kitti, "--renderers", "unprocessed", "sgm"]
    assert main(["evaluate", "refocus", *chosen, "--lpips", *map(str, random_weights), *given]) == 0
    assert "unprocessed" in capsys.readouterr().out
    rows = [row for row in json.loads(files["json"].read_text()) if row["region"] == "everywhere"]
    mean = {name: np.mean([row["psnr"] for row in rows if row["renderer"] == name]) for name in ("unprocessed", "sgm")}
    assert len(rows) == 2 * PLANES and mean["sgm"] > mean["unprocessed"]
    assert all(row["lpips"] > 0 for row in rows)
    assert files["html"].read_text().count("<figure>") == PLANES * (3 + 2 * 2)
    assert len(files["csv"].read_text().splitlines()) == 1 + len(json.loads(files["json"].read_text()))


def test_with_a_data_set_renderers_are_compared_that_are_not_told_the_truth(tmp_path, capsys):
    wide = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 255, (64, 104, 3), np.uint8), (0, 0), 1.5)
    for name, picture in (("im0", wide[:, :96]), ("im1", wide[:, 8:])):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    write_pfm(tmp_path / "disp0.pfm", np.full((64, 96), 8.0))
    assert main(["evaluate", "refocus", "--data", str(tmp_path)]) == 0
    table = capsys.readouterr().out.split("\n\n", maxsplit=1)[0]
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["unprocessed", "sgm", "guided", "net"]
