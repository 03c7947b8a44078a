"""Writing the result: a video file or a folder of pictures that appears complete or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from sterefo_core.errors import ExportError
from sterefo_core.part_file import part_file, part_folder, writing
from sterefo_core.picture_writer import PictureWriter
from sterefo_core.video_codecs import CODECS, CONTAINERS, Codec
from sterefo_core.video_encoder import VideoEncoder

PICTURES = "png"
"""The codec that is a folder of PNG files."""
CODEC_NAMES = (*CODECS, PICTURES)


class Sink(Protocol):
    """What a Writer hands its pictures to, with times in whole ticks of `time_base` seconds."""

    time_base: Fraction

    def write(self, image: np.ndarray, ticks: int) -> None:
        """Append one picture."""


class Writer:
    """Takes pictures one after the other; made by `open_writer`.

    Args:
        target: what errors call the result.
        sink: where the pictures go.
    """

    def __init__(self, target: Path, sink: Sink) -> None:
        self._target, self._sink = target, sink
        self._shape: tuple[int, ...] | None = None
        self._start_s = self._last_s = 0.0
        self._ticks = -1

    def write(self, image: np.ndarray, timestamp_s: float) -> None:
        """Append one picture.

        Args:
            image: `(H, W, 3)` uint8 RGB, all of the size of the first one. It may be changed afterwards.
            timestamp_s: when it is shown; only the distances to the first picture matter.

        Raises:
            ExportError: another size, a time that is not later than the last one, a full disk.
        """
        if self._shape is None:
            self._shape, self._start_s = image.shape, timestamp_s
        if image.shape != self._shape:
            sizes = "{1}x{0} pixels, the ones before it {4}x{3}".format(*image.shape, *self._shape)
            raise ExportError(f"cannot write {self._target}: a picture has {sizes}")
        ticks = round((timestamp_s - self._start_s) / self._sink.time_base)
        if ticks <= self._ticks:
            raise ExportError(
                f"cannot write {self._target}: a picture at {timestamp_s:g} s follows one at {self._last_s:g} s; "
                "the times of the source must ascend"
            )
        with writing(self._target):
            self._sink.write(image, ticks)
        self._ticks, self._last_s = ticks, timestamp_s

    def check_not_empty(self) -> None:
        """Raise ExportError where nothing was written."""
        if self._shape is None:
            raise ExportError(f"cannot write {self._target}: there is no picture to write")


@contextmanager
def open_writer(
    path: Path,
    codec: str = "h264",
    *,
    quality: int | None = None,
    audio: Path | None = None,
    audio_start_s: float = 0.0,
) -> Iterator[Writer]:
    """Open a video (or a folder of PNG files) for writing; what was at `path` is replaced when the block ends.

    Everything is written to `<name>.part` beside it, which is removed when the block raises, Ctrl-C included. The same
    pictures give the same bytes.

    Args:
        path: the file, whose suffix names the container, or for "png" the folder.
        codec: one of CODEC_NAMES. "ffv1" and "png" keep every bit, "prores" is for cutting.
        quality: constant rate factor of h264, hevc (0..51) and av1 (0..63), 0 being the best; None for a good default.
        audio: file whose sound is taken over, or None. A folder of pictures has none.
        audio_start_s: the time in `audio`, counted from its first picture, that is heard with the first one written.

    Raises:
        ExportError: codec, name or quality do not fit, or `path` cannot be written.
    """
    _check(path, codec, quality)
    sink = _pictures(path) if codec == PICTURES else _video(path, CODECS[codec], quality, audio, audio_start_s)
    with sink as opened:
        writer = Writer(path, opened)
        yield writer
        writer.check_not_empty()


def _check(path: Path, codec: str, quality: int | None) -> None:
    if codec not in CODEC_NAMES:
        raise ExportError(f"there is no codec {codec!r}: choose one of {', '.join(CODEC_NAMES)}")
    if codec == PICTURES and path.suffix:
        raise ExportError(f"cannot write {path}: {codec} writes a folder, whose name must be without {path.suffix}")
    if codec != PICTURES and path.suffix.lower() not in CODECS[codec].suffixes:
        raise ExportError(f"cannot write {path}: {codec} needs a name ending in {' or '.join(CODECS[codec].suffixes)}")
    if quality is None:
        return
    accepted = None if codec == PICTURES else CODECS[codec].quality
    if accepted is None:
        raise ExportError(f"{codec} has no quality to choose: leave it out")
    if not 0 <= quality <= accepted[1]:
        raise ExportError(f"a quality of {quality} is outside what {codec} has: 0 (best) to {accepted[1]}")


@contextmanager
def _pictures(path: Path) -> Iterator[Sink]:
    with part_folder(path) as part:
        yield PictureWriter(part)


@contextmanager
def _video(path: Path, codec: Codec, quality: int | None, audio: Path | None, audio_start_s: float) -> Iterator[Sink]:
    with part_file(path) as part:
        with writing(path):
            encoder = VideoEncoder(part, codec, CONTAINERS[path.suffix.lower()], quality)
        try:
            with writing(path):
                if audio:
                    encoder.add_sound(audio, audio_start_s)
            yield encoder
            with writing(path):
                encoder.finish()
        except BaseException:
            encoder.abandon()
            raise
