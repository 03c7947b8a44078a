"""Stereo videos by index: `open_source` recognises what it is given by looking."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from pathlib import Path

from sterefo_core.errors import SourceError
from sterefo_core.protocols import Source
from sterefo_core.sources.camera_address import is_camera
from sterefo_core.sources.images import expand, open_pictures, recognise_pictures
from sterefo_core.sources.kitti import recognise_kitti
from sterefo_core.sources.reading import is_picture, list_pictures

DEMO = "demo"
"""The address of the built-in scene, which needs no data."""

_WHAT_TO_GIVE = "open a KITTI sequence, a folder with left and right pictures, two folders as LEFT,RIGHT or a video"


def open_source(address: str | Path = DEMO, layout: str = "auto") -> Source:
    """Open a stereo video.

    Args:
        address: a KITTI folder (raw, odometry, tracking, stereo 2012 or 2015), a folder with `left` and `right`
            pictures or a Middlebury scene, "LEFT,RIGHT" (two folders, two patterns such as "L/*.png", two pictures or
            two videos), a video file, a camera such as "camera:0" or "rtsp://host/path" (`camera.open_camera`), or
            "demo". Videos with a calibration beside them ("take.calibration.json") are rectified.
        layout: where the two views lie in the pictures of one video file (`video.open_video`); nothing else has one.

    Raises:
        SourceError: there is nothing to open at this address; one line that names the file.
    """
    if str(address) == DEMO:
        from sterefo_core.sources.synthetic import SyntheticSource

        return SyntheticSource()
    if is_camera(str(address)):
        from sterefo_core.sources.camera import open_camera

        return open_camera(str(address), layout)
    path = Path(address).expanduser().absolute()
    try:
        if path.is_dir():
            return _open_folder(path)
        if path.exists():
            return _open_file(path, layout)
        if "," in str(address):
            return _open_two(str(address))
    except OSError as error:
        raise SourceError(f"{error.filename or path} cannot be read: {error.strerror}") from None
    raise SourceError(f"{path} does not exist: check its spelling")


def files_of(address: str) -> list[Path]:
    """The files and folders that an address names, lists of pictures one by one; none of a camera or the demo."""
    if address == DEMO or is_camera(address):
        return []
    path = Path(address).expanduser().absolute()
    if path.exists():
        return [path]
    with suppress(SourceError):
        return list(chain(*_two_halves(address)))
    return []


def _open_folder(folder: Path) -> Source:
    if source := recognise_kitti(folder) or recognise_pictures(folder):
        return source
    if not any(folder.iterdir()):
        raise SourceError(f"{folder} is empty: {_WHAT_TO_GIVE}")
    if list_pictures(folder):
        raise SourceError(f"{folder} holds the pictures of one camera only: give both folders as LEFT,RIGHT")
    raise SourceError(f"{folder} holds no stereo data set that is known here: {_WHAT_TO_GIVE}")


def _open_file(path: Path, layout: str) -> Source:
    _check_is_video(path)
    from sterefo_core.sources.rectified import rectified_if_needed
    from sterefo_core.sources.video import open_video

    return rectified_if_needed(open_video(path, layout), path)


def _open_two(address: str) -> Source:
    left, right = _two_halves(address)
    if all(is_picture(path) for path in (*left, *right)):
        return open_pictures(left, right)
    for path in (left[0], right[0]):
        _check_is_video(path)
    from sterefo_core.sources.rectified import rectified_if_needed
    from sterefo_core.sources.video import open_video_pair

    return rectified_if_needed(open_video_pair(left[0], right[0]), left[0])


def _two_halves(address: str) -> tuple[list[Path], list[Path]]:
    """What "LEFT,RIGHT" stands for; a comma may also be part of a name."""
    words = address.split(",")
    for count in range(1, len(words)):
        left, right = expand(",".join(words[:count])), expand(",".join(words[count:]))
        if left and right:
            return left, right
    halves = address.split(",", 1)
    lost = next(half for half in halves if not expand(half))
    raise SourceError(f"{lost} in {address} is neither a file nor a folder with pictures: check its spelling")


def _check_is_video(path: Path) -> None:
    if not path.is_file():
        raise SourceError(f"{path} is neither a file nor a folder: {_WHAT_TO_GIVE}, or a camera as camera:0")
    if is_picture(path):
        raise SourceError(f"{path} is a single picture: give the left and the right one as LEFT,RIGHT")
    with path.open("rb") as file:
        start = file.read(4096)
    if not start:
        raise SourceError(f"{path} is empty: {_WHAT_TO_GIVE}")
    if b"\0" not in start and not start.startswith(b"YUV4MPEG2"):  # every other container has zero bytes at once
        raise SourceError(f"{path} is a text file: {_WHAT_TO_GIVE}")
