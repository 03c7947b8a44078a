"""The report of `stereo_evaluation`: its table, and of some pairs the input, the disparities and the errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from sterefo_core.colour import disparity_colours
from sterefo_core.evaluation.report import Figure, Section, html_report
from sterefo_core.evaluation.stereo_evaluation import LARGEST_PX, EngineScores, scores_rows
from sterefo_core.learning.samples import StereoSample
from sterefo_core.types import DisparityMap

_BRIGHTEST_ERROR_PX = 6.0
_HEAD = ("data", "engine", "where", "pixels", "EPE px", "bad-1 %", "bad-2 %", "bad-3 %", "D1 %", "dense %", "ms")
_PLACES = (("epe_px", 3), *((f"{name}_percent", 2) for name in ("bad1", "bad2", "bad3", "d1")))


def pair_section(title: str, sample: StereoSample, maps: Mapping[str, DisparityMap]) -> Section:
    """Input and truth of one pair, and each engine's disparity and errors."""
    left, right = (np.ascontiguousarray(image.transpose(1, 2, 0)) for image in (sample.left, sample.right))
    reach = float(np.percentile(sample.disparity[sample.valid], 99.5)) * 1.1 if sample.valid.any() else LARGEST_PX
    truth = disparity_colours(sample.disparity, reach) * sample.valid[..., None]
    figures = [Figure("left", left), Figure("right", right), Figure(f"truth, 0 to {reach:.0f} px", truth)]
    for name, found in maps.items():
        error = np.abs(np.clip(found.values, 0, LARGEST_PX) - sample.disparity)
        mean = float(error[sample.valid].mean()) if sample.valid.any() else float("nan")
        figures.append(Figure(f"{name}: disparity", disparity_colours(found.values, reach)))
        figures.append(Figure(f"{name}: error, mean {mean:.2f} px", error_colours(error, sample.valid)))
    return Section(title, (), figures)


def error_colours(error: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """`(H, W, 3)` uint8 RGB: dark for small errors to bright yellow at 6 px; grey where the truth is unknown."""
    level = np.clip(error * (255 / _BRIGHTEST_ERROR_PX), 0, 255).astype(np.uint8)
    picture = cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    picture[~valid] = 96
    return picture


def stereo_report(scores: Sequence[EngineScores], pairs: Sequence[Section]) -> str:
    """The HTML file."""
    numbers = (*_PLACES, ("density_percent", 1), ("milliseconds", 1))
    rows = [
        [row["data"], row["engine"], row["region"], str(row["pixels"]), *(f"{row[key]:.{n}f}" for key, n in numbers)]
        for row in scores_rows(scores)
    ]
    return html_report("Stereo", [Section("Scores", [_HEAD, *rows]), *pairs])
