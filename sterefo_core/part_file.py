"""Files and folders that appear complete or not at all: written as `<name>.part`, renamed at the end."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from sterefo_core.errors import ExportError

_REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space or choose another folder",
    errno.EDQUOT: "your quota of disk space is used up: free some space or choose another folder",
    errno.EFBIG: "the file grows larger than is allowed here: choose another folder",
    errno.ENOENT: "its folder does not exist: create it or choose another one",
    errno.ENOTDIR: "its folder does not exist: create it or choose another one",
    errno.EACCES: "its folder is not writable: choose another one",
    errno.EPERM: "its folder is not writable: choose another one",
    errno.EROFS: "its folder is not writable: choose another one",
    errno.ENAMETOOLONG: "its name is too long: choose a shorter one",
}
_NUMBERED_PICTURE = re.compile(r"\d{6,}\.png")


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn what the system or an encoder says about writing `target` into an ExportError of one line."""
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        remedy = _REMEDIES.get(error.errno or 0, f"{error.strerror}: choose another place or codec")
        raise ExportError(f"cannot write {target}: {remedy}") from error


@contextmanager
def part_file(target: Path) -> Iterator[Path]:
    """The file to write to; it replaces `target` when the block ends, and is removed when the block raises.

    A link stays one: what it leads to is replaced. Raises ExportError at once where `target` cannot be written.
    """
    place = Path(os.path.realpath(target))  # unlike Path.resolve, bears links that lead to themselves
    part = _part_of(place)
    with writing(target):
        if place.is_dir():
            raise ExportError(f"cannot write {target}: a folder has that name; choose another one")
        if place.exists() and not place.is_file():
            raise ExportError(f"cannot write {target}: it is a device or a pipe; choose the name of a file")
        part.open("wb").close()
    try:
        yield part
        with writing(target), part.open("rb+") as file:
            os.fsync(file.fileno())  # some file systems notice only now that they are full
        with writing(target):
            part.replace(place)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def part_folder(target: Path) -> Iterator[Path]:
    """Like `part_file`, for a folder of numbered PNG files; only such a folder is ever replaced."""
    place = Path(os.path.realpath(target))
    part = _part_of(place)
    with writing(target):
        if place.exists() and not _holds_only_numbered_pictures(place):
            raise ExportError(f"cannot write {target}: it exists and holds other things; choose a new folder")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
    try:
        yield part
        with writing(target):
            _replace_folder(part, place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _part_of(target: Path) -> Path:
    return target.parent / f"{target.name}.part"  # the root has no name


def _holds_only_numbered_pictures(folder: Path) -> bool:
    return folder.is_dir() and all(_NUMBERED_PICTURE.fullmatch(path.name) for path in folder.iterdir())


def _replace_folder(part: Path, target: Path) -> None:
    if not target.exists():
        part.rename(target)
        return
    with TemporaryDirectory(prefix=f"{target.name}.old-", dir=target.parent) as old:
        kept = target.rename(Path(old) / target.name)
        try:
            part.rename(target)
        except BaseException:
            kept.rename(target)
            raise
