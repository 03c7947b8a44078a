"""How good a disparity map is, by the measures of KITTI and Middlebury, against a true one with holes.

Several pictures are pooled: every pixel with a true disparity counts the same, as in KITTI's own evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from sterefo_core.errors import SterefoError
from sterefo_core.types import DisparityMap

_EDGE_JUMP_PX = 3.0


@dataclass(frozen=True)
class StereoScores:
    """Pooled scores; NaN where no pixel had a true disparity.

    Attributes:
        pixels: how many pixels were scored.
        d1_percent: share of outliers, `is_outlier`.
        epe_px: mean absolute error (end-point error).
        bad2_percent: share of errors above 2 px.
        edge_bad2_percent: the same within 5 px of a depth edge.
    """

    pixels: int
    d1_percent: float
    epe_px: float
    bad2_percent: float
    edge_bad2_percent: float


def stereo_scores(pairs: Iterable[tuple[np.ndarray, DisparityMap]]) -> StereoScores:
    """Score `(H, W)` disparities in px, each against its true map. Raises SterefoError where the sizes differ."""
    parts = [_errors(disparity, truth) for disparity, truth in pairs]
    if not parts:
        raise SterefoError("there is no disparity map with a true one to score it by")
    error, true, at_edge = (np.concatenate(column) for column in zip(*parts, strict=True))
    return StereoScores(
        pixels=error.size,
        d1_percent=_percent(is_outlier(error, true)),
        epe_px=float(error.mean()) if error.size else float("nan"),
        bad2_percent=bad_percent(error, 2),
        edge_bad2_percent=bad_percent(error[at_edge], 2),
    )


def is_outlier(error: np.ndarray, true: np.ndarray) -> np.ndarray:
    """KITTI's D1 definition: an absolute error above 3 px that is also above 5 % of the true disparity."""
    return (error > 3) & (error > 0.05 * true)


def bad_percent(error: np.ndarray, limit_px: float) -> float:
    """Share of the absolute errors that are above a limit (Middlebury's bad-N), in percent."""
    return _percent(error > limit_px)


def near_depth_edges(truth: DisparityMap, radius_px: int = 5) -> np.ndarray:
    """`(H, W)` bool: pixels with a true disparity that jumps by more than 3 px within `radius_px` columns of them.

    Looking along the row only keeps the road, whose disparity grows from row to row, from being an edge.
    """
    window = np.ones((1, 2 * radius_px + 1), np.uint8)
    values = truth.values.astype(np.float32)
    nearest = cv2.dilate(np.where(truth.valid, values, np.float32(-1e6)), window)
    farthest = cv2.erode(np.where(truth.valid, values, np.float32(1e6)), window)
    return truth.valid & (nearest - farthest > _EDGE_JUMP_PX)


def _errors(disparity: np.ndarray, truth: DisparityMap) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Absolute error, true disparity and nearness to an edge of the pixels with a true disparity."""
    if disparity.shape != truth.values.shape:
        raise SterefoError(
            f"a disparity map of shape {disparity.shape} cannot be scored by one of {truth.values.shape}"
        )
    true = truth.values[truth.valid]
    return np.abs(disparity[truth.valid] - true), true, near_depth_edges(truth)[truth.valid]


def _percent(is_bad: np.ndarray) -> float:
    return float(100 * is_bad.mean()) if is_bad.size else float("nan")
