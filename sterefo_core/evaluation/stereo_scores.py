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

EDGE_RADIUS_PX = 5
_EDGE_JUMP_PX = 3.0


@dataclass(frozen=True)
class StereoScores:
    """Pooled scores; NaN where no pixel had a true disparity.

    Attributes:
        pixels: how many pixels were scored.
        epe_px: mean absolute error (end-point error).
        bad1_percent, bad2_percent, bad3_percent: share of errors above 1, 2 and 3 px.
        d1_percent: share of outliers, `is_outlier`.
        edge_bad2_percent: share of errors above 2 px within 5 px of a depth edge.
    """

    pixels: int
    epe_px: float
    bad1_percent: float
    bad2_percent: float
    bad3_percent: float
    d1_percent: float
    edge_bad2_percent: float


@dataclass(frozen=True)
class ErrorCounts:
    """Counts of errors that can be added up over pictures, so that large data sets need no more memory than small ones.

    `everywhere` and `at_edges` are `(6,)` float64: pixels, sum of the errors in px, and how many errors are above 1, 2
    and 3 px and are outliers.
    """

    everywhere: np.ndarray
    at_edges: np.ndarray

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(self.everywhere + other.everywhere, self.at_edges + other.at_edges)

    def scores(self) -> StereoScores:
        """The means."""
        with np.errstate(invalid="ignore"):
            epe, *shares = self.everywhere[1:] / self.everywhere[0]
            edge_bad2 = self.at_edges[3] / self.at_edges[0]
        bad1, bad2, bad3, outliers, at_edges = (float(100 * share) for share in (*shares, edge_bad2))
        return StereoScores(int(self.everywhere[0]), float(epe), bad1, bad2, bad3, outliers, at_edges)


def count_errors(disparity: np.ndarray, truth: DisparityMap) -> ErrorCounts:
    """Count the errors of a `(H, W)` disparity in px. Raises SterefoError where the sizes differ."""
    if disparity.shape != truth.values.shape:
        raise SterefoError(
            f"a disparity map of shape {disparity.shape} cannot be scored by one of {truth.values.shape}"
        )
    true = truth.values[truth.valid]
    error = np.abs(disparity[truth.valid] - true)
    near = near_depth_edges(truth)[truth.valid]
    return ErrorCounts(_counts(error, true), _counts(error[near], true[near]))


def stereo_scores(pairs: Iterable[tuple[np.ndarray, DisparityMap]]) -> StereoScores:
    """Score `(H, W)` disparities in px, each against its true map. Raises SterefoError where the sizes differ."""
    parts = [count_errors(disparity, truth) for disparity, truth in pairs]
    if not parts:
        raise SterefoError("there is no disparity map with a true one to score it by")
    return sum(parts[1:], start=parts[0]).scores()


def is_outlier(error: np.ndarray, true: np.ndarray) -> np.ndarray:
    """KITTI's D1 definition: an absolute error above 3 px that is also above 5 % of the true disparity."""
    return (error > 3) & (error > 0.05 * true)


def near_depth_edges(truth: DisparityMap, radius_px: int = EDGE_RADIUS_PX) -> np.ndarray:
    """`(H, W)` bool: pixels with a true disparity that jumps by more than 3 px within `radius_px` columns of them.

    Looking along the row only keeps the road, whose disparity grows from row to row, from being an edge.
    """
    window = np.ones((1, 2 * radius_px + 1), np.uint8)
    values = truth.values.astype(np.float32)
    nearest = cv2.dilate(np.where(truth.valid, values, np.float32(-1e6)), window)
    farthest = cv2.erode(np.where(truth.valid, values, np.float32(1e6)), window)
    return truth.valid & (nearest - farthest > _EDGE_JUMP_PX)


def _counts(error: np.ndarray, true: np.ndarray) -> np.ndarray:
    above = [np.count_nonzero(error > limit) for limit in (1, 2, 3)]
    total = error.sum(dtype=np.float64)
    return np.array([error.size, total, *above, np.count_nonzero(is_outlier(error, true))], np.float64)
