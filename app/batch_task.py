"""One export of a batch: done in a process of its own, here or elsewhere, and never twice.

Beside every film lies a record of how it was made, `<name>.export.json`, written once the film is whole. So a batch
that was cut off, in whatever way, goes on with the films that have none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from app import workshop
from app.film import Film, write_film
from sterefo_core.errors import ExportError, SterefoError
from sterefo_core.export import ExportSettings
from sterefo_core.part_file import part_file, writing
from sterefo_core.project import Project


@dataclass(frozen=True)
class Task:
    """What to export, and how; addresses and paths are absolute, so that any process understands them."""

    project: Project
    settings: ExportSettings
    device: str


class Progress(NamedTuple):
    """Pictures written, of so many."""

    done: int
    total: int


class Outcome(NamedTuple):
    """How a task ended: with a film, or with the one line that says why there is none."""

    film: Film | None
    error: str = ""


def perform(task: Task, threads: int, tell: Callable[[Progress], object] = lambda progress: None) -> Outcome:
    """Do a task in this process, with so many threads for a picture, whose bits do not depend on their number.

    Whatever goes wrong becomes part of the outcome: the other tasks go on.
    """
    try:
        return Outcome(_write(task, threads, tell))
    except SterefoError as error:
        return Outcome(None, str(error))
    except Exception as error:
        logging.getLogger(__name__).exception("the export failed")
        return Outcome(None, f"{type(error).__name__}: {error}")


def is_whole(task: Task) -> bool:
    """Whether the film is there as this very task would write it. The source is not looked at.

    Raises ExportError where there is a film whose record cannot be read.
    """
    record = _record(task)
    try:
        return json.loads(made(task)) == json.loads(record.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError, RecursionError) as error:
        raise ExportError(f"{record} cannot be read: its film is made again, and stays until then") from error


def _write(task: Task, threads: int, tell: Callable[[Progress], object]) -> Film:
    record, frames = _record(task), count(1)
    with writing(record):
        record.unlink(missing_ok=True)
    with closing(workshop.open_project(task.project)) as source:
        total = len(task.project.range_in(source))
        renderer = workshop.make_renderer(task.device, threads)
        film = write_film(
            source,
            task.project,
            task.settings,
            task.device,
            on_frame=lambda: tell(Progress(next(frames), total)),
            renderer=renderer,
        )
    with part_file(record) as part, writing(record):
        part.write_text(made(task), encoding="utf-8")
    return film


def _record(task: Task) -> Path:
    return task.settings.target.with_name(f"{task.settings.target.name}.export.json")


def made(task: Task) -> str:
    """How the film that is there was made, if it was by this task. Raises OSError where there is none."""
    settings = task.settings
    said: dict[str, Any] = {"project": asdict(task.project), "settings": asdict(settings)}
    del said["settings"]["target"]  # a film may be moved with its record
    said["bytes"] = sum(map(_size, filter(None, (settings.target, settings.log))))
    return json.dumps(said, default=str, indent=1) + "\n"


def _size(path: Path) -> int:
    return sum(map(_size, path.iterdir())) if path.is_dir() else path.stat().st_size
