"""Which frames a video file holds and when each is shown, learnt from its packets without decoding a picture."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream


class KeyFrame(NamedTuple):
    """A frame that decoding can start at: its number, and its presentation and decoding time in ticks."""

    number: int
    pts: int
    dts: int | None


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """The frames of a video stream in the order they are shown.

    Attributes:
        ticks: presentation time of each frame in units of `time_base` seconds, ascending.
        numbers: frame number by presentation time; None where the packets carry no usable presentation times, so that
            a frame can only be found by counting from the beginning.
        keys: where decoding can start, ascending; empty when frames must be counted.
        readable: how many frames from the beginning the file holds; it promises the rest but was cut off.
    """

    ticks: list[int]
    time_base: Fraction
    numbers: dict[int, int] | None
    keys: list[KeyFrame]
    readable: int

    def timestamp_s(self, index: int) -> float:
        """Seconds from frame 0 to frame `index`."""
        return float((self.ticks[index] - self.ticks[0]) * self.time_base)

    def key_before(self, index: int) -> KeyFrame | None:
        """The last key frame shown at or before frame `index`; None when frames must be counted."""
        place = bisect_right(self.keys, index, key=lambda key: key.number)
        return self.keys[place - 1] if place else None


class _Packet(NamedTuple):
    pts: int | None
    dts: int | None
    is_keyframe: bool
    is_discard: bool


def read_index(container: InputContainer, stream: VideoStream) -> FrameIndex:
    """Index `stream` by reading the whole of a freshly opened `container` once.

    `readable` is 0 where the stream has no frame that can be decoded.
    """
    packets = _packets(container, stream)
    shown = [packet for packet in packets if not packet.is_discard]
    times = [packet.pts for packet in shown if packet.pts is not None]
    # AVI stores decoding times only; what FFmpeg derives from them is wrong where frames are reordered.
    reordered_avi = container.format.name == "avi" and stream.codec_context.has_b_frames
    if len(set(times)) < len(shown) or reordered_avi:
        return _counted(times, len(shown), stream)
    keys = {packet.pts: packet.dts for packet in shown if packet.is_keyframe and packet.pts is not None}
    # What is shown before the first key frame of a piece cut out of a longer video refers to what is gone.
    ticks = sorted(time for time in times if keys and time >= next(iter(keys)))
    ticks, readable = _with_promised(ticks, stream, len(packets))
    numbers = {time: number for number, time in enumerate(ticks)}
    known = [KeyFrame(numbers[pts], pts, dts) for pts, dts in sorted(keys.items()) if pts in numbers]
    return FrameIndex(ticks, _time_base(stream), numbers, known, readable)


def _time_base(stream: VideoStream) -> Fraction:
    assert stream.time_base is not None  # only a stream that is being set up for writing has none
    return stream.time_base


def _packets(container: InputContainer, stream: VideoStream) -> list[_Packet]:
    """Every whole packet of the stream, up to the end or to where the file breaks off."""
    packets = []
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_corrupt:
                packets.append(_Packet(packet.pts, packet.dts, packet.is_keyframe, packet.is_discard))
    except av.FFmpegError:
        pass  # what came before it counts
    return packets


def _counted(times: list[int], count: int, stream: VideoStream) -> FrameIndex:
    """The index of a stream whose frames cannot be told apart by time: evenly spaced where times are missing."""
    if len(set(times)) < count:
        step = 1 / ((stream.average_rate or Fraction(25)) * _time_base(stream))
        times = [round(step * number) for number in range(count)]
    return FrameIndex(sorted(times), _time_base(stream), None, [], count)


def _with_promised(ticks: list[int], stream: VideoStream, found: int) -> tuple[list[int], int]:
    """Complete the ticks by the frames that a cut-off file promised; also return how many are certain.

    A missing packet is shown no earlier than it would be decoded: whatever is shown before that moment is complete.
    """
    promised = stream.index_entries
    missing = len(promised) - found
    if missing <= 0:
        return ticks, len(ticks)
    certain = bisect_left(ticks, promised[found].timestamp)
    step = median_low([after - before for before, after in pairwise(ticks)] or [1])
    last = ticks[certain - 1] if certain else 0
    return ticks[:certain] + [last + step * (n + 1) for n in range(len(ticks) - certain + missing)], certain
