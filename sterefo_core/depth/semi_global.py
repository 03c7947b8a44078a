"""Dense, edge-aligned disparity by semi-global matching, the depth engine that needs no training and no GPU."""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.depth.census import LANES
from sterefo_core.depth.edges import aligned, doubled, even, fill_from_background, halved
from sterefo_core.depth.matching import STEPS_PER_PIXEL, UNMATCHED, match
from sterefo_core.errors import SterefoError
from sterefo_core.types import DisparityMap, StereoFrame

_SPECKLE_PIXELS = 100  # islands smaller than this, cut off by steps of more than a pixel, are mismatches


class SemiGlobalDepth:
    """Semi-global matching at half or at full resolution, holes filled from the background.

    A near object in the left band that the right camera does not see has no valid disparity; it is continued from
    its right neighbour. Grey pictures and pictures of any size from 1 x 1 will do.

    Args:
        full_resolution: match at full instead of half size: finer near the camera and 4 times as slow.
        max_disparity: nearest thing to be found, px; rounded up to a multiple of 64 (128 at half resolution).
    """

    def __init__(self, full_resolution: bool = False, max_disparity: int = 128) -> None:
        self._scale = 1 if full_resolution else 2
        self._disparities = -(-max_disparity // (self._scale * LANES)) * LANES

    def compute(self, frame: StereoFrame) -> DisparityMap:
        """Disparity of `frame.left`. Raises SterefoError where the pair is none: no right picture or another size."""
        check_pair(frame)
        left, right = even(frame.left), even(frame.right)
        half_left = halved(left)
        if self._scale == 2:
            small, measured = self._match(_grey(half_left), _grey(halved(right)))
            dense, measured = doubled(small), measured.repeat(2, axis=0).repeat(2, axis=1)
        else:
            dense, measured = self._match(_grey(left), _grey(right))
        dense, moved = aligned(dense, half_left)
        height, width = frame.left.shape[:2]
        rows_columns = np.s_[:height, :width]
        return DisparityMap(np.ascontiguousarray(dense[rows_columns]), (measured & ~moved)[rows_columns])

    def _match(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Dense float32 disparity in px of the pictures given, and which of it was measured."""
        steps, sure = match(left, right, self._disparities)
        cv2.filterSpeckles(steps, UNMATCHED, _SPECKLE_PIXELS, STEPS_PER_PIXEL)
        matched = steps != UNMATCHED
        dense = steps.astype(np.float32) / STEPS_PER_PIXEL
        fill_from_background(dense, matched)
        return cv2.medianBlur(dense, 5), matched & sure


def check_pair(frame: StereoFrame) -> None:
    """Raises SterefoError where the frame has no right picture, or one of another size."""
    if frame.right is None:
        raise SterefoError(f"frame {frame.index} has no right picture: depth needs both cameras")
    if frame.left.shape != frame.right.shape:
        (h, w), (right_h, right_w) = frame.left.shape[:2], frame.right.shape[:2]
        raise SterefoError(
            f"frame {frame.index} has a left picture of {w}x{h} and a right one of {right_w}x{right_h} pixels: "
            "both cameras must give the same size"
        )


def _grey(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
