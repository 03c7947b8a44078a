"""Portable float maps (PFM), in which SceneFlow and Middlebury store disparities."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from sterefo_core.errors import BadFrameError

_HEADER = re.compile(rb"(P[fF])\s+(\d{1,7})\s+(\d{1,7})\s+([-+]?[0-9.]+(?:[eE][-+]?\d+)?)[ \t\r]*\n")
_LARGEST_HEADER = 200
_REMEDY = "copy it again, or move it away to go on without it"


def read_pfm(path: Path) -> np.ndarray:
    """The map as `(H, W)` float32, first row at the top, the first channel of three. It may hold inf and NaN.

    The sign of the scale tells the order of the bytes; its size is not applied, as by the data sets' own readers.

    Raises:
        BadFrameError: the file is missing, is no PFM, or is cut off.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadFrameError(f"{path} cannot be read ({error.strerror}): {_REMEDY}") from None
    header = _HEADER.match(data[:_LARGEST_HEADER])
    if header is None:
        raise BadFrameError(f"{path} is not a portable float map: {_REMEDY}")
    kind, width, height = header[1], int(header[2]), int(header[3])
    order = "<" if header[4].startswith(b"-") else ">"
    channels = 3 if kind == b"PF" else 1
    count = width * height * channels
    if count == 0 or len(data) - header.end() < 4 * count:
        raise BadFrameError(f"{path} is empty or cut off: {_REMEDY}")
    values = np.frombuffer(data, order + "f4", count, header.end()).reshape(height, width, channels)
    return values[::-1, :, 0].astype(np.float32)


def write_pfm(path: Path, values: np.ndarray) -> None:
    """Write a `(H, W)` map."""
    height, width = values.shape
    path.write_bytes(b"Pf\n%d %d\n-1\n" % (width, height) + values[::-1].astype("<f4").tobytes())
