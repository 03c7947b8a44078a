"""Plays, seeks, tracks and exports for hours; fails on whatever grows, is missing or is raised.

    make soak                                  an hour; SOAK="--minutes 5" changes that

Every round opens a source in the preview, gives it a random project, plays it and seeks in it while that project is
exported beside it on a thread of its own, as in the window; then the exported film and its log are read again.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import av
import numpy as np

from app.export_job import ExportJob, JobPhase, video_work
from app.preview import Preview
from app.preview_state import Phase, PreviewState
from app.preview_worker import PreviewWorker
from app.workshop import Workshop
from sterefo_core.export import ExportSettings
from sterefo_core.project import Project
from sterefo_core.sources import open_source
from sterefo_core.types import Decision, Hold, Lens, Release
from sterefo_core.video_writer import open_writer
from tests.app.waiting import Listener
from tests.faults.growth import Held, grown
from tests.moving_square import FOLLOW, make_sequence

FRAMES = 16
_PATIENCE_S = 120.0
_CODECS = {"h264": "film.mp4", "ffv1": "film.mkv"}


class Soak:
    """The rounds; `faults` are what went wrong, one line each."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.faults: list[str] = []
        self.held: list[Held] = []
        self._folder, self._rng = folder, Random(seed)
        self._sources = _sources(folder)
        self._listener = Listener()
        self._preview = Preview(self._listener.ring, partial(PreviewWorker, workshop=Workshop()))

    def close(self) -> None:
        """End the preview's thread."""
        self._preview.close()

    def round(self) -> None:
        """Open, play and seek while exporting; then look at what was written and at what is held."""
        project = self._project()
        self._preview.open(project)
        self._until(lambda state: state.phase is Phase.READY)
        job = self._exporting(project)
        self._play(project)
        for _ in range(4):
            self._preview.edit(self._changed(project))
            self._seek(self._rng.randrange(FRAMES))
        self._finish(*job)
        gc.collect()
        self.held.append(Held.now())

    def _project(self) -> Project:
        first, last = sorted(self._rng.sample(range(FRAMES), 2))
        project = Project(source=str(self._rng.choice(self._sources)), first_frame=first, last_frame=last)
        return self._changed(project)

    def _changed(self, project: Project) -> Project:
        rng = self._rng
        lens = Lens(rng.uniform(0.05, 1), rng.uniform(2, 40), blades=rng.choice((0, 6)), cats_eye=rng.random())
        later: Decision = rng.choice((Hold(rng.randrange(1, FRAMES), 9.0), Release(rng.randrange(1, FRAMES))))
        project = Project(project.source, first_frame=project.first_frame, last_frame=project.last_frame, lens=lens)
        return project.with_decision(FOLLOW).with_decision(later)

    def _play(self, project: Project) -> None:
        self._preview.set(every_frame=True, loop=False)
        self._preview.play(8.0)
        last = project.last_frame
        self._until(lambda state: state.speed == 0 and state.plate is not None and state.plate.index == last)

    def _seek(self, frame: int) -> None:
        self._preview.seek(frame)
        found = self._until(lambda state: state.phase is Phase.READY and state.plate is not None)
        if found.plate is None or found.plate.index != frame:
            self.faults.append(f"a seek to frame {frame} ended at {found.plate and found.plate.index}")

    def _until(self, holds) -> PreviewState:
        def over(state: PreviewState) -> bool:
            return state.failure is not None or (self._preview.accepts(state) and holds(state))

        found = self._listener.until(self._preview.states, over, _PATIENCE_S)[-1]
        if found.failure:
            self.faults.append(f"the preview failed: {found.failure}")
        return found

    def _exporting(self, project: Project) -> tuple[ExportJob, Listener, Project, ExportSettings]:
        codec = self._rng.choice(list(_CODECS))
        settings = ExportSettings(self._folder / _CODECS[codec], codec, log=self._folder / "film.jsonl")
        listener, work = Listener(), video_work(project, settings)
        job = ExportJob(Workshop(), project, settings.target, device="cpu", work=work, ring=listener.ring)
        return job, listener, project, settings

    def _finish(self, job: ExportJob, listener: Listener, project: Project, settings: ExportSettings) -> None:
        with closing(job):
            state = listener.until(job.states, lambda state: state.phase is not JobPhase.RUNNING, _PATIENCE_S)[-1]
        if state.phase is not JobPhase.DONE:
            self.faults.append(f"the export ended as {state.phase}: {state.message}")
            return
        assert settings.log is not None and project.last_frame is not None
        wanted = list(range(project.first_frame, project.last_frame + 1))
        logged = [json.loads(line)["frame"] for line in settings.log.read_text().splitlines()]
        with av.open(str(settings.target)) as film:
            shown = sum(1 for _ in film.decode(video=0))
        if logged != wanted or shown != len(wanted):
            self.faults.append(f"the export of frames {wanted} has {shown} pictures and the log {logged}")


def _sources(folder: Path) -> list[Path]:
    """A KITTI sequence, and the same as a video with both eyes side by side."""
    pictures, video = make_sequence(folder / "00", frames=FRAMES), folder / "both.mkv"
    with closing(open_source(pictures)) as source, open_writer(video, "ffv1") as writer:
        for frame in map(source.read, range(FRAMES)):
            writer.write(np.hstack([frame.left, frame.right]), frame.timestamp_s)
    return [pictures, video]


@contextmanager
def told_to(faults: list[str]) -> Iterator[None]:
    """Whatever is raised on any thread, or logged as an error, becomes a fault."""

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            faults.append(f"logged: {record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")

    handler, hooks = Told(logging.ERROR), (threading.excepthook, sys.unraisablehook)
    logging.getLogger().addHandler(handler)
    threading.excepthook = lambda raised: faults.append(f"raised on {raised.thread}: {raised.exc_value!r}")
    sys.unraisablehook = lambda raised: faults.append(f"raised in {raised.object!r}: {raised.exc_value!r}")
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        threading.excepthook, sys.unraisablehook = hooks


def soak(seconds: float, seed: int = 0, progress_s: float = 60.0) -> tuple[list[Held], list[str]]:
    """Rounds for so long, and stop at the first fault; what was held after each, and the faults."""
    began_s = told_s = time.monotonic()
    with TemporaryDirectory() as folder, closing(Soak(Path(folder), seed)) as rounds, told_to(rounds.faults):
        while not rounds.held or (not rounds.faults and time.monotonic() - began_s < seconds):
            rounds.round()
            if time.monotonic() - told_s > progress_s:
                told_s = time.monotonic()
                print(
                    f"{(told_s - began_s) / 60:5.1f} min {len(rounds.held):6} rounds  {line(rounds.held[-1])}",
                    flush=True,
                )
        return rounds.held, rounds.faults + grown(rounds.held)


def line(held: Held) -> str:
    """For a person."""
    return f"{held.memory_bytes / 2**20:6.0f} MiB {held.threads:4} threads {held.handles:4} handles"


def main() -> int:
    """Print how it goes, once a minute; exit with 1 where there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    held, faults = soak(given.minutes * 60, given.seed)
    print(f"{len(held)} rounds; at first {line(held[0])}; at last {line(held[-1])}")
    print(*(f"FAULT: {fault}" for fault in faults), sep="\n", end="\n" if faults else "no fault\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
