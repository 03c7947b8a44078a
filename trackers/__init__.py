"""Trackers: following one object from picture to picture."""

from __future__ import annotations

from sterefo_core.errors import TrackerError
from sterefo_core.protocols import Tracker

PLAIN = ("opencv-csrt", "kcf", "mil", "medianflow", "mosse")
"""OpenCV's own, as they are, to compare with."""
TRACKERS = ("stereo", "csrt", *PLAIN)
"""With the help of disparity; CSRT that checks its own boxes; and the plain ones."""
NETWORKS = {"vit": "vit:FILE.onnx", "nano": "nano:BACKBONE.onnx,HEAD.onnx"}
"""OpenCV's that are networks, and how to name the files of their weights."""


def make_tracker(name: str = "stereo") -> Tracker:
    """A fresh tracker of this name; those of NETWORKS read their files each time.

    Raises TrackerError for an unknown name, for files that are missing or are not the network's, or where OpenCV lacks
    its contrib part.
    """
    kind, _, files = name.partition(":")
    if name not in TRACKERS and kind not in NETWORKS:
        names = ", ".join([*TRACKERS, *NETWORKS.values()])
        raise TrackerError(f'there is no tracker "{name}": choose one of {names}')
    if name in PLAIN or kind in NETWORKS:
        from trackers.opencv import network, plain

        return plain(name) if name in PLAIN else network(kind, files.split(","))
    from trackers.csrt import CsrtTracker
    from trackers.stereo import StereoTracker

    return StereoTracker() if name == "stereo" else CsrtTracker()
