"""Trackers: following one object from picture to picture."""

from __future__ import annotations

from sterefo_core.errors import TrackerError
from sterefo_core.protocols import Tracker

PLAIN = ("opencv-csrt", "kcf", "mil", "medianflow", "mosse")
"""OpenCV's own, as they are, to compare with."""
TRACKERS = ("stereo", "csrt", *PLAIN)
"""With the help of disparity; CSRT that checks its own boxes; and the plain ones."""


def make_tracker(name: str = "stereo") -> Tracker:
    """A fresh tracker of this name. Raises TrackerError for an unknown name, or where OpenCV lacks its contrib part."""
    if name not in TRACKERS:
        raise TrackerError(f'there is no tracker "{name}": choose one of {", ".join(TRACKERS)}')
    if name in PLAIN:
        from trackers.opencv import OpenCvTracker

        return OpenCvTracker(name)
    from trackers.csrt import CsrtTracker
    from trackers.stereo import StereoTracker

    return StereoTracker() if name == "stereo" else CsrtTracker()
