"""Encoding pictures and sound into one file by FFmpeg."""

from __future__ import annotations

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from sterefo_core.audio_track import AudioTrack
from sterefo_core.errors import ExportError
from sterefo_core.video_codecs import THREADS, Codec, Container
from sterefo_core.video_pixels import frame_from_rgb

os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 prints its settings on stderr, past FFmpeg's log, unless told here

_ALONE_S = Fraction(1, 25)  # how long a video of a single picture lasts
_SLOWEST, _FASTEST = Fraction(1), Fraction(240)  # pictures a second that every encoder accepts as a hint


class VideoEncoder:
    """Writes pictures with their times to one file.

    One picture is always held back: how long it is shown is known only when the next one comes.

    Args:
        path: the file; its name says nothing of its format.
        codec, container: what to write.
        quality: constant rate factor; None for the codec's default.
    """

    def __init__(self, path: Path, codec: Codec, container: Container, quality: int | None) -> None:
        self._path, self._codec = path, codec
        self.time_base = Fraction(1, container.ticks_per_s)
        # Without bitexact Matroska gets random identifiers; the same pictures shall give the same bytes.
        formatting = {"movflags": "+faststart", "fflags": "+bitexact"} | container.options
        self._output = av.open(path.absolute(), "w", format=container.name, container_options=formatting)
        options = codec.options_at(quality)
        stream = self._output.add_stream(codec.encoder, options=options, time_base=self.time_base)
        assert isinstance(stream, VideoStream)
        self._stream = stream
        self._stream.codec_context.thread_count = THREADS
        if codec.tag:
            self._stream.codec_context.codec_tag = codec.tag
        self._sound: AudioTrack | None = None
        self._held: VideoFrame | None = None
        self._held_since = 0
        self._duration = round(_ALONE_S / self.time_base)
        self._durations: dict[int | None, int] = {}

    def add_sound(self, audio: Path, start_s: float) -> None:
        """Add the sound of a file, `start_s` of it being heard with the first picture. Call it before `write`."""
        self._sound = AudioTrack(self._output, audio, start_s)

    def mark(self, **tags: str) -> None:
        """Say in the file what it shows, by FFmpeg's names of tags. Call it before `write`."""
        self._stream.metadata.update(tags)

    def write(self, image: np.ndarray, ticks: int) -> None:
        """Append `(H, W, 3)` uint8 RGB, shown from `ticks` x `time_base` seconds on: 0 first, then ascending."""
        if min(image.shape[:2]) < self._codec.smallest_px:
            least = self._codec.smallest_px
            raise ExportError(
                f"{self._codec.encoder} needs pictures of at least {least}x{least} px: take another codec"
            )
        frame = frame_from_rgb(image, self._codec.pixel_format)
        frame.pts, frame.time_base = ticks, self.time_base
        if self._held:
            self._encode(self._held, ticks)
        self._held, self._held_since = frame, ticks

    def finish(self) -> None:
        """Complete the file after at least one picture; the last one is shown as long as the one before it."""
        assert self._held
        self._encode(self._held, self._held_since + self._duration)
        self._mux(self._stream.encode(None))
        if self._sound:
            self._sound.finish()
            self._sound.close()
        self._output.close()

    def abandon(self) -> None:
        """Remove the file and give back the encoder, whatever state they are in."""
        self._path.unlink(missing_ok=True)  # first: what is thrown away need not be completed
        if self._sound:
            self._sound.close()
        with suppress(OSError, av.FFmpegError):
            self._output.close()

    def _encode(self, frame: VideoFrame, until: int) -> None:
        self._duration = self._durations[frame.pts] = until - self._held_since
        if not self._stream.codec_context.is_open:
            self._describe(frame)
        self._mux(self._stream.encode(frame))
        if self._sound:
            self._sound.mux_until(until * self.time_base)

    def _describe(self, frame: VideoFrame) -> None:
        """Tell the encoder and the container what only the first picture says."""
        context = self._stream.codec_context
        context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
        context.framerate = min(max(1 / (self._duration * self.time_base), _SLOWEST), _FASTEST)
        context.colorspace, context.color_range = frame.colorspace, frame.color_range
        context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc

    def _mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts)
            self._output.mux(packet)
