"""The way of a frame: depth and track side by side, then focus, then refocus. The only code that makes pictures.

Window, command line and evaluation all call `Pipeline.process`, so what is seen is what is written and measured. What a
frame shows depends on the frames before it: the tracker has a memory and the focus eases. So the pipeline remembers
what it observed; going back to a frame gives the picture that playing there gave, and `unobserved` says which frames
have to be looked at first where that is not known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from sterefo_core.errors import BadFrameError
from sterefo_core.focus import FocusTimeline, measure_disparity
from sterefo_core.project import Project, held_disparity
from sterefo_core.protocols import DepthAidedTracker, DepthEngine, Renderer, Source, Tracker
from sterefo_core.types import IDLE, DisparityMap, FocusState, Follow, Hold, Refocused, StereoFrame, Track

BadFrameHandler = Callable[[BadFrameError], None]


@dataclass(frozen=True)
class _Observation:
    """What one frame showed of one followed object."""

    track: Track
    measured: float | None


_NOTHING = _Observation(IDLE, None)


@dataclass
class _TrackerRun:
    """A tracker on its way: the last frame it saw."""

    follow: Follow
    tracker: Tracker
    index: int


class _Stopwatch(dict[str, float]):
    """Milliseconds by stage."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self[name] = self.get(name, 0.0) + (perf_counter() - began) * 1000


class Pipeline:
    """Depth, tracking, focus and refocusing of one source. Not thread-safe; close it to end its worker thread.

    Args:
        source: where frames and their timestamps come from; it stays the caller's to close.
        depth: stereo engine.
        renderer: refocusing stage.
        make_tracker: makes a fresh tracker for every object followed.
    """

    def __init__(
        self, source: Source, depth: DepthEngine, renderer: Renderer, make_tracker: Callable[[], Tracker]
    ) -> None:
        self._source, self._depth, self._renderer, self._make_tracker = source, depth, renderer, make_tracker
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="tracker")
        self._observed: dict[tuple[Follow, int], _Observation] = {}
        self._aims: dict[Follow, float | None] = {}
        self._unreadable: set[int] = set()
        self._first_kept = 0
        self._run: _TrackerRun | None = None
        self._latest: tuple[StereoFrame, DisparityMap] | None = None
        self._timeline = FocusTimeline(source.timestamp_s)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker thread. May be called twice."""
        self._worker.shutdown()

    def process(self, frame: StereoFrame, project: Project) -> Refocused:
        """The refocused picture of one frame and everything known about it.

        A frame processed again, with another lens say, costs the refocusing only. Raises ProjectError where the
        project does not fit the source and TrackerError for a box that cannot be followed.
        """
        watch = _Stopwatch()
        seen = self._look(frame, project.followed(frame.index), watch)
        disparity = self._disparity(frame, watch)
        with watch.stage("focus"):
            pulled = self._timeline.at(frame.index, project, lambda frames: self._wishes(frames, project), self._aim)
            focus = FocusState(pulled.disparity, pulled.strength, seen.measured)
        with watch.stage("refocus"):
            image = self._render(frame, project, disparity, focus)
        return Refocused(frame, disparity, seen.track, focus, image, watch)

    def observe(self, frame: StereoFrame, project: Project) -> Track:
        """Track and measure a frame without rendering it, so that a later frame looks as if played to."""
        follow = project.followed(frame.index)
        if follow is None:
            return IDLE
        # Also where it is known: the tracker must pass through it to go on.
        return self._follow(frame, follow, _Stopwatch()).track

    def pass_over(self, index: int) -> None:
        """Do without a frame that cannot be read: the tracker goes on, or starts, at the one after it."""
        self._unreadable.add(index)

    def forget(self, before: int) -> None:
        """Keep nothing of the frames before this one, which are never asked for again; decisions there stay in force.

        A live camera runs for hours: without this every frame would leave something behind.
        """
        self._first_kept = max(before, self._first_kept)
        while (oldest := next(iter(self._observed), None)) and oldest[1] < before:
            del self._observed[oldest]
        self._unreadable = {index for index in self._unreadable if index >= before}

    def unobserved(self, index: int, project: Project) -> list[int]:
        """The frames to `observe`, in order, before `index` shows what playing there from the start would show."""
        missing: list[int] = []
        ends = [decision.frame for decision in project.decisions[1:]] + [index + 1]
        for decision, end in zip(project.decisions, ends, strict=False):
            if isinstance(decision, Follow):
                missing += self._to_feed(decision, range(max(decision.frame, self._first_kept), min(end, index + 1)))
        return [i for i in missing if i < index and i not in self._unreadable]

    def run(self, project: Project, on_bad_frame: BadFrameHandler | None = None) -> Iterator[Refocused]:
        """Every frame of the project's range, in order, each exactly once.

        A bad frame raises BadFrameError; with `on_bad_frame`, that is called instead and the previous picture is
        repeated in its place (the first frame has none before it, so it raises all the same).
        """
        frames = project.range_in(self._source)
        for index in self.unobserved(frames.start, project):
            self._observe_unless_bad(index, project, on_bad_frame)
        previous: Refocused | None = None
        for index in frames:
            try:
                previous = self._read_and_process(index, project)
            except BadFrameError as error:
                if on_bad_frame is None or previous is None:
                    raise
                on_bad_frame(error)
                stand_in = replace(previous.frame, index=index, timestamp_s=self._source.timestamp_s(index))
                previous = replace(previous, frame=stand_in)
            yield previous

    def _read_and_process(self, index: int, project: Project) -> Refocused:
        watch = _Stopwatch()
        with watch.stage("decode"):
            frame = self._source.read(index)
        done = self.process(frame, project)
        return replace(done, milliseconds={**watch, **done.milliseconds})

    def _observe_unless_bad(self, index: int, project: Project, on_bad_frame: BadFrameHandler | None) -> None:
        try:
            self.observe(self._source.read(index), project)
        except BadFrameError:
            if on_bad_frame is None:
                raise
            self.pass_over(index)

    def _look(self, frame: StereoFrame, follow: Follow | None, watch: _Stopwatch) -> _Observation:
        """What the frame shows of the followed object."""
        if follow is None:
            return _NOTHING
        known = self._observed.get((follow, frame.index))
        return self._follow(frame, follow, watch) if known is None else known

    def _follow(self, frame: StereoFrame, follow: Follow, watch: _Stopwatch) -> _Observation:
        """Move the tracker on to this frame, while this thread computes depth; then depth may help the tracker."""
        tracking = self._worker.submit(self._advance, frame, follow, watch)
        try:
            disparity = self._disparity(frame, watch)
        finally:
            track = tracking.result()
        if self._run is not None and isinstance(self._run.tracker, DepthAidedTracker):
            with watch.stage("track"):
                track = self._run.tracker.refine(frame.left, disparity)
        measured = measure_disparity(disparity, track.box) if track.box else None
        return self._observed.setdefault((follow, frame.index), _Observation(track, measured))

    def _disparity(self, frame: StereoFrame, watch: _Stopwatch) -> DisparityMap:
        """The frame's disparity; that of the latest pictures is kept, so that it is computed once."""
        if self._latest is None or self._latest[0].left is not frame.left:
            with watch.stage("depth"):
                self._latest = frame, self._depth.compute(frame)
        return self._latest[1]

    def _advance(self, frame: StereoFrame, follow: Follow, watch: _Stopwatch) -> Track:
        """Move the tracker on to this frame; it starts anew where it is on another object or already past."""
        with watch.stage("track"):
            run = self._run
            if run is not None and run.follow == follow and run.index < frame.index:
                run.index = frame.index
                return run.tracker.update(frame.left)
            tracker = self._make_tracker()
            track = tracker.start(frame.left, follow.box)
            self._run = _TrackerRun(follow, tracker, frame.index)
            return track

    def _to_feed(self, follow: Follow, segment: range) -> range:
        """The frames the tracker must see for the whole segment to be known; empty where it is."""
        known = self._observed
        missing = next((i for i in segment if (follow, i) not in known and i not in self._unreadable), None)
        if missing is None:
            return range(0)
        underway = self._run is not None and self._run.follow == follow and self._run.index < missing
        return range(self._run.index + 1 if self._run and underway else segment.start, segment.stop)

    def _wishes(self, frames: range, project: Project) -> Iterator[tuple[int, float | None]]:
        """The disparity that the decision in force asks for at each frame where it is known."""
        for index in frames[max(self._first_kept - frames.start, 0) :]:
            decision = project.active(index)
            if isinstance(decision, Hold):
                yield index, held_disparity(decision, self._source.calibration)
            elif not isinstance(decision, Follow):
                yield index, None
            elif (seen := self._observed.get((decision, index))) is not None:
                yield index, seen.measured

    def _aim(self, decision: Follow | Hold) -> float | None:
        """What a decision ahead will focus on: its frame is looked at once, before its time."""
        if isinstance(decision, Hold):
            return held_disparity(decision, self._source.calibration)
        if decision not in self._aims:
            try:
                frame = self._source.read(decision.frame)
                self._aims[decision] = measure_disparity(self._depth.compute(frame), decision.box)
            except BadFrameError:
                self._aims[decision] = None
        return self._aims[decision]

    def _render(self, frame: StereoFrame, project: Project, disparity: DisparityMap, focus: FocusState) -> np.ndarray:
        lens = project.resolved_lens(self._source.calibration)
        if focus.disparity is None or focus.strength == 0:
            return frame.left
        opened = replace(lens, aperture=lens.aperture * focus.strength)
        return self._renderer.render(frame.left, disparity.values, focus.disparity, opened, frame.right)
