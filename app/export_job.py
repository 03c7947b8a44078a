"""Exporting beside the window: own thread, source and pipeline, the same code as the command line. No Qt."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import cv2

from app.mailbox import Mailbox
from app.opening import no_picture, open_watched
from app.workshop import Workshop
from sterefo_core.errors import SterefoError
from sterefo_core.export import ExportSettings, export
from sterefo_core.part_file import part_file, writing
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.protocols import Source

_log = logging.getLogger(__name__)


class JobPhase(StrEnum):
    """How an export stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class JobState:
    """Snapshot of an export; `message` says what went wrong or is waited for, `rate` is in frames/s, 0 if not known."""

    target: Path
    phase: JobPhase = JobPhase.RUNNING
    done: int = 0
    total: int = 0
    rate: float = 0.0
    message: str = ""

    @property
    def left_s(self) -> float | None:
        """Seconds that the rest will take, None before that can be known."""
        return (self.total - self.done) / self.rate if self.rate else None


class _CancelledError(Exception):
    """The user wants no more of it."""


Work = Callable[[Source, Pipeline, Callable[[], None]], None]
"""What a job does with its source and pipeline; it calls the last argument after each frame."""


class ExportJob:
    """Renders a project on its own thread. It starts at once.

    Args:
        workshop: makes source and pipeline.
        project: what to render; its range says how many frames there are.
        target: what appears when everything is written.
        device: where to compute.
        work: what writes it.
        ring: called on the job's thread when `states` has something to take.
    """

    def __init__(
        self, workshop: Workshop, project: Project, target: Path, *, device: str, work: Work, ring: Callable[[], None]
    ) -> None:
        self._workshop, self._project, self._device, self._work = workshop, project, device, work
        self.states: Mailbox[JobState] = Mailbox(ring)
        self._state = JobState(target)
        self._stop = Event()
        self._began_s, self._name = 0.0, ""
        self._thread = Thread(target=self._run, name="export")
        self._thread.start()

    def cancel(self) -> None:
        """Stop as soon as the frame under way is done; nothing stays behind."""
        self._stop.set()

    def close(self) -> None:
        """Cancel, and return when the thread has ended."""
        self.cancel()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._render()
            self._tell(phase=JobPhase.DONE)
        except _CancelledError:
            self._tell(phase=JobPhase.CANCELLED)
        except SterefoError as error:
            self._tell(phase=JobPhase.FAILED, message=str(error))
        except Exception as error:
            _log.exception("the export failed")
            self._tell(phase=JobPhase.FAILED, message=f"{type(error).__name__}: {error}")

    def _render(self) -> None:
        with closing(open_watched(partial(self._workshop.open_source, self._project), self._check)) as source:
            self._name = source.name
            self._project.check(source)
            self._tell(total=len(self._project.range_in(source)))
            renderer = self._workshop.make_renderer(self._device)
            with self._workshop.make_pipeline(source, self._project, self._device, renderer) as pipeline:
                self._began_s = perf_counter()
                self._work(source, pipeline, self._count)

    def _check(self, long: bool = False) -> None:
        """Raise where it is to stop, also instead of reading or waiting for a frame, on whatever thread does so."""
        if self._stop.is_set():
            raise _CancelledError
        if self._name and long:
            self.states.put(replace(self._state, message=no_picture(self._name)))

    def _count(self) -> None:
        done = self._state.done + 1
        self._tell(done=done, rate=done / max(perf_counter() - self._began_s, 1e-9))
        self._check()

    def _tell(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
        self.states.put(self._state)


def video_work(project: Project, settings: ExportSettings) -> Work:
    """Write the project's range as the command line does."""

    def work(source: Source, pipeline: Pipeline, count: Callable[[], None]) -> None:
        export(source, project, pipeline, settings, lambda done: count())

    return work


def frame_work(project: Project, target: Path) -> Work:
    """Write the one frame of the project's range as a PNG file, which appears complete or not at all."""

    def work(source: Source, pipeline: Pipeline, count: Callable[[], None]) -> None:
        done = next(pipeline.run(project))
        encoded = cv2.imencode(".png", cv2.cvtColor(done.image, cv2.COLOR_RGB2BGR))[1]
        with part_file(target) as part, writing(target):
            part.write_bytes(encoded.tobytes())
        count()

    return work
