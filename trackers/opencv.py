"""OpenCV's trackers that need no weights, as they are: they believe what they find and hardly ever admit a loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np

from sterefo_core.errors import TrackerError
from sterefo_core.types import IDLE, Box, Track, TrackState
from trackers.csrt import bgr

MAKERS: Mapping[str, Callable[[], Any]] = {
    "opencv-csrt": cv2.legacy.TrackerCSRT.create,
    "kcf": cv2.legacy.TrackerKCF.create,
    "mil": cv2.legacy.TrackerMIL.create,
    "medianflow": cv2.legacy.TrackerMedianFlow.create,
    "mosse": cv2.legacy.TrackerMOSSE.create,
}
"""By name; the older interface, because it gives boxes in parts of pixels."""


class OpenCvTracker:
    """One of MAKERS. A frame where OpenCV finds nothing is LOST; the next one may find the object again.

    Args:
        name: which; KeyError for another one.
    """

    def __init__(self, name: str) -> None:
        self._make = MAKERS[name]
        self._tracker: Any = None

    def start(self, image: np.ndarray, box: Box) -> Track:
        """Begin on `(H, W, 3)` uint8 RGB. Raises TrackerError where OpenCV cannot make anything of the box."""
        height, width = image.shape[:2]
        inside = box.clipped(width, height)
        self._tracker = self._make()
        corners = (inside.x, inside.y, inside.width, inside.height)
        try:
            begun = inside.area > 0 and self._tracker.init(bgr(image), corners)
        except cv2.error:
            begun = False
        if not begun:
            raise TrackerError(
                f"the box {box.x:g},{box.y:g},{box.width:g},{box.height:g} cannot be followed: too small?"
            )
        return Track(TrackState.TRACKING, inside, 1.0)

    def update(self, image: np.ndarray) -> Track:
        """Where OpenCV finds the object now; its score is always 1."""
        if self._tracker is None:
            return IDLE
        found, corners = self._tracker.update(bgr(image))
        box = Box(*map(float, corners)).clipped(image.shape[1], image.shape[0])
        return Track(TrackState.TRACKING, box, 1.0) if found and box.area else Track(TrackState.LOST)
