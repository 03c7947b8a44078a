"""Stereo video from files: both eyes in one picture, or one file for each eye."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import numpy as np

from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.sources.reading import SMALLEST_SIDE_PX
from sterefo_core.sources.video_file import VideoFile
from sterefo_core.sources.video_layout import LAYOUTS, SIDE_BY_SIDE, halves, recognise_layout
from sterefo_core.types import Calibration, StereoFrame, Truth

_FRAMES_TO_LOOK_AT = 5


def open_video(path: Path, layout: str = "auto") -> VideoSource:
    """Open one file that holds both eyes, each at its full width.

    Args:
        path: any container and codec that FFmpeg reads.
        layout: "side-by-side" (left half, right half), "top-bottom" (left eye above), or "auto": what the file says,
            else a few frames are looked at.

    Raises:
        SourceError: the file cannot be read as video, does not look like stereo, or cannot be halved.
    """
    with ExitStack() as opened:
        file = opened.enter_context(closing(VideoFile(path)))
        known = _layout_of(file) if layout == "auto" else layout
        size = _size_of_half(file, known)
        opened.pop_all()
    return VideoSource(path.name, f"{known} video, {file.codec}", [file], size, lambda i: halves(file.read(i), known))


def open_video_pair(left: Path, right: Path) -> VideoSource:
    """Open one file for each eye: frame i of one belongs to frame i of the other, and the shorter ends the video.

    The times are those of the left file. Raises SourceError where a file cannot be read or the sizes differ.
    """
    with ExitStack() as opened:
        files = [opened.enter_context(closing(VideoFile(path))) for path in (left, right)]
        if files[0].size != files[1].size:
            sizes = ["{}x{}".format(*file.size) for file in files]
            raise SourceError(f"{left} is {sizes[0]} pixels but {right} {sizes[1]}: both eyes need the same size")
        _check_size(left, files[0].size)
        opened.pop_all()
    first, second = files
    name, kind = f"{left.name}, {right.name}", f"two videos, {first.codec}"
    return VideoSource(name, kind, files, first.size, lambda i: (first.read(i), second.read(i)))


class VideoSource:
    """A source (see `protocols.Source`) that plays one or two video files.

    Args:
        name, kind, size: see `protocols.Source`.
        files: what is open; closed by `close`. The first gives the times.
        eyes: the left and the right picture of the frame with this index.

    Attributes:
        is_raw: whether the files say that their pairs still need rectifying.
    """

    calibration: Calibration | None = None

    def __init__(
        self,
        name: str,
        kind: str,
        files: list[VideoFile],
        size: tuple[int, int],
        eyes: Callable[[int], tuple[np.ndarray, np.ndarray]],
    ) -> None:
        self.name, self.kind, self.size = name, kind, size
        self.audio: Path | None = next((file.path for file in files if file.has_audio), None)
        self.is_raw = any(file.is_raw for file in files)
        self._files, self._eyes = files, eyes

    def __len__(self) -> int:
        """Number of frames of the shortest file."""
        return min(len(file) for file in self._files)

    def read(self, index: int) -> StereoFrame:
        """Decode frame `index`; quick for the frames that follow one another."""
        timestamp_s = self.timestamp_s(index)
        return StereoFrame(index, timestamp_s, *self._eyes(index))

    def timestamp_s(self, index: int) -> float:
        """Seconds from frame 0 to frame `index`, as the (left) file says."""
        self._check(index)
        return self._files[0].timestamp_s(index)

    def truth(self, index: int) -> Truth:
        """Nothing is known of a video but its pictures."""
        self._check(index)
        return Truth()

    def close(self) -> None:
        """Close the files. May be called twice."""
        for file in self._files:
            file.close()

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} is outside 0..{len(self) - 1} of {self.name}")


def _layout_of(file: VideoFile) -> str:
    layout = file.layout or recognise_layout(_some_frames(file))
    if layout is None:
        raise SourceError(
            f"{file.path} does not look like stereo: give --layout side-by-side or top-bottom, or two files LEFT,RIGHT"
        )
    return layout


def _some_frames(file: VideoFile) -> Iterator[np.ndarray]:
    for number in range(_FRAMES_TO_LOOK_AT):
        with suppress(BadFrameError):
            yield file.read(len(file) * (2 * number + 1) // (2 * _FRAMES_TO_LOOK_AT))


def _size_of_half(file: VideoFile, layout: str) -> tuple[int, int]:
    if layout not in LAYOUTS:
        raise SourceError(f"there is no layout {layout!r}: give auto, {' or '.join(LAYOUTS)}")
    width, height = file.size
    if (width if layout == SIDE_BY_SIDE else height) % 2:
        raise SourceError(
            f"{file.path} is {width}x{height} pixels, which cannot be halved {layout}: "
            "crop it by one pixel, or give two files LEFT,RIGHT"
        )
    size = (width // 2, height) if layout == SIDE_BY_SIDE else (width, height // 2)
    _check_size(file.path, size)
    return size


def _check_size(path: Path, size: tuple[int, int]) -> None:
    if min(size) < SMALLEST_SIDE_PX:
        width, height = size
        smallest = f"{SMALLEST_SIDE_PX}x{SMALLEST_SIDE_PX}"
        raise SourceError(f"{path} gives each eye {width}x{height} pixels: at least {smallest} are needed")
