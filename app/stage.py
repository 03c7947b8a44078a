"""An open source with its pipeline, as the preview thread uses them: look at frames, render one, know what was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from app.feeds import Feed, Live, Recorded
from app.plates import plate, still
from app.preview_state import Plate, PreviewLook, Seen, SourceFacts
from app.takes import Takes
from app.workshop import Workshop
from sterefo_core.errors import ExportError
from sterefo_core.live import CameraHealth, LiveSource
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.protocols import Source
from sterefo_core.recording import Recording
from sterefo_core.types import Decision, Follow, Quality, Refocused, StereoFrame, Track, TrackState

if TYPE_CHECKING:
    from sterefo_core.refocus.scaled import ScaledRenderer

KEPT_FRAMES = 300
"""What was seen in a camera's latest frames is kept, for the eases that are under way: the longest takes 5 s."""

KEPT_BYTES = 256 * 2**20
"""Of disparity, for what is played again: all of the demo, or 4.6 s of KITTI's size at 25 frames/s."""


class Stage:
    """Makes the pipeline of a source when it is first needed; belongs to one thread.

    Args:
        workshop: makes the parts.
        source: what to show; closed by `close`. Projects may bring decisions, lens and depth engine, no other source.
    """

    def __init__(self, workshop: Workshop, source: Source) -> None:
        self._workshop, self._source = workshop, source
        self._live = source if isinstance(source, LiveSource) else None
        times_s = () if self._live is not None else tuple(source.timestamp_s(index) for index in range(len(source)))
        identity = self._live.identity if self._live is not None else ""
        self.facts = SourceFacts(source.name, source.kind, source.size, source.calibration, times_s, identity)
        self.takes = Takes(self._record)
        self._pipeline: Pipeline | None = None
        self._renderer: ScaledRenderer | None = None
        self._made_for: tuple[str, bool, str, str] | None = None
        self._frame: tuple[StereoFrame, float] | None = None
        self._shown: tuple[object, Refocused] | None = None
        self._seen: dict[Follow | None, list[Seen]] = {}

    def feed(self, now_s: Callable[[], float]) -> Feed:
        """What says which frame is to be shown when."""
        return Live(self._take) if self._live is not None else Recorded(self.facts.times_s, now_s)

    @property
    def health(self) -> CameraHealth | None:
        """How the camera is doing; None for a recorded source."""
        return self._live.health if self._live is not None else None

    @property
    def rectified(self) -> str:
        """How a camera's pairs are made rectified ones; "" where they are not."""
        rectification = self._live.rectification if self._live is not None else None
        return rectification.told if rectification else ""

    def close(self) -> None:
        """Give everything back."""
        self.takes.record_to(None)
        if self._pipeline:
            self._pipeline.close()
        self._source.close()

    def prepare(self, project: Project, look: PreviewLook) -> None:
        """Make the pipeline that project and look ask for, unless it is there. Raises SterefoError."""
        asked = (*project.looks_with, look.device)
        if asked == self._made_for:
            return
        earlier = self._pipeline
        if earlier:
            earlier.close()
        self._pipeline = self._made_for = self._shown = None
        self._seen.clear()
        from sterefo_core.refocus.scaled import ScaledRenderer  # numba takes half a second to import

        self._renderer = ScaledRenderer(self._workshop.make_renderer(look.device))
        self._pipeline = self._workshop.make_pipeline(self._source, project, look.device, self._renderer)
        if self._live is None:
            self._pipeline.keep_disparity(KEPT_BYTES)
        elif earlier:
            self._pipeline.go_on_from(earlier)
        self._made_for = asked

    def unobserved(self, index: int, project: Project) -> list[int]:
        """The frames to look at before `index` can be shown exactly."""
        assert self._pipeline
        return self._pipeline.unobserved(index, project)

    def observe(self, index: int, project: Project) -> None:
        """Look at one of them, if it can be read."""
        assert self._pipeline
        track = self._pipeline.observe_at(index, project)
        if track is not None:
            self._remember(index, project, track)

    def still(self, index: int) -> Plate:
        """The frame as it was taken."""
        return still(*self._read(index, {}))

    def render(self, index: int, project: Project, look: PreviewLook, then: int | None = None) -> Plate:
        """The frame as the project wants it; what is known of it already is not computed again.

        `then` is the frame that will be wanted next: it is looked at meanwhile, and `settle` waits for that.
        """
        assert self._pipeline and self._renderer
        project = replace(project, lens=replace(project.lens, quality=Quality.PREVIEW))
        asked = (index, project, look.scale, look.device)
        if self._shown is None or self._shown[0] != asked:
            times: dict[str, float] = {}
            frame, _ = self._read(index, times)
            self._renderer.scale = look.scale
            done = self._pipeline.process(frame, project, then)
            self._shown = asked, replace(done, milliseconds={**times, **done.milliseconds})
            self._remember(index, project, done.track)
        done = self._shown[1]
        return plate(done, self._read(index, {})[1], look, project)

    def settle(self, ahead: Sequence[int], project: Project) -> None:
        """Wait for what is looked at while a frame is rendered, and note what was seen of these frames."""
        assert self._pipeline
        self._pipeline.settle()
        for index in ahead:
            track = self._pipeline.track_at(index, project)
            if track is not None:
                self._remember(index, project, track)

    def seen(self, project: Project) -> tuple[Seen, ...]:
        """What is known of every frame as this project stands; of a camera's frames nothing is kept."""
        found, count = list[Seen](), len(self.facts.times_s)
        directed, nothing = self._directed(project), [Seen.NOTHING] * count
        while (start := len(found)) < count:
            stretch = slice(start, directed.stretch(start).stop)
            found += self._seen.get(directed.followed(start), nothing)[stretch]
        return tuple(found)

    def chosen(self, project: Project) -> tuple[Decision, ...]:
        """The decisions in force that the machine has made so far."""
        return tuple(d for d in self._directed(project).decisions if d not in project.decisions)

    def _directed(self, project: Project) -> Project:
        return self._pipeline.directed(project) if self._pipeline else project

    def _remember(self, index: int, project: Project, track: Track) -> None:
        follow = self._directed(project).followed(index)
        if self._live is None and (follow is None or track.state is not TrackState.IDLE):
            seen = self._seen.setdefault(follow, [Seen.NOTHING] * len(self.facts.times_s))
            seen[index] = Seen.COMPUTED if follow is None else Seen(track.state)

    def _take(self, timeout_s: float) -> int | None:
        """The number of the camera's newest pair, None where none came."""
        assert self._live is not None
        frame = self._live.take(timeout_s)
        if frame is None:
            return None
        if self._pipeline and frame.index > KEPT_FRAMES:
            self._pipeline.forget(frame.index - KEPT_FRAMES)
        age_s = monotonic() - self._live.captured_s(frame.index)  # two clocks, which need not have one zero
        self._frame = frame, perf_counter() - age_s
        return frame.index

    def _record(self, path: Path) -> Recording:
        if self._live is None:
            raise ExportError(f"{self.facts.name} is a file already: only cameras are recorded")
        return self._workshop.record(self._live, path)

    def _read(self, index: int, times: dict[str, float]) -> tuple[StereoFrame, float]:
        """The frame and the moment it was asked for; the latest is kept, so that its depth is computed only once."""
        if self._frame is None or self._frame[0].index != index:
            captured_s = perf_counter()
            self._frame = (self._pipeline or self._source).read(index), captured_s
            times["decode"] = (perf_counter() - captured_s) * 1000
        return self._frame
