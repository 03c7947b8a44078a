"""One eye of the program: a device or a stream that is grabbed from, picture by picture."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol

import cv2
import numpy as np

from sterefo_core.errors import SourceError
from sterefo_core.sources.camera_address import CameraAddress, is_url, with_password

_ROUNDING = 0.5
SILENT_S = 4.0
"""A stream that gives no picture for so long is given up and opened anew."""


class CameraError(SourceError):
    """A camera that cannot be opened or that stopped; the text is a clause: "the stream ended".

    Attributes:
        final: trying again will not help, so there is nothing to wait for while opening.
    """

    def __init__(self, told: str, final: bool = False) -> None:
        super().__init__(told)
        self.final = final


@dataclass(frozen=True, eq=False)
class Grab:
    """A picture as it came, not decoded: what is never shown costs next to nothing.

    Attributes:
        captured_s: when it was taken, on the clock `time.monotonic`.
        decode: the picture as `(H, W, 3)` uint8 RGB; raises BadFrameError where it is damaged.
    """

    captured_s: float
    decode: Callable[[], np.ndarray]


class Reader(Protocol):
    """An open camera. One thread grabs and closes; `interrupt` may come from any other.

    Attributes:
        refused: what was asked for and is not to be had: "2560x720 pixels"; "" where all is as it was asked for.
    """

    refused: str

    def grab(self) -> Grab:
        """Wait for the next picture. Raises CameraError where none comes any more."""

    def interrupt(self) -> None:
        """Make the `grab` that waits, and all that follow, raise CameraError soon."""

    def close(self) -> None:
        """Give back the connection."""


def open_reader(device: str, wishes: CameraAddress) -> Reader:
    """Open one device or stream of an address. Raises CameraError; waits some seconds at the very most."""
    if not is_url(device):
        return DeviceReader(device, wishes)
    url = with_password(device)
    if url.lower().startswith("http"):
        from sterefo_core.sources.camera_mjpeg import MjpegReader

        reader = MjpegReader(url)
        if reader.is_multipart:
            return reader
        reader.close()
    from sterefo_core.sources.camera_stream import StreamReader

    return StreamReader(url)


class DeviceReader:
    """A camera that OpenCV reads: a USB camera by its index or path.

    The driver is asked for size, rate and exposure, and may choose others.

    Args:
        device: "0" or "/dev/video0".
        wishes: what the driver is asked for.
    """

    def __init__(self, device: str, wishes: CameraAddress) -> None:
        path = Path(f"/dev/video{device}" if device.isdecimal() else device)
        on_linux = sys.platform == "linux"
        if not path.exists() and (on_linux or not device.isdecimal()):
            raise CameraError(f"{path} is not there", final=True)
        backend = cv2.CAP_V4L2 if on_linux and path.is_char_device() else cv2.CAP_ANY
        self._capture = cv2.VideoCapture(int(device) if device.isdecimal() else device, backend)
        if not self._capture.isOpened():
            raise CameraError("it cannot be opened, perhaps because another program has it")
        self._interrupted = False
        self.refused = " and ".join(self._refused(wishes))

    def grab(self) -> Grab:
        """The next picture, marked with the moment at which the driver handed it over."""
        if self._interrupted or not self._capture.grab():
            raise CameraError("it gives no more pictures")
        captured_s = monotonic()
        found, picture = self._capture.retrieve()
        if not found:
            raise CameraError("its pictures cannot be read")
        return Grab(captured_s, lambda: cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))

    def interrupt(self) -> None:
        """The driver gives back the thread with the next picture, or after its own time."""
        self._interrupted = True

    def close(self) -> None:
        """Give the device back."""
        self._capture.release()

    def _refused(self, wishes: CameraAddress) -> Iterator[str]:
        """Ask the driver; what it does not do."""
        # Uncompressed, a USB 2 cable carries a stereo picture only a few times a second.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if wishes.size:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, wishes.size[0])
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wishes.size[1])
            if tuple(map(self._capture.get, (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))) != wishes.size:
                yield "{}x{} pixels".format(*wishes.size)
        if wishes.fps and not self._takes(cv2.CAP_PROP_FPS, wishes.fps):
            yield f"{wishes.fps:g} pictures/s"
        if wishes.exposure is not None:
            self._capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, 1 if sys.platform == "linux" else 0.25)  # by hand
            if not self._takes(cv2.CAP_PROP_EXPOSURE, wishes.exposure):
                yield f"an exposure of {wishes.exposure:g}"

    def _takes(self, what: int, value: float) -> bool:
        """Whether the driver takes this value, give or take its rounding: 29.97 pictures/s are 30."""
        return self._capture.set(what, value) and abs(self._capture.get(what) - value) < _ROUNDING
