"""One video file, frame by frame: frame i has the same bits however it was reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.sources.video_index import KeyFrame, read_index
from sterefo_core.sources.video_layout import RAW_TITLE, STEREO_MODES
from sterefo_core.video_pixels import rgb_from_frame


class VideoFile:
    """The first video stream of a file.

    Opening reads the whole file once, without decoding, to learn when each frame is shown. Reading goes on from the
    frame before where that is quicker than starting anew at a key frame.

    Attributes:
        path: the file.
        codec: name of its format: "h264".
        size: width and height in pixels.
        has_audio: whether it has an audio stream too.
        layout: where the file itself says that two views lie; None where it does not say.
        is_raw: whether it says that its pairs still need rectifying.

    Raises:
        SourceError: the file is missing, no video, or has not one frame that can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._container, self._stream = _open(path)
        context = self._stream.codec_context
        self.codec: str = context.codec.canonical_name
        self.size: tuple[int, int] = (context.width, context.height)
        mode = self._stream.metadata.get("stereo_mode")
        self.layout = next((layout for layout, name in STEREO_MODES.items() if name == mode), None)
        self.is_raw = self._stream.metadata.get("title") == RAW_TITLE
        self.has_audio = bool(self._container.streams.audio)
        self._index = read_index(self._container, self._stream)
        self._shown: tuple[int, VideoFrame] | None
        self._run_start: int
        self._run: Iterator[tuple[int, VideoFrame]]
        self._begin()
        if not self._index.readable:
            self.close()
            raise SourceError(f"{path} has no frame that can be decoded: copy or convert it again")

    def __len__(self) -> int:
        """Number of frames, those included that a cut-off file promises but does not hold."""
        return len(self._index.ticks)

    def timestamp_s(self, index: int) -> float:
        """Seconds from frame 0 to frame `index`, without decoding. Raises IndexError outside 0..len - 1."""
        self._check(index)
        return self._index.timestamp_s(index)

    def read(self, index: int) -> np.ndarray:
        """Frame `index` as `(H, W, 3)` uint8 RGB.

        Raises:
            IndexError: outside 0..len - 1.
            BadFrameError: the frame is cut off or damaged, or its size is not that of the video.
        """
        self._check(index)
        if index >= self._index.readable:
            raise BadFrameError(f"{self.path} is cut off before frame {index}: copy it again, or export fewer frames")
        if self._shown is None or self._shown[0] != index:
            self._go_to(index)
        assert self._shown is not None
        frame = self._shown[1]
        if (frame.width, frame.height) != self.size:
            raise self._damaged(index)
        return rgb_from_frame(frame)

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._container.close()

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} is outside 0..{len(self) - 1} of {self.path.name}")

    def _damaged(self, index: int) -> BadFrameError:
        return BadFrameError(f"frame {index} of {self.path} is damaged: copy the file again, or export with --skip-bad")

    def _go_to(self, index: int) -> None:
        key = self._index.key_before(index)
        position = self._shown[0] if self._shown else self._run_start
        if index < position or (key and key.number > position + 1):
            self._begin(key)
        while not self._advance_to(index):
            if self._run_start == 0:
                raise self._damaged(index)
            self._begin()  # a container that seeks too far, or a key frame that needs what came before it

    def _advance_to(self, index: int) -> bool:
        for number, frame in self._run:
            self._shown = number, frame
            if number >= index:
                return number == index
        return False

    def _begin(self, key: KeyFrame | None = None) -> None:
        """Start decoding at a key frame, or at the beginning of the file."""
        self._shown = None
        if key is None or key.number == 0 or not self._begin_at(key):
            self._container.close()
            self._container, self._stream = _open(self.path)
            self._run_start, self._run = 0, self._decoded()

    def _begin_at(self, key: KeyFrame) -> bool:
        """Start decoding at `key` or a key frame before it; False where that is none.

        A stream that is refreshed strip by strip (H.264 intra refresh) marks as key frames where a refresh begins. The
        first picture shown is then a later one, when all strips are new, and often wrong in its last bits: such a file
        is decoded from its beginning, from now on at once.
        """
        start = self._seek(key)
        if start is None:
            return False
        run = self._decoded()
        first = next((shown for shown in run if shown[0] >= start), None)
        if first is None or first[0] > start:
            self._index = replace(self._index, keys=[])
            return False
        self._run_start, self._run = start, chain([first], run)
        return True

    def _seek(self, key: KeyFrame) -> int | None:
        """Go to `key` or a key frame before it, and say which; None where the container cannot.

        Some containers seek by presentation time, some by decoding time.
        """
        for ticks in (key.pts, key.dts):
            if ticks is None:
                continue
            try:
                self._container.seek(ticks, stream=self._stream)
                packet = next(self._container.demux(self._stream))
            except (av.FFmpegError, StopIteration):
                continue
            if packet.is_keyframe and packet.pts is not None and packet.pts <= key.pts:
                self._container.seek(ticks, stream=self._stream)
                return (self._index.numbers or {}).get(packet.pts)
        return None

    def _decoded(self) -> Iterator[tuple[int, VideoFrame]]:
        """Frames with their numbers in the order they are shown; damaged ones are left out."""
        packets, counter, numbers = self._container.demux(self._stream), count(), self._index.numbers
        while True:
            try:
                frames = next(packets).decode()
            except StopIteration:
                return
            except av.FFmpegError:
                continue  # after an error of the file itself, `packets` has ended
            for frame in frames:
                number = next(counter) if numbers is None else numbers.get(frame.pts or 0, -1)
                if number >= 0:
                    yield number, frame


def _open(path: Path) -> tuple[InputContainer, VideoStream]:
    try:
        container = av.open(
            path.absolute(), "r", metadata_errors="replace"
        )  # an absolute path is never taken for a protocol such as "a:b"
    except OSError as error:
        raise SourceError(f"cannot open {path}: {error.strerror}") from None
    except av.FFmpegError:
        raise SourceError(f"{path} is no video, or its end was cut off: copy or convert it again") from None
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.codec_context is not None:
            stream.thread_type = "AUTO"
            return container, stream
    container.close()
    raise SourceError(f"{path} has no video stream that can be decoded: choose another file, or convert it")
