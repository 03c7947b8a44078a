"""RTSP and other network streams, demuxed and decoded by FFmpeg."""

from __future__ import annotations

from collections import deque
from functools import partial
from time import monotonic

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame

from sterefo_core.sources.camera_reader import SILENT_S, CameraError, Grab
from sterefo_core.video_pixels import rgb_from_frame

_JUMP_S = 2.0  # stream clocks that leap by more were set anew
_PROMPT_WITHIN_S = 5.0  # one of the pictures of so long came without delay; longer, a wrong time would be believed
# A short look at the stream: a long one delays opening. What was looked at is decoded first, from its key frame on.
_OPTIONS = {"rtsp_flags": "prefer_tcp", "analyzeduration": "500000", "fpsprobesize": "0"}


class StreamReader:
    """A camera whose stream FFmpeg reads.

    Args:
        url: "rtsp://user:password@host/path" or another network address that FFmpeg knows.

    Raises:
        CameraError: nobody answers, or there is no video.
    """

    refused = ""

    def __init__(self, url: str) -> None:
        try:
            # A read that is given up in the midst of a packet loses its place in the stream: none is, before the end.
            self._container: InputContainer = av.open(url, "r", options=_OPTIONS, timeout=SILENT_S)
        except (OSError, av.FFmpegError, ValueError) as error:  # the text of these errors has the password in it
            raise _fault(error) from None
        if not self._container.streams.video:
            self._container.close()
            raise CameraError("it sends no video")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "SLICE"  # by frames, each thread would add a picture's delay
        self._packets = self._container.demux()  # sound, too: waiting for pictures alone has no end while sound comes
        self._clock = _StreamClock()
        self._interrupted = False

    def grab(self) -> Grab:
        """The next picture, marked with the moment at which it was taken as far as the stream tells."""
        give_up_s = monotonic() + SILENT_S
        while not self._interrupted:
            packet = self._next_packet()
            arrived_s = monotonic()
            if frames := self._decoded(packet):
                seconds = frames[-1].time
                captured_s = arrived_s if seconds is None else self._clock.captured_s(seconds, arrived_s)
                return Grab(captured_s, partial(rgb_from_frame, frames[-1]))
            if arrived_s > give_up_s:
                raise _silent()
        raise CameraError("it was closed")

    def interrupt(self) -> None:
        """The next picture ends the wait, or the end of a reader's patience."""
        self._interrupted = True

    def close(self) -> None:
        """End the connection."""
        self._container.close()

    def _next_packet(self) -> Packet:
        try:
            return next(self._packets)
        except StopIteration:
            raise CameraError("the stream ended") from None
        except av.ExitError:
            raise _silent() from None
        except (OSError, av.FFmpegError) as error:
            raise _fault(error) from None

    def _decoded(self, packet: Packet) -> list[VideoFrame]:
        if packet.stream_index != self._stream.index:
            return []
        try:
            return packet.decode()
        except av.FFmpegError:
            return []  # what was lost on the way is mended by the next key frame


class _StreamClock:
    """Tells when a picture was taken: by the stream's own times, set by the pictures that came the most promptly."""

    def __init__(self) -> None:
        self._offsets: deque[tuple[float, float]] = deque()  # when pictures came, and how far that is from their times

    def captured_s(self, stream_s: float, arrived_s: float) -> float:
        """The arrival, corrected by how much later than the promptest of the latest pictures this one came."""
        offset_s = arrived_s - stream_s
        if self._offsets and abs(offset_s - self._least_s()) > _JUMP_S:
            self._offsets.clear()
        self._offsets.append((arrived_s, offset_s))
        while self._offsets[0][0] < arrived_s - _PROMPT_WITHIN_S:
            self._offsets.popleft()
        return stream_s + self._least_s()

    def _least_s(self) -> float:
        return min(offset_s for _, offset_s in self._offsets)


def _silent() -> CameraError:
    return CameraError(f"it has sent no picture for {SILENT_S:g} s")


def _fault(error: Exception) -> CameraError:
    match error:
        case av.HTTPUnauthorizedError() | av.HTTPForbiddenError():
            return CameraError("it does not let this user in", final=True)
        case av.HTTPNotFoundError():
            return CameraError("it has nothing at this path", final=True)
        case ConnectionRefusedError():
            return CameraError("nobody answers at its address")
        case _:
            return CameraError("no stream comes from it")
