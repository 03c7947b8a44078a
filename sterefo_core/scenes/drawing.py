"""Anti-aliased drawing of flat shapes in linear light."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

_FINER = 4  # drawn this many times finer, then averaged: 17 x 17 levels of coverage at edges
_FRACTION_BITS = 4

Colour = Sequence[float] | np.ndarray
Points = Sequence[Sequence[float] | np.ndarray] | np.ndarray


class Drawing:
    """A transparent picture on which shapes are painted over one another.

    Coordinates are in the caller's units, x right and y down, from the top left corner; `scale` is pixels per unit.
    Colours are linear RGB and may exceed 1.
    """

    def __init__(self, width: float, height: float, scale: float = 1.0) -> None:
        self._size = (max(round(width * scale), 1), max(round(height * scale), 1))
        self._scale = scale * _FINER
        self._canvas = np.zeros((self._size[1] * _FINER, self._size[0] * _FINER, 4), np.float32)

    def polygon(self, points: Points, colour: Colour) -> None:
        """Fill the polygon through `points`, `(n, 2)`; it may be concave."""
        fixed = np.round((np.asarray(points) * self._scale - 0.5) * 2**_FRACTION_BITS).astype(np.int32)
        cv2.fillPoly(self._canvas, [fixed], (*map(float, colour), 1.0), cv2.LINE_8, _FRACTION_BITS)

    def rectangle(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def ellipse(self, x: float, y: float, half_width: float, half_height: float, colour: Colour) -> None:
        """Fill an upright ellipse around (x, y)."""
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        self.polygon(np.stack([x + half_width * np.cos(angle), y + half_height * np.sin(angle)], axis=1), colour)

    def stroke(self, points: Points, width: float, colour: Colour, end_width: float | None = None) -> None:
        """Draw a line through `points` with round joints, tapering to `end_width`."""
        path = np.asarray(points, dtype=np.float64)
        widths = np.linspace(width, width if end_width is None else end_width, len(path))
        for (start, end), (first, last) in zip(pairwise(path), pairwise(widths), strict=True):
            across = np.array([start[1] - end[1], end[0] - start[0]]) / max(float(np.hypot(*(end - start))), 1e-9) / 2
            self.polygon(
                [start + across * first, end + across * last, end - across * last, start - across * first], colour
            )
            self.ellipse(end[0], end[1], last / 2, last / 2, colour)
        self.ellipse(path[0, 0], path[0, 1], widths[0] / 2, widths[0] / 2, colour)

    def texture(self) -> np.ndarray:
        """The picture as a premultiplied `(h, w, 4)` float32 texture."""
        return cv2.resize(self._canvas, self._size, interpolation=cv2.INTER_AREA)
