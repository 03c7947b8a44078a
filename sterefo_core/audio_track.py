"""The sound of a video that is being written: taken over from a file, without loss where the container allows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from sterefo_core.errors import ExportError

_AAC_RATES = (32_000, 44_100, 48_000)
_AAC_BITS_PER_S = 192_000


class AudioTrack:
    """The first audio stream of a file as one more stream of `output`.

    Packets are copied as they are; only where the container cannot hold their codec is the sound encoded to AAC. It is
    cut between packets, about 20 ms long, and inside the range that is asked for, so it stays in time with the picture.

    Args:
        output: before its first packet.
        path: the file. Where it has pictures too, its time is counted from the first of them.
        start_s: the time in the file that is heard at 0 s of the output.

    Raises:
        ExportError: the file cannot be read, or has no sound.
    """

    def __init__(self, output: OutputContainer, path: Path, start_s: float) -> None:
        self._output, self._input = output, _open(path)
        source = self._input.streams.audio[0]
        self._start = _origin_s(self._input) + Fraction(start_s)
        self._encoder: AudioStream | None = None
        self._pieces: Iterator[tuple[Fraction, Packet | AudioFrame]]
        if _fits(output.format.name, path):
            self._pieces = self._packets(source, output.add_stream_from_template(source))
        else:
            rate = source.rate if source.rate in _AAC_RATES else 48_000
            layout = "mono" if source.channels == 1 else "stereo"  # files may leave open which speakers they mean
            self._encoder = output.add_stream("aac", rate=rate, layout=layout, bit_rate=_AAC_BITS_PER_S)
            self._pieces = self._frames(source)
        self._next: tuple[Fraction, Packet | AudioFrame] | None = next(self._pieces, None)

    def mux_until(self, end_s: Fraction) -> None:
        """Write what ends at or before `end_s` of the output."""
        while self._next and self._next[0] <= end_s:
            piece = self._next[1]
            self._output.mux(piece if isinstance(piece, Packet) else self._encoded(piece))
            self._next = next(self._pieces, None)

    def finish(self) -> None:
        """Write what the encoder holds back."""
        self._output.mux(self._encoded(None))

    def close(self) -> None:
        """Close the file that the sound comes from. May be called twice."""
        self._input.close()

    def _encoded(self, frame: AudioFrame | None) -> list[Packet]:
        return self._encoder.encode(frame) if self._encoder else []

    def _packets(self, source: AudioStream, target: AudioStream) -> Iterator[tuple[Fraction, Packet]]:
        for packet in self._demuxed(source):
            offset = round(self._start / packet.time_base)
            if packet.pts is not None and packet.dts is not None and packet.pts >= offset:
                packet.pts, packet.dts, packet.stream = packet.pts - offset, packet.dts - offset, target
                yield (packet.pts + (packet.duration or 0)) * packet.time_base, packet

    def _frames(self, source: AudioStream) -> Iterator[tuple[Fraction, AudioFrame]]:
        for packet in self._demuxed(source):
            frames: list[AudioFrame] = []
            with suppress(av.FFmpegError):  # a damaged packet is a moment of silence
                frames = source.decode(packet)
            offset = round(self._start / packet.time_base)
            for frame in frames:
                if frame.pts is not None and frame.pts >= offset:
                    frame.pts -= offset
                    yield frame.pts * packet.time_base + Fraction(frame.samples, frame.sample_rate), frame

    def _demuxed(self, source: AudioStream) -> Iterator[Packet]:
        with suppress(av.FFmpegError):  # the sound of a file that is cut off ends there, as its pictures do
            yield from self._input.demux(source)


def _open(path: Path) -> InputContainer:
    try:
        container = av.open(path.absolute(), "r", metadata_errors="replace")
    except (OSError, av.FFmpegError) as error:
        raise ExportError(f"cannot read the sound of {path}: {error.strerror}") from None
    if not container.streams.audio:
        container.close()
        raise ExportError(f"cannot read the sound of {path}: it has none")
    return container


def _fits(container: str, path: Path) -> bool:
    """Whether a container takes the sound as it is: tried out, since what FFmpeg's tables promise its muxers refuse."""
    try:
        with closing(_open(path)) as source, closing(av.open(BytesIO(), "w", format=container)) as trial:
            stream = trial.add_stream_from_template(source.streams.audio[0])
            packet = next(source.demux(source.streams.audio[0]))
            packet.stream = stream
            trial.mux(packet)
            trial.close()
    except (ValueError, av.FFmpegError):
        return False
    return True


def _origin_s(container: InputContainer) -> Fraction:
    """When the first picture is shown, or where there is none when the sound begins, on the clock of the file."""
    stream = (*container.streams.video, *container.streams.audio)[0]
    return Fraction((stream.start_time or 0) * (stream.time_base or 0))
