"""The stages of a frame's way alone, and the yardsticks beside them: what takes turns in `benchmarks.way`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import cv2
import numpy as np
import torch

from app.mailbox import Mailbox
from app.plates import plate
from app.preview_state import PreviewLook
from sterefo_core.depth import make_depth_engine, steadied
from sterefo_core.evaluation.baselines import OpenCvDepth
from sterefo_core.measuring import measure_object
from sterefo_core.project import Project
from sterefo_core.protocols import DepthAidedTracker, Source, Tracker
from sterefo_core.recent import Stopwatch
from sterefo_core.refocus import make_renderer
from sterefo_core.refocus.paper import PaperRenderer
from sterefo_core.types import Box, DisparityMap, FocusState, Follow, Lens, Refocused, StereoFrame, Track
from trackers import make_tracker

STAGES = ("decode", "depth", "track", "focus", "refocus", "hand-over")
YARDSTICKS = ("CSRT", "StereoSGBM", "paper", "copy")
_SELDOM = 5  # the paper's algorithm takes long: it has a turn on every so many frames

Result = TypeVar("Result")


class Turns:
    """Runs all of them on one frame after the other, in order, with default settings.

    Args:
        source: what is read.
        project: has the lens, the engine and the tracker.
        follow: what is followed.
    """

    def __init__(self, source: Source, project: Project, follow: Follow) -> None:
        cv2.setNumThreads(1)  # as in the program
        self._source, self._project, self._follow = source, project, follow
        self._depth, self._plain_depth = steadied(make_depth_engine(project.depth), source), OpenCvDepth()
        self._trackers = {"track": make_tracker(project.tracker), "CSRT": make_tracker("opencv-csrt")}
        self._renderer, self._paper = make_renderer(), PaperRenderer()
        self._mailbox: Mailbox[object] = Mailbox(lambda: None)
        self._plane = 0.0

    def on(self, index: int) -> dict[str, float]:
        """The ms that each took on this frame; the trackers' first one, where they start, does not count."""
        spent = Stopwatch()
        frame = _timed(spent, "decode", lambda: self._source.read(index))
        disparity = _timed(spent, "depth", lambda: self._depth.compute(frame))
        tracks = {name: self._followed(spent, name, frame, disparity) for name in self._trackers}
        self._plane = _timed(spent, "focus", lambda: self._measured(disparity, tracks["track"].box))
        lens = self._project.resolved_lens(self._source.calibration)
        shown = frame.left, disparity.values, self._plane, lens, frame.right
        image = _timed(spent, "refocus", lambda: self._renderer.render(*shown))
        done = Refocused(frame, disparity, tracks["track"], FocusState(self._plane, 1.0), image)
        _timed(spent, "hand-over", lambda: self._mailbox.put(plate(done, 0.0, PreviewLook(), self._project)))
        _timed(spent, "StereoSGBM", lambda: self._plain_depth.compute(frame))
        if torch.cuda.is_available():
            for name, work in on_cuda(*shown).items():
                _timed(spent, name, work)
        elif index % _SELDOM == 0:
            _timed(spent, "paper", lambda: self._paper.render(*shown))
        return spent

    def _followed(self, spent: Stopwatch, name: str, frame: StereoFrame, disparity: DisparityMap) -> Track:
        tracker, follow = self._trackers[name], self._follow
        if frame.index == follow.frame:
            return _refined(tracker, tracker.start(frame.left, follow.box), frame, disparity)
        return _timed(spent, name, lambda: _refined(tracker, tracker.update(frame.left), frame, disparity))

    def _measured(self, disparity: DisparityMap, box: Box | None) -> float:
        found = measure_object(disparity, box) if box else None
        return self._plane if found is None else found


def on_cuda(
    image: np.ndarray, disparity: np.ndarray, focus: float, lens: Lens, right: np.ndarray
) -> dict[str, Callable[[], object]]:
    """The paper's algorithm on the CUDA device, and copies: a pair there and a picture back. Both wait for the end."""
    from benchmarks.refocus_cuda import paper

    pinned = [torch.from_numpy(np.ascontiguousarray(array)).pin_memory() for array in (image, disparity, right)]
    there = [tensor.cuda() for tensor in pinned]

    def copy() -> None:
        for tensor, target in zip(pinned, there, strict=True):
            target.copy_(tensor, non_blocking=True)
        pinned[0].copy_(there[0], non_blocking=True)
        torch.cuda.synchronize()

    return {
        "paper": lambda: paper(there[0], there[1], focus, float(lens.aperture), lens.max_radius_px).cpu(),
        "copy": copy,
    }


def _refined(tracker: Tracker, track: Track, frame: StereoFrame, disparity: DisparityMap) -> Track:
    return tracker.refine(frame.left, disparity) if isinstance(tracker, DepthAidedTracker) else track


def _timed(spent: Stopwatch, name: str, work: Callable[[], Result]) -> Result:
    with spent.stage(name):
        return work()
