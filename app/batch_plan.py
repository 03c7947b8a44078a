"""What a batch of exports consists of: which sequences, and where the film of each is written."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.batch_task import Task
from sterefo_core.errors import ExportError
from sterefo_core.export import ExportSettings
from sterefo_core.project import Project
from sterefo_core.project_file import SUFFIX
from sterefo_core.sources import DEMO
from sterefo_core.sources.camera_address import is_camera, redacted
from sterefo_core.sources.kitti import sequences_in
from sterefo_core.video_codecs import CODECS


def sequences(address: str) -> list[str]:
    """The addresses of all sequences in the folder of a data set; of anything else, its own."""
    with suppress(OSError):  # a name that the system refuses is told when it is opened
        return [str(path) for path in sequences_in(Path(address).expanduser())] or [address]
    return [address]


def planned(addresses: Sequence[str], projects: Sequence[Project], settings: ExportSettings, device: str) -> list[Task]:
    """The tasks that write the film of every project into a folder, named after the address it was given by.

    The `target` of these settings, and their `log` if there is one, are folders. Raises ExportError where they are not,
    or where two films would have one name.
    """
    codec, folder = CODECS.get(settings.codec), settings.target.absolute()
    if codec and folder.suffix.lower() in codec.suffixes:
        raise ExportError(f"{settings.target} is to hold several films: name a folder with -o")
    tasks = []
    for name, project in zip(_names(addresses), projects, strict=True):
        target = folder / (name + (codec.suffixes[0] if codec else ""))
        log = settings.log and settings.log.absolute() / f"{name}.jsonl"
        where = replace(settings, target=target, log=log)
        tasks.append(Task(replace(project, source=_absolute(project.source)), where, device))
    return tasks


def _names(addresses: Sequence[str]) -> list[str]:
    """For each the name of its last folder or file, with as many of the folders above it as make all different."""
    paths = [_path(address) for address in addresses]
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["-".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    twice = next(address for address, path in zip(addresses, paths, strict=True) if paths.count(path) > 1)
    raise ExportError(f"there would be two films of the name of {twice}: write them to two folders")


def _path(address: str) -> Path:
    """Where an address lies, without the root and the kind of file; for a pattern, its folder."""
    path = Path(_absolute(redacted(address)).split(",")[0].removesuffix(SUFFIX))
    if "*" in path.name or "%" in path.name:
        path = path.parent
    return (path if path.is_dir() else path.with_suffix("")).relative_to(path.anchor)


def _absolute(address: str) -> str:
    """The address as it is understood from any folder."""
    if address == DEMO or is_camera(address):
        return address
    whole = Path(address).expanduser().absolute()
    parts = [whole] if whole.exists() else [Path(part).expanduser().absolute() for part in address.split(",")]
    return ",".join(map(str, parts))
