"""The cameras that are plugged in, and what they can do, found without taking them from whoever uses them."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2

_LINUX_DEVICES = Path("/sys/class/video4linux")
_LINUX_NAMES = Path("/dev/v4l/by-id")
_PROBED = 8  # indices on systems that tell no names

# linux/videodev2.h: requests that only ask, which a driver answers while another program has the camera.
_ENUMERATE_FORMATS, _ENUMERATE_SIZES = 0xC0405602, 0xC02C564A
_FORMAT, _SIZE = struct.Struct("=3I32s5I"), struct.Struct("=3I6I2I")
_CAPTURE, _DISCRETE = 1, 1
_MOST = 256  # formats, and sizes of each


@dataclass(frozen=True)
class CameraDevice:
    """A camera that is plugged in.

    Attributes:
        device: how an address names it: "0" in "camera:0".
        name: what its maker or its driver calls it.
        sizes: of the pictures that it offers, the largest first; empty where it does not say.
    """

    device: str
    name: str
    sizes: tuple[tuple[int, int], ...] = ()


def list_devices() -> list[CameraDevice]:
    """The cameras of this computer. Elsewhere than on Linux each is opened for a moment, which may light its lamp."""
    if sys.platform == "linux":
        return list(linux_devices(_LINUX_DEVICES))
    return list(_probed_devices())


def linux_devices(folder: Path) -> Iterator[CameraDevice]:
    """The cameras that the kernel lists in `folder`; nodes that carry no pictures (index above 0) are left out."""
    if not folder.is_dir():
        return
    for entry in sorted(folder.glob("video*"), key=lambda entry: int(entry.name.removeprefix("video") or 0)):
        with suppress(OSError, ValueError):
            if int((entry / "index").read_text()) == 0:
                name = (entry / "name").read_text(errors="replace").strip()
                yield CameraDevice(entry.name.removeprefix("video"), name, _sizes_of(Path("/dev") / entry.name))


def own_name(path: Path) -> str | None:
    """The name that Linux gives to the camera at "/dev/video0" wherever it is plugged in, made of its serial number."""
    with suppress(OSError):
        links = sorted(_LINUX_NAMES.iterdir())
        return next((link.name for link in links if link.resolve() == path.resolve()), None)
    return None


def _sizes_of(path: Path) -> tuple[tuple[int, int], ...]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:  # not allowed, or gone
        return ()
    try:
        sizes = {size for pixels in _formats(descriptor) for size in _sizes_in(descriptor, pixels)}
    finally:
        os.close(descriptor)
    return tuple(sorted(sizes, key=lambda size: size[0] * size[1], reverse=True))


def _formats(descriptor: int) -> Iterator[int]:
    for index in range(_MOST):
        answer = _asked(descriptor, _ENUMERATE_FORMATS, _FORMAT, index, _CAPTURE)
        if answer is None:
            return
        yield answer[4]


def _sizes_in(descriptor: int, pixels: int) -> Iterator[tuple[int, int]]:
    for index in range(_MOST):
        answer = _asked(descriptor, _ENUMERATE_SIZES, _SIZE, index, pixels)
        if answer is None or answer[2] != _DISCRETE:
            return
        yield answer[3], answer[4]


def _asked(descriptor: int, request: int, layout: struct.Struct, *first: int) -> tuple | None:
    """The driver's answer to a request that begins with these numbers; None after the last."""
    import fcntl  # on Linux only

    question = bytearray(layout.size)
    struct.pack_into(f"={len(first)}I", question, 0, *first)
    with suppress(OSError):
        fcntl.ioctl(descriptor, request, question)
        return layout.unpack(question)
    return None


def _probed_devices() -> Iterator[CameraDevice]:
    for index in range(_PROBED):
        capture = cv2.VideoCapture(index)
        if capture.isOpened():
            size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
            yield CameraDevice(str(index), f"camera {index}", (size,))
        capture.release()
