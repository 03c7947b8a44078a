"""Looking at frames without rendering them: which have to be looked at before one can be shown, and what they show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sterefo_core.errors import BadFrameError
from sterefo_core.following import NOTHING, Observation, Observer
from sterefo_core.project import Project
from sterefo_core.protocols import DepthEngine, Source, Tracker
from sterefo_core.recent import Recent, Stopwatch
from sterefo_core.subject import Director
from sterefo_core.types import DisparityMap, StereoFrame


class Lookout:
    """Depth, tracking and the machine's choice of a subject, of one source. Not thread-safe; close it.

    Args:
        source: where frames and their timestamps come from; it stays the caller's to close.
        depth: stereo engine.
        make_tracker: makes a fresh tracker for every object followed.

    Attributes:
        recent: the frames and disparities that are kept.
        observer: what was seen of the objects that are followed.
    """

    def __init__(self, source: Source, depth: DepthEngine, make_tracker: Callable[[], Tracker]) -> None:
        self.recent = Recent(source, depth)
        self.observer = Observer(source, self.recent, make_tracker)
        self._director = Director(source.timestamp_s)

    def close(self) -> None:
        """End the worker thread. May be called twice."""
        self.observer.close()

    def go_on_from(self, earlier: Lookout) -> None:
        """Take over what another one saw of the same source."""
        self.observer.go_on_from(earlier.observer)
        self._director = earlier._director

    def look(self, frame: StereoFrame, project: Project, watch: Stopwatch) -> tuple[Observation, DisparityMap]:
        """All that showing a frame needs; frames that have a say in it are looked at first."""
        while missing := self.unobserved(frame.index, project):
            for index in missing:
                self.look_at(index, frame, project, watch)
        seen = self.observer.look(frame, self.directed(project), watch)
        return seen, self.recent.disparity(frame, watch)

    def look_at(self, index: int, shown: StereoFrame | None, project: Project, watch: Stopwatch) -> Observation | None:
        """Observe a frame on the way to the one shown or after it; what cannot be read is passed over."""
        try:
            with watch.stage("decode"):
                frame = shown if shown is not None and index == shown.index else self.recent.read(index)
        except BadFrameError:
            self.pass_over(index)
            return None
        return self.observe(frame, project, watch)

    def observe(self, frame: StereoFrame, project: Project, watch: Stopwatch) -> Observation:
        """Track and measure a frame, or, where the machine has to choose a subject, only consider it for that."""
        if not (project.automatic and self._director.looks(frame.index)):
            return self.observer.observe(frame, self.directed(project), watch)
        disparity, beside = self.recent.disparity(frame, watch), None
        with suppress(BadFrameError, IndexError):
            beside = self.recent.read(frame.index - 1 if frame.index else 1)
        with watch.stage("subject"):
            self._director.look(frame, disparity, beside)
        return NOTHING

    def directed(self, project: Project) -> Project:
        """The project with the decisions that the machine has made so far, if it is to make any."""
        return project.with_base(self._director.decisions) if project.automatic else project

    def pass_over(self, index: int) -> None:
        """Do without a frame that cannot be read."""
        self.observer.pass_over(index)
        self._director.skip(index)

    def forget(self, before: int) -> None:
        """Keep nothing of the frames before this one; decisions there stay in force."""
        self.observer.forget(before)
        self._director.forget(before)

    def unobserved(self, index: int, project: Project) -> list[int]:
        """The frames to `look_at`, in order, before `index` shows what playing there from the start would show."""
        last = self.observer.ahead(index, project)
        self.recent.want(range(index, last + 1))
        looks = self._director.looks(last) if project.automatic else []
        return looks or self.observer.unobserved(index, self.directed(project))
