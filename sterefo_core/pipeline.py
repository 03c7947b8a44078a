"""The way of a frame: depth and track side by side, then focus, then refocus. The only code that makes pictures.

Window, command line and evaluation all call `Pipeline.process`, so what is seen is what is written and measured. What a
frame shows depends on the frames before it: the tracker has a memory and the focus eases. So the pipeline remembers
what it observed; going back to a frame gives the picture that playing there gave, and `unobserved` says which frames
have to be looked at first where that is not known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np

from sterefo_core import optics
from sterefo_core.errors import BadFrameError
from sterefo_core.focus import FocusTimeline
from sterefo_core.following import NOTHING, Observation, Observer, Stopwatch
from sterefo_core.measuring import measure_object
from sterefo_core.project import Project, held_disparity
from sterefo_core.protocols import DepthEngine, Renderer, Source, Tracker
from sterefo_core.steadying import dead_band
from sterefo_core.subject import Director
from sterefo_core.types import FocusState, Follow, Hold, Refocused, StereoFrame, Track

BadFrameHandler = Callable[[BadFrameError], None]


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
        self._source, self._renderer = source, renderer
        self._observer = Observer(source, depth, make_tracker)
        self._director = Director(source.timestamp_s)
        self._aims: dict[Follow, float | None] = {}
        self._timeline = FocusTimeline(source.timestamp_s)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker thread. May be called twice."""
        self._observer.close()

    def go_on_from(self, earlier: Pipeline) -> None:
        """Take over what another pipeline of the same source saw: a camera shows nothing twice."""
        self._observer.go_on_from(earlier._observer)
        self._director, self._timeline = earlier._director, earlier._timeline

    def process(self, frame: StereoFrame, project: Project) -> Refocused:
        """The refocused picture of one frame and everything known about it.

        A frame processed again, with another lens say, costs the refocusing only. Raises ProjectError where the
        project does not fit the source and TrackerError for a box that cannot be followed.
        """
        watch = Stopwatch()
        while missing := self.unobserved(frame.index, project):
            for index in missing:
                self._look_at(index, frame, project, watch)
        project = self.directed(project)
        seen = self._observer.look(frame, project, watch)
        disparity = self._observer.disparity(frame, watch)
        with watch.stage("focus"):
            pulled = self._pull(frame.index, project)
            focus = FocusState(pulled.disparity, pulled.strength, seen.measured)
        with watch.stage("refocus"):
            image, capped = self._render(frame, project, disparity.values, focus)
        return Refocused(frame, disparity, seen.track, focus, image, watch, capped)

    def read(self, index: int) -> StereoFrame:
        """A frame of the source; those looked at lately are kept. Raises BadFrameError."""
        return self._observer.read(index)

    def observe(self, frame: StereoFrame, project: Project) -> Track:
        """Look at a frame without rendering it, so that a later frame looks as if played to.

        It is tracked and measured, or, where the machine has to choose a subject, only considered for that.
        """
        return self._observe(frame, project, Stopwatch()).track

    def observe_at(self, index: int, project: Project) -> Track | None:
        """Read and `observe` a frame of the source; None where it cannot be read: it is passed over."""
        seen = self._look_at(index, None, project, Stopwatch())
        return None if seen is None else seen.track

    def directed(self, project: Project) -> Project:
        """The project with the decisions that the machine has made so far, if it is to make any."""
        return project.with_base(self._director.decisions) if project.automatic else project

    def pass_over(self, index: int) -> None:
        """Do without a frame that cannot be read: the tracker goes on, or starts, at the one after it."""
        self._observer.pass_over(index)
        self._director.skip(index)

    def forget(self, before: int) -> None:
        """Keep nothing of the frames before this one, which are never asked for again; decisions there stay in force.

        A live camera runs for hours: without this every frame would leave something behind.
        """
        self._observer.forget(before)
        self._director.forget(before)

    def unobserved(self, index: int, project: Project) -> list[int]:
        """The frames to `observe`, in order, before `index` shows what playing there from the start would show.

        `process` looks at them by itself; who wants to do something else in between looks at them first, until there
        are no more: what is to be followed may have to be found out before.
        """
        looks = self._director.looks(self._observer.ahead(index, project)) if project.automatic else []
        return looks or self._observer.unobserved(index, self.directed(project))

    def run(self, project: Project, on_bad_frame: BadFrameHandler | None = None) -> Iterator[Refocused]:
        """Every frame of the project's range, in order, each exactly once.

        A bad frame raises BadFrameError; with `on_bad_frame`, that is called instead and the previous picture is
        repeated in its place (the first frame has none before it, so it raises all the same).
        """
        frames = project.range_in(self._source)
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
        watch = Stopwatch()
        with watch.stage("decode"):
            frame = self.read(index)
        done = self.process(frame, project)
        decode_ms = watch["decode"] + done.milliseconds.get("decode", 0.0)
        return replace(done, milliseconds={**done.milliseconds, "decode": decode_ms})

    def _look_at(self, index: int, shown: StereoFrame | None, project: Project, watch: Stopwatch) -> Observation | None:
        """Observe a frame on the way to the one shown or after it; what cannot be read is passed over."""
        try:
            with watch.stage("decode"):
                frame = shown if shown is not None and index == shown.index else self.read(index)
        except BadFrameError:
            self.pass_over(index)
            return None
        return self._observe(frame, project, watch)

    def _observe(self, frame: StereoFrame, project: Project, watch: Stopwatch) -> Observation:
        if not (project.automatic and self._director.looks(frame.index)):
            return self._observer.observe(frame, self.directed(project), watch)
        disparity, beside = self._observer.disparity(frame, watch), None
        with suppress(BadFrameError, IndexError):
            beside = self.read(frame.index - 1 if frame.index else 1)
        with watch.stage("subject"):
            self._director.look(frame, disparity, beside)
        return NOTHING

    def _pull(self, index: int, project: Project) -> FocusState:
        band_px = dead_band(project.resolved_lens(self._source.calibration).aperture)
        return self._timeline.at(index, project, lambda frames: self._wishes(frames, project), self._aim, band_px)

    def _wishes(self, frames: range, project: Project) -> Iterator[tuple[int, float | None]]:
        """The disparity that the decision in force asks for at each frame where it is known."""
        for index in frames[max(self._observer.first_kept - frames.start, 0) :]:
            decision = project.active(index)
            if isinstance(decision, Hold):
                yield index, held_disparity(decision, self._source.calibration)
            elif not isinstance(decision, Follow):
                yield index, None
            elif self._observer.knows(decision, index):
                yield index, self._observer.steady(decision, index, project)

    def _aim(self, decision: Follow | Hold) -> float | None:
        """What a decision ahead will focus on: its frame is looked at once, before its time."""
        if isinstance(decision, Hold):
            return held_disparity(decision, self._source.calibration)
        if decision not in self._aims:
            try:
                disparity = self._observer.disparity(self.read(decision.frame), Stopwatch())
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
