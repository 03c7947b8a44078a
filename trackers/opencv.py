"""OpenCV's trackers, as they are: they believe what they find and hardly ever admit a loss.

The networks among them need files that OpenCV does not bring; whoever has them can use them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sterefo_core.errors import TrackerError
from sterefo_core.types import IDLE, Box, Track, TrackState
from trackers import NETWORKS
from trackers.csrt import bgr

_MAKERS: Mapping[str, Callable[[], Any]] = {
    "opencv-csrt": cv2.legacy.TrackerCSRT.create,
    "kcf": cv2.legacy.TrackerKCF.create,
    "mil": cv2.legacy.TrackerMIL.create,
    "medianflow": cv2.legacy.TrackerMedianFlow.create,
    "mosse": cv2.legacy.TrackerMOSSE.create,
}  # the older interface, because it gives boxes in parts of pixels
_NETWORKS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "vit": (1, cv2.TrackerVit.create),
    "nano": (2, cv2.TrackerNano.create),
}  # with the number of files


class OpenCvTracker:
    """One of OpenCV's. A frame where it finds nothing is LOST; the next one may find the object again.

    Args:
        make: makes OpenCV's tracker anew.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._tracker: Any = None

    def start(self, image: np.ndarray, box: Box) -> Track:
        """Begin on `(H, W, 3)` uint8 RGB. Raises TrackerError where OpenCV cannot make anything of the box."""
        height, width = image.shape[:2]
        inside = box.clipped(width, height)
        self._tracker = self._make()
        whole = not isinstance(self._tracker, cv2.legacy.Tracker)  # only the older interface takes parts of pixels
        sides = inside.x, inside.y, inside.width, inside.height
        corners = [round(side) for side in sides] if whole else sides
        try:
            begun = inside.area > 0 and self._tracker.init(bgr(image), corners) is not False
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


def plain(name: str) -> OpenCvTracker:
    """One that needs no weights. KeyError for a name that is none of trackers.PLAIN."""
    return OpenCvTracker(_MAKERS[name])


def network(kind: str, files: Sequence[str]) -> OpenCvTracker:
    """One of trackers.NETWORKS with the weights in these ONNX files, tried out at once.

    Raises TrackerError where a file is missing or is no such network.
    """
    count, create = _NETWORKS[kind]
    if len(files) != count or not all(files):
        raise TrackerError(f"the tracker {kind} needs its weights: {NETWORKS[kind]}")
    for file in files:
        if not Path(file).is_file():
            raise TrackerError(f"there is no file {file!r} to read the tracker {kind} from")
    try:
        parts = [cv2.dnn.readNetFromONNX(file) for file in files]
        trial = create(*parts)
        trial.init(np.zeros((64, 64, 3), np.uint8), (16, 16, 32, 32))
        trial.update(np.zeros((64, 64, 3), np.uint8))
    except cv2.error:
        raise TrackerError(f"{' and '.join(files)}: no ONNX network of the tracker {kind}; give its own") from None
    return OpenCvTracker(lambda: create(*parts))
