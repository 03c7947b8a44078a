"""Export: every frame of a project's range, once, to a video or pictures, with a log of the facts beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sterefo_core import colour, optics
from sterefo_core.conveyor import on_another_thread
from sterefo_core.errors import BadFrameError, ExportError
from sterefo_core.live import LiveSource
from sterefo_core.part_file import part_file, writing
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.protocols import Source
from sterefo_core.sources import files_of
from sterefo_core.types import Refocused
from sterefo_core.video_writer import open_writer

DISPARITY_RANGE_PX = 96.0
"""The fixed range of exported disparity colours; nearer things keep the last colour."""


class Contents(StrEnum):
    """What the exported pictures show."""

    REFOCUSED = "refocused"
    COMPARISON = "comparison"
    DISPARITY = "disparity"


@dataclass(frozen=True)
class ExportSettings:
    """Where and how to write.

    Attributes:
        target: the file, or for PNG the folder, that appears when everything is written.
        codec: name of a codec of `open_writer`.
        quality: the codec's own quality number, None for its default.
        contents: what the pictures show.
        log: file for one JSON line a frame, or None.
        skip_bad: repeat the previous picture for a frame that cannot be read, rather than stop.
    """

    target: Path
    codec: str = "h264"
    quality: int | None = None
    contents: Contents = Contents.REFOCUSED
    log: Path | None = None
    skip_bad: bool = False


def export(
    source: Source,
    project: Project,
    pipeline: Pipeline,
    settings: ExportSettings,
    on_frame: Callable[[Refocused], None] = lambda done: None,
) -> list[BadFrameError]:
    """Write the project's range; return the errors of the frames that `skip_bad` replaced.

    Frames are encoded on a thread of their own. The target and the log appear complete or not at all, whatever
    interrupts. `on_frame` is called after each frame and may raise to stop. Before anything is written, raises
    ProjectError where the project does not fit the source, and ExportError for a running camera, which has no end, and
    where the source itself would be written over.
    """
    if isinstance(source, LiveSource):
        raise ExportError(
            f"{source.name} is a running camera: record it (run_app.py record), then export the recording"
        )
    project.check(source)
    _check_targets(settings, files_of(project.source))
    _check_times(source, project.range_in(source))
    first = project.range_in(source).start
    bad: list[BadFrameError] = []
    with ExitStack() as stack:
        log = stack.enter_context(_open_log(settings.log)) if settings.log else None
        start_s = source.timestamp_s(first)
        writer = stack.enter_context(
            open_writer(
                settings.target, settings.codec, quality=settings.quality, audio=source.audio, audio_start_s=start_s
            )
        )
        write = stack.enter_context(on_another_thread(writer.write))
        for done in pipeline.run(project, bad.append if settings.skip_bad else None):
            write(picture(done, settings.contents), done.frame.timestamp_s - start_s)
            if log:
                log(done)
            on_frame(done)
    return bad


def _check_targets(settings: ExportSettings, sources: list[Path]) -> None:
    targets = {path: Path(os.path.realpath(path)) for path in (settings.target, settings.log) if path}
    if settings.log and targets[settings.log] == targets[settings.target]:
        raise ExportError(f"cannot write {settings.log}: the film has that name; choose another one for the log")
    own = [Path(os.path.realpath(path)) for path in sources]
    for given, target in targets.items():
        with writing(given):
            if target.is_dir():
                taken = any(target == path or target in path.parents or path in target.parents for path in own)
            else:
                taken = target.exists() and any(map(target.samefile, own))
        if taken:
            raise ExportError(f"cannot write {given}: it belongs to what is exported; choose another place")


def _check_times(source: Source, frames: range) -> None:
    times = [source.timestamp_s(index) for index in frames]
    for index, (before, time) in zip(frames[1:], pairwise(times), strict=True):
        if not before < time < np.inf:  # nor is NaN
            raise ExportError(
                f"{source.name}: frame {index} is at {time:g} s, the one before it at {before:g} s: "
                "mend the times of the source, which must ascend"
            )


def picture(done: Refocused, contents: Contents) -> np.ndarray:
    """The picture to write of one frame, `(H, W, 3)` uint8 RGB; a comparison is twice as wide, the original left."""
    match contents:
        case Contents.REFOCUSED:
            return done.image
        case Contents.COMPARISON:
            return np.hstack([done.frame.left, done.image])
        case Contents.DISPARITY:
            return colour.disparity_colours(done.disparity.values, DISPARITY_RANGE_PX)


def facts(done: Refocused) -> dict[str, Any]:
    """What is known of one frame, ready for JSON: the line of the log, the numbers that the window shows."""
    box, focus, calibration = done.track.box, done.focus, done.frame.calibration
    metres = None
    if focus.disparity is not None and calibration is not None:
        metres = _finite(optics.metres_from_disparity(focus.disparity, calibration))
    return {
        "frame": done.frame.index,
        "timestamp_s": done.frame.timestamp_s,
        "state": str(done.track.state),
        "box": [box.x, box.y, box.width, box.height] if box else None,
        "measured_disparity": focus.measured,
        "focus_disparity": focus.disparity,
        "focus_m": metres,
        "capped_share": round(done.capped, 4),
        "milliseconds": {stage: round(ms, 3) for stage, ms in done.milliseconds.items()},
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None  # JSON has no infinity


@contextmanager
def _open_log(path: Path) -> Iterator[Callable[[Refocused], None]]:
    """A function that logs one frame; the file is there when the block ends well."""
    with part_file(path) as part, writing(path), part.open("w", encoding="utf-8") as file:
        yield lambda done: print(json.dumps(facts(done)), file=file)
