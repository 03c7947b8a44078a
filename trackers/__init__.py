"""Trackers: following one object from picture to picture."""

from __future__ import annotations

from sterefo_core.errors import TrackerError
from sterefo_core.types import Tracker

TRACKERS = ("csrt",)


def make_tracker(name: str = "csrt") -> Tracker:
    """A fresh tracker of this name. Raises TrackerError for an unknown name, or where OpenCV lacks its contrib part."""
    if name not in TRACKERS:
        raise TrackerError(f'there is no tracker "{name}": choose one of {", ".join(TRACKERS)}')
    from trackers.csrt import CsrtTracker

    return CsrtTracker()
