"""The report of `stereo_evaluation`: its table, and of some pairs the input, the disparities and the errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from sterefo_core.colour import disparity_colours
from sterefo_core.evaluation.report import Figure, Section, html_report
from sterefo_core.evaluation.stereo_evaluation import LARGEST_PX, EngineScores, scores_cells
from sterefo_core.learning.samples import StereoSample
from sterefo_core.types import DisparityMap

_BRIGHTEST_ERROR_PX = 6.0


def pair_section(title: str, sample: StereoSample, maps: Mapping[str, DisparityMap]) -> Section:
    """Input and truth of one pair, and each engine's disparity and errors."""
    left, right = (np.ascontiguousarray(image.transpose(1, 2, 0)) for image in (sample.left, sample.right))
    reach = float(np.percentile(sample.disparity[sample.valid], 99.5)) * 1.1 if sample.valid.any() else LARGEST_PX
    truth = disparity_colours(sample.disparity, reach) * sample.valid[..., None]
    scale = f"0 (violet) to {reach:.0f} px (red)"
    rows = [[Figure("left", left), Figure("right", right), Figure(f"truth, {scale}; black: unknown", truth)]]
    for name, found in maps.items():
        error = np.abs(np.clip(found.values, 0, LARGEST_PX) - sample.disparity)
        mean = float(error[sample.valid].mean()) if sample.valid.any() else float("nan")
        wrong = f"{name}: error, mean {mean:.2f} px; yellow: {_BRIGHTEST_ERROR_PX:g} px and more, grey: unknown"
        disparity = disparity_colours(found.values, reach)
        rows.append([Figure(f"{name}: disparity", disparity), Figure(wrong, error_colours(error, sample.valid))])
    return Section(title, (), rows)


def error_colours(error: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """`(H, W, 3)` uint8 RGB: dark for small errors to bright yellow at 6 px; grey where the truth is unknown."""
    level = np.clip(error * (255 / _BRIGHTEST_ERROR_PX), 0, 255).astype(np.uint8)
    picture = cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    picture[~valid] = 96
    return picture


def stereo_report(scores: Sequence[EngineScores], pairs: Sequence[Section]) -> str:
    """The HTML file."""
    return html_report("Stereo", [Section("Scores", scores_cells(scores)), *pairs])
