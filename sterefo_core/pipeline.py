"""The way of a frame: depth and track side by side, then focus, then refocus. The only code that makes pictures.

Window, command line and evaluation all call `Pipeline.process`, so what is seen is what is written and measured. What a
frame shows depends on the frames before it: the tracker has a memory and the focus eases. So the pipeline remembers
what it observed; going back to a frame gives the picture that playing there gave, and `unobserved` says which frames
have to be looked at first where that is not known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

import numpy as np

from sterefo_core import optics
from sterefo_core.errors import BadFrameError
from sterefo_core.focus import FocusTimeline
from sterefo_core.looking import Lookout
from sterefo_core.measuring import measure_object
from sterefo_core.project import Project, held_disparity
from sterefo_core.protocols import DepthEngine, Renderer, Source, Tracker
from sterefo_core.recent import Stopwatch
from sterefo_core.steadying import dead_band
from sterefo_core.types import FocusState, Follow, Hold, Refocused, StereoFrame, Track

BadFrameHandler = Callable[[BadFrameError], None]


class Pipeline:
    """Depth, tracking, focus and refocusing of one source. Not thread-safe; close it to end its worker threads.

    While one frame is refocused the next one is looked at, on a thread that every other call waits for; so pictures,
    and errors, are those of doing one thing after the other.

    Args:
        source: where frames and their timestamps come from; it stays the caller's to close.
        depth: stereo engine.
        renderer: refocusing stage.
        make_tracker: makes a fresh tracker for every object followed.
    """

    def __init__(
        self, source: Source, depth: DepthEngine, renderer: Renderer, make_tracker: Callable[[], Tracker]
    ) -> None:
        self._source, self._renderer = source, renderer
        self._lookout = Lookout(source, depth, make_tracker)
        self._aims: dict[Follow, float | None] = {}
        self._timeline = FocusTimeline(source.timestamp_s)
        self._may_overlap = renderer is not depth  # a network that is both computes one thing at a time
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="lookout")
        self._looking: Future[None] | None = None
        self._spent: tuple[int, Stopwatch] | None = None

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker threads. May be called twice."""
        self._worker.shutdown()
        self._lookout.close()

    def go_on_from(self, earlier: Pipeline) -> None:
        """Take over what another pipeline of the same source saw: a camera shows nothing twice."""
        self._idle.go_on_from(earlier._idle)
        self._timeline = earlier._timeline

    def keep_disparity(self, most_bytes: int) -> None:
        """Keep the disparity of frames that were passed, too: going back to them costs decoding and refocusing only."""
        self._idle.recent.keep_disparity(most_bytes)

    def process(self, frame: StereoFrame, project: Project, then: int | None = None) -> Refocused:
        """The refocused picture of one frame and everything known about it.

        A frame processed again, with another lens say, costs the refocusing only. `then` is the frame that will be
        processed next, if that is known: it is looked at meanwhile. Raises ProjectError where the project does not fit
        the source and TrackerError for a box that cannot be followed.
        """
        lookout, watch = self._idle, self._watch_of(frame.index)
        seen, disparity = lookout.look(frame, project, watch)
        decided = lookout.directed(project)
        with watch.stage("focus"):
            pulled = self._pull(frame.index, decided)
            focus = FocusState(pulled.disparity, pulled.strength, seen.measured)
        if then is not None and self._may_overlap:
            self._look_meanwhile(then, project)
        with watch.stage("refocus"):
            image, capped = self._render(frame, decided, disparity.values, focus)
        return Refocused(frame, disparity, seen.track, focus, image, watch, capped)

    def settle(self) -> None:
        """Wait until no frame is looked at any more."""
        _ = self._idle

    def read(self, index: int) -> StereoFrame:
        """A frame of the source; those looked at lately are kept. Raises BadFrameError."""
        return self._idle.recent.read(index)

    def observe(self, frame: StereoFrame, project: Project) -> Track:
        """Look at a frame without rendering it, so that a later frame looks as if played to.

        It is tracked and measured, or, where the machine has to choose a subject, only considered for that.
        """
        return self._idle.observe(frame, project, Stopwatch()).track

    def observe_at(self, index: int, project: Project) -> Track | None:
        """Read and `observe` a frame of the source; None where it cannot be read: it is passed over."""
        seen = self._idle.look_at(index, None, project, Stopwatch())
        return None if seen is None else seen.track

    def directed(self, project: Project) -> Project:
        """The project with the decisions that the machine has made so far, if it is to make any. Waits for nothing."""
        return self._lookout.directed(project)

    def track_at(self, index: int, project: Project) -> Track | None:
        """Where a frame shows what is followed there, if it was looked at; else None. Waits for nothing."""
        follow = self.directed(project).followed(index)
        known = self._lookout.observer.known(follow, index) if follow else None
        return known.track if known else None

    def pass_over(self, index: int) -> None:
        """Do without a frame that cannot be read: the tracker goes on, or starts, at the one after it."""
        self._idle.pass_over(index)

    def forget(self, before: int) -> None:
        """Keep nothing of the frames before this one, which are never asked for again; decisions there stay in force.

        A live camera runs for hours: without this every frame would leave something behind.
        """
        self._idle.forget(before)

    def unobserved(self, index: int, project: Project) -> list[int]:
        """The frames to `observe`, in order, before `index` shows what playing there from the start would show.

        `process` looks at them by itself; who wants to do something else in between looks at them first, until there
        are no more: what is to be followed may have to be found out before.
        """
        return self._idle.unobserved(index, project)

    def run(self, project: Project, on_bad_frame: BadFrameHandler | None = None) -> Iterator[Refocused]:
        """Every frame of the project's range, in order, each exactly once.

        A bad frame raises BadFrameError; with `on_bad_frame`, that is called instead and the previous picture is
        repeated in its place (the first frame has none before it, so it raises all the same).
        """
        frames = project.range_in(self._source)
        previous: Refocused | None = None
        for index in frames:
            then = index + 1 if index + 1 in frames else None
            try:
                previous = self._read_and_process(index, project, then)
            except BadFrameError as error:
                if on_bad_frame is None or previous is None:
                    raise
                on_bad_frame(error)
                stand_in = replace(previous.frame, index=index, timestamp_s=self._source.timestamp_s(index))
                previous = replace(previous, frame=stand_in)
            yield previous

    @property
    def _idle(self) -> Lookout:
        """The lookout, once it is not looking at anything."""
        if self._looking:
            wait([self._looking])
        return self._lookout

    def _look_meanwhile(self, index: int, project: Project) -> None:
        watch = Stopwatch()

        def look() -> None:
            with watch.stage("decode"):
                frame = self._lookout.recent.read(index)
            self._lookout.look(frame, project, watch)

        # What it raises nobody asks for: it is raised again, on the caller's thread, by whoever asks for the frame.
        self._spent, self._looking = (index, watch), self._worker.submit(look)

    def _watch_of(self, index: int) -> Stopwatch:
        """The watch for a frame, with what was spent on it already."""
        spent, self._spent = self._spent, None
        return spent[1] if spent and spent[0] == index else Stopwatch()

    def _read_and_process(self, index: int, project: Project, then: int | None) -> Refocused:
        watch = Stopwatch()
        with watch.stage("decode"):
            frame = self.read(index)
        done = self.process(frame, project, then)
        decode_ms = watch["decode"] + done.milliseconds.get("decode", 0.0)
        return replace(done, milliseconds={**done.milliseconds, "decode": decode_ms})

    def _pull(self, index: int, project: Project) -> FocusState:
        band_px = dead_band(project.resolved_lens(self._source.calibration).aperture)
        return self._timeline.at(index, project, lambda frames: self._wishes(frames, project), self._aim, band_px)

    def _wishes(self, frames: range, project: Project) -> Iterator[tuple[int, float | None]]:
        """The disparity that the decision in force asks for at each frame where it is known."""
        for index in frames[max(self._lookout.observer.first_kept - frames.start, 0) :]:
            decision = project.active(index)
            if isinstance(decision, Hold):
                yield index, held_disparity(decision, self._source.calibration)
            elif not isinstance(decision, Follow):
                yield index, None
            elif self._lookout.observer.known(decision, index):
                yield index, self._lookout.observer.steady(decision, index, project)

    def _aim(self, decision: Follow | Hold) -> float | None:
        """What a decision ahead will focus on: its frame is looked at once, before its time."""
        if isinstance(decision, Hold):
            return held_disparity(decision, self._source.calibration)
        if decision not in self._aims:
            try:
                recent = self._lookout.recent
                disparity = recent.disparity(recent.read(decision.frame), Stopwatch())
                self._aims[decision] = measure_object(disparity, decision.box)
            except BadFrameError:
                self._aims[decision] = None
        return self._aims[decision]

    def _render(
        self, frame: StereoFrame, project: Project, disparity: np.ndarray, focus: FocusState
    ) -> tuple[np.ndarray, float]:
        """The picture, and the share of it whose blur ends at the largest radius."""
        lens = project.resolved_lens(self._source.calibration)
        if focus.disparity is None or focus.strength == 0:
            return frame.left, 0.0
        opened = replace(lens, aperture=lens.aperture * focus.strength)
        image = self._renderer.render(frame.left, disparity, focus.disparity, opened, frame.right)
        return image, optics.capped_share(disparity, focus.disparity, opened)
