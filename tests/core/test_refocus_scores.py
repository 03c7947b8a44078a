"""Scores tell better pictures from worse ones, everywhere and in the places that matter."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from sterefo_core.evaluation.metrics import flip, psnr, squared_error, ssim
from sterefo_core.evaluation.records import as_json
from sterefo_core.evaluation.refocus_report import refocus_report
from sterefo_core.evaluation.refocus_scores import (
    EVERYWHERE,
    REGIONS,
    eight_bit,
    evaluate_refocus,
    region_map,
    score_cells,
    score_rows,
)
from sterefo_core.evaluation.thin_lens import RefocusCase, thin_lens
from sterefo_core.refocus import make_renderer
from sterefo_core.refocus.paper import PaperRenderer
from sterefo_core.scenes.layers import RIGHT_EYE, Scene, placed, premultiplied, render_left, render_view
from sterefo_core.types import Lens

SIZE = (120, 80)


def patches(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    coarse = (rng.random((height // 10, width // 10, 3)) > 0.5).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)


def case(focus: str = "near", lit: bool = False) -> RefocusCase:
    """A board before a wall, seen through a lens of radius 6."""
    rng = np.random.default_rng(4)
    wall, board = (patches(rng, *shape) for shape in ((140, 220), (40, 50)))
    if lit:
        wall[70, 80] = 30.0
    layers = (placed(premultiplied(wall), -50, -30, (0, 0, 4.0)), placed(premultiplied(board), 60, 20, (0, 0, 24.0), 1))
    scene, plane = Scene(layers), 24.0 if focus == "near" else 4.0
    view, truth = render_left(scene, SIZE), thin_lens(scene, plane, 0.3, SIZE, samples=128)
    right = render_view(scene, RIGHT_EYE, SIZE)
    return RefocusCase("test", 0, view.image, right, view.disparity, view.object_ids, focus, plane, 6.0, 0.3, truth)


def noisy(picture: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_every_metric_is_perfect_on_the_truth_and_worse_with_more_noise():
    truth = np.random.default_rng(1).integers(40, 200, (40, 50, 3), dtype=np.uint8)
    truth = cv2.GaussianBlur(truth, (0, 0), 2)
    assert psnr(float(squared_error(truth, truth).mean())) == 100
    assert ssim(truth, truth).mean() == pytest.approx(1)
    assert flip(truth, truth).mean() == 0
    little, much = noisy(truth, 3), noisy(truth, 12)
    assert squared_error(little, truth).mean() < squared_error(much, truth).mean()
    assert ssim(little, truth).mean() > ssim(much, truth).mean()
    assert flip(little, truth).mean() < flip(much, truth).mean()


def test_psnr_is_that_of_the_text_book():
    truth = np.full((10, 10, 3), 100, np.uint8)
    assert psnr(float(squared_error(truth + 10, truth).mean())) == pytest.approx(20 * np.log10(255 / 10))


def test_ssim_sees_lost_contrast_that_keeps_the_mean():
    truth = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    flat = cv2.GaussianBlur(truth, (0, 0), 5)
    assert ssim(flat, truth).mean() < 0.3


def test_regions_are_where_they_are_said_to_be():
    near, far, lit = region_map(case("near")), region_map(case("far")), region_map(case("near", lit=True))
    assert near[40, 85] == REGIONS.index("sharp foreground")
    assert near[40, 57] == REGIONS.index("edge before blur")
    assert near[40, 20] == REGIONS.index("rest")
    assert far[40, 62] == REGIONS.index("see-through rim")
    assert far[40, 20] == REGIONS.index("sharp foreground")
    assert lit[40, 30] == REGIONS.index("highlights")
    assert REGIONS.index("highlights") not in near


def test_the_definition_beats_the_paper_which_beats_doing_nothing(tmp_path):
    renderers = {
        "nothing": lambda given: given.left,
        "paper": eight_bit(PaperRenderer(), with_right=False),
        "ours": eight_bit(make_renderer("cpu"), with_right=True),
    }
    scores = evaluate_refocus(renderers, [case("near"), case("far")], crops=tmp_path / "crops")
    psnrs = {
        name: np.mean([s.psnr for s in scores if (s.renderer, s.region) == (name, EVERYWHERE)]) for name in renderers
    }
    assert psnrs["nothing"] + 3 < psnrs["paper"]
    assert psnrs["paper"] + 5 < psnrs["ours"]
    worst_first = sorted(path.name for path in (tmp_path / "crops").iterdir())
    assert len(worst_first) == 6
    assert "nothing" in worst_first[0]
    assert cv2.imread(str(tmp_path / "crops" / worst_first[0])).shape == (80 * 4, 3 * 96 * 4, 3)
    assert [row["psnr"] for row in json.loads(as_json(score_rows(scores)))] == [score.psnr for score in scores]
    for by in ("region", "kind", "focus", "radius_px"):
        cells = score_cells(scores, by)
        assert [row[0] for row in cells[1:]] == list(renderers)
        assert all(f"<td>{cell}</td>" in refocus_report(scores, []) for row in cells[1:] for cell in row)
    assert score_cells(scores, "region")[0][:2] == ["PSNR dB, SSIM, FLIP", EVERYWHERE]
    assert "see-through rim" in score_cells(scores, "region")[0]


def test_the_papers_algorithm_leaves_what_is_in_focus_and_blurs_the_rest():
    image = np.random.default_rng(2).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    disparity = np.full((40, 60), 20, np.float32)
    disparity[:, 30:] = 60
    refocused = PaperRenderer().render(image, disparity, 20.0, Lens(aperture=0.5))
    assert np.array_equal(refocused[:, :8], image[:, :8])
    assert refocused[:, 55:].std() < 0.2 * image.std()
