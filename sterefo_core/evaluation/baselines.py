"""What depth engines are compared with: OpenCV's semi-global matching, with holes filled or with its own filter."""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.depth.edges import fill_from_background
from sterefo_core.types import DisparityMap, StereoFrame

BASELINES = ("opencv-sgbm", "opencv-wls")
"""Names of `OpenCvDepth` with holes filled from the background, and with the weighted least squares filter."""

_BLOCK = 5
_LAMBDA, _SIGMA = 500.0, 1.0  # the documentation's 8000 and 1.5 smear the road: twice as many outliers on KITTI
_SURE = 127  # of a confidence of 0 to 255


class OpenCvDepth:
    """Full-resolution StereoSGBM as it is commonly used; implements `DepthEngine`.

    Both pictures are continued on both sides by the range of disparities, so that the left band is matched, too.

    Args:
        filtered: smooth the map with the weighted least squares filter instead of filling its holes.
        disparities: the range, a multiple of 16.
    """

    def __init__(self, filtered: bool = False, disparities: int = 128) -> None:
        self._filtered, self._range = filtered, disparities

    def compute(self, frame: StereoFrame) -> DisparityMap:
        """Disparity of `frame.left`."""
        pad = self._range
        left, right = (
            cv2.copyMakeBorder(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 0, 0, pad, pad, cv2.BORDER_REPLICATE)
            for image in (frame.left, frame.right)
        )
        steps, measured = (self._filter if self._filtered else self._match)(left, right)
        disparity, measured = (np.ascontiguousarray(plane[:, pad:-pad]) for plane in (steps / np.float32(16), measured))
        if not self._filtered:
            fill_from_background(disparity, measured)
        return DisparityMap(np.maximum(disparity, 0), measured)

    def _match(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        steps = self._matcher().compute(left, right)
        return steps, steps >= 0

    def _filter(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        matcher = self._matcher()
        smoother = cv2.ximgproc.createDisparityWLSFilter(matcher)  # first: it turns the matcher's own checks off
        smoother.setLambda(_LAMBDA)
        smoother.setSigmaColor(_SIGMA)
        backwards = cv2.ximgproc.createRightMatcher(matcher).compute(right, left)
        steps = smoother.filter(matcher.compute(left, right), left, disparity_map_right=backwards)
        return steps, smoother.getConfidenceMap() > _SURE

    def _matcher(self) -> cv2.StereoSGBM:
        return cv2.StereoSGBM.create(
            0, self._range, _BLOCK, P1=24 * _BLOCK**2, P2=96 * _BLOCK**2, disp12MaxDiff=1, preFilterCap=63,
            uniquenessRatio=10, speckleWindowSize=100, speckleRange=2, mode=cv2.STEREO_SGBM_MODE_SGBM_3WAY,
        )  # fmt: skip
