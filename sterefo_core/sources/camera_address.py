"""Addresses of cameras: which devices, and how they are to be used. Passwords in them never reach a person's eyes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import quote

from sterefo_core.errors import SourceError
from sterefo_core.sources.video_layout import LAYOUTS

PASSWORD_VARIABLE = "STEREFO_CAMERA_PASSWORD"
"""The environment variable whose value stands in for a password that an address leaves out."""

_PREFIX = "camera:"
_URL = re.compile(r"(rtsps?|https?)://", re.IGNORECASE)
_SECOND_DEVICE = re.compile(r",(?=\d+(?:,|$)|/|\w+://)")
# From "//user:" to the last "@" of the device, for a password may hold any sign by mistake; but not "//host:554/".
_PASSWORD = re.compile(r"(?<=://)([^:/?#,]*):(?!\d*(?:[/?#,]|$))(?:(?!,\w+://).)*@", re.DOTALL)
_SECRET_NAME = r"(?i)([?&](?:\w*(?:pass|pwd|token|secret|auth)\w*|key)=)"
_EXAMPLE = "give camera:0, camera:rtsp://host/path or camera:LEFT,RIGHT"


@dataclass(frozen=True)
class CameraAddress:
    """What an address such as "camera:0,2#size=1280x720&fps=30" asks for.

    Attributes:
        devices: one or two of: an index ("0"), a device path or a URL, passwords included.
        layout: where the eyes lie in the picture of one device; "auto" looks at the first picture.
        swap: left and right are the other way round.
        size, fps, exposure: choices that the driver of a device is asked for; None leaves them to it.
        calibration: a file to rectify by (of ROS two, LEFT,RIGHT), instead of what is known of the camera.
        raw: hand over the pictures as they come, not rectified.
    """

    devices: tuple[str, ...]
    layout: str = "auto"
    swap: bool = False
    size: tuple[int, int] | None = None
    fps: float | None = None
    exposure: float | None = None
    calibration: str | None = None
    raw: bool = False

    @property
    def name(self) -> str:
        """What the camera is called in messages: without passwords and options."""
        return _PREFIX + ",".join(redacted(device) for device in self.devices)


def is_camera(address: str) -> bool:
    """Whether an address names cameras rather than files."""
    return address.startswith(_PREFIX) or is_url(address)


def is_url(device: str) -> bool:
    """Whether a device is a stream."""
    return _URL.match(device) is not None


def redacted(address: str) -> str:
    """The address without the passwords in it, of URLs and of their queries; anything else is returned as it is."""
    return re.sub(f"{_SECRET_NAME}[^&#,]*", r"\1", _PASSWORD.sub(r"\1@", address))


def with_password(device: str) -> str:
    """The URL, completed by the password in the environment where it names a user or an empty secret only."""
    password = quote(os.environ.get(PASSWORD_VARIABLE, ""), safe="")
    if not password:
        return device
    device = re.sub(r"(?<=://)([^:/?#@]+)@", lambda user: f"{user[1]}:{password}@", device, count=1)
    return re.sub(f"{_SECRET_NAME}(?=&|$)", lambda name: name[1] + password, device)


def parse_camera(address: str) -> CameraAddress:
    """The address taken apart. Raises SourceError, of one line and without passwords, for anything malformed."""
    devices, _, options = address.removeprefix(_PREFIX).partition("#")
    parts = tuple(_SECOND_DEVICE.split(devices))
    for part in parts:
        _check_device(part, address)
    if len(parts) > 2:
        raise SourceError(f"{redacted(address)} names {len(parts)} cameras: {_EXAMPLE}")
    given = [option.partition("=") for option in options.split("&") if option]
    choices = {name: _choice(name, value if equals else None) for name, equals, value in given}
    found = CameraAddress(parts, **choices)  # type: ignore[arg-type]
    _check_choices(found)
    return found


def _check_device(device: str, address: str) -> None:
    if is_url(device):
        host = device.split("://", 1)[1].rsplit("@", 1)[-1].split("/", 1)[0]
        if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+)(:\d+)?", host):
            raise SourceError(f"{redacted(address)} names no host: {_EXAMPLE}")
    elif not device.isdecimal() and not device.startswith("/"):
        raise SourceError(f"{redacted(address)} names no camera: {_EXAMPLE}")


def _check_choices(found: CameraAddress) -> None:
    if all(is_url(device) for device in found.devices):
        chosen = [name for name in ("size", "fps", "exposure") if getattr(found, name) is not None]
        if chosen:
            raise SourceError(f"{found.name} is a stream: choose its {chosen[0]} on the camera's own page")
    if len(found.devices) == 2 and found.layout != "auto":
        raise SourceError(f"{found.name} are two cameras, which have no layout: leave it out")
    if found.raw and found.calibration:
        raise SourceError(f"{found.name} cannot be raw and follow a calibration: leave one out")


def _choice(name: str, value: str | None) -> object:
    """The value of one option. Raises SourceError."""
    if name in ("swap", "raw"):
        if value is not None:
            raise SourceError(f"the camera option {name} takes no value: write #{name}")
        return True
    try:
        return _PARSERS[name](value or "")
    except KeyError:
        known = ", ".join([*_PARSERS, "swap", "raw"])
        raise SourceError(f"there is no camera option {name[:40]!r}: choose from {known}") from None
    except ValueError:
        raise SourceError(f"the camera option {name}={value or ''} is not understood: {_FORMS[name]}") from None


def _layout(text: str) -> str:
    if text not in LAYOUTS:
        raise ValueError
    return text


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
    if not match:
        raise ValueError
    return int(match[1]), int(match[2])


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate <= 1000:
        raise ValueError
    return rate


def _exposure(text: str) -> float:
    exposure = float(text)
    if not abs(exposure) < 1e9:
        raise ValueError
    return exposure


def _file(text: str) -> str:
    if not text:
        raise ValueError
    return text


_PARSERS = {"layout": _layout, "size": _size, "fps": _rate, "exposure": _exposure, "calibration": _file}
_FORMS = {
    "layout": f"it is {' or '.join(LAYOUTS)}",
    "size": "write WIDTHxHEIGHT, such as 2560x720",
    "fps": "write pictures a second, such as 30",
    "exposure": "write a number in the units of the driver, such as -6",
    "calibration": "give the name of a file",
}
