"""Flat surfaces in a world of metres, seen by a pinhole stereo camera: how they become layers.

World axes: X right, Y down, Z forward, as the camera looks; the camera does not turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np

from sterefo_core.scenes.layers import Layer
from sterefo_core.types import Calibration

Vector = Sequence[float] | np.ndarray
_NEAREST_M = 1.2  # surfaces are cut off here, in front of the camera
_EDGE_ON = 1e-6  # a surface seen from its edge shows nothing
_SHARPER = 0.6  # of the reduction that would rule aliasing out, seen along the steepest direction
_BAND_RATIO = 1.6  # of depths within one piece of a receding surface: one texture resolution must do for all of it


class Surface:
    """A premultiplied `(h, w, 4)` texture that keeps itself in coarser sizes, so that far away it does not alias."""

    def __init__(self, texture: np.ndarray) -> None:
        self.texture = np.ascontiguousarray(texture, dtype=np.float32)
        self._coarser: dict[tuple[int, int], np.ndarray] = {(0, 0): self.texture}

    def reduced(self, across: float, down: float) -> np.ndarray:
        """The texture made smaller by about these factors, each rounded to a power of two, at least 1."""
        key = (max(round(np.log2(max(across, 1))), 0), max(round(np.log2(max(down, 1))), 0))
        if key not in self._coarser:
            height, width = self.texture.shape[:2]
            size = (max(round(width / 2 ** key[0]), 1), max(round(height / 2 ** key[1]), 1))
            self._coarser[key] = cv2.resize(self.texture, size, interpolation=cv2.INTER_AREA)
        return self._coarser[key]


@dataclass(frozen=True)
class Camera:
    """The left eye: where it is, in metres, and its calibration (with a disparity offset of 0)."""

    position: tuple[float, float, float]
    calibration: Calibration

    @cached_property
    def matrix(self) -> np.ndarray:
        """`(3, 3)` projection from metres around the camera to homogeneous pixels."""
        c = self.calibration
        return np.array([[c.focal_px, 0, c.cx_px], [0, c.focal_px, c.cy_px], [0, 0, 1]])

    def flat(
        self, surface: Surface, corner: Vector, across: Vector, down: Vector, object_id: int = 0
    ) -> Iterator[Layer]:
        """The layer of a surface whose texture's columns run from `corner` along `across`, its rows along `down`.

        Nothing where it comes closer than a step in front of the camera; vectors in metres.
        """
        yield from self._piece(surface, np.stack([across, down, np.subtract(corner, self.position)], axis=1), object_id)

    def receding(self, surface: Surface, corner: Vector, across: Vector, length_m: float) -> Iterator[Layer]:
        """Layers, far to near, of a surface whose texture's rows run forward from `corner` for `length_m` metres."""
        start = np.subtract(corner, self.position)
        nearest, farthest = max(start[2], _NEAREST_M), start[2] + length_m
        count = max(int(np.ceil(np.log(farthest / nearest) / np.log(_BAND_RATIO))), 1) if farthest > nearest else 0
        ends = np.geomspace(farthest, nearest, count + 1) - start[2] if count else np.empty(0)
        frame = np.stack([across, (0, 0, length_m), start], axis=1)
        for far, near in pairwise(ends) if count else ():
            yield from self._piece(surface, frame, 0, near / length_m, far / length_m)

    def _piece(
        self, surface: Surface, frame: np.ndarray, object_id: int, first: float = 0.0, last: float = 1.0
    ) -> Iterator[Layer]:
        """The layer of rows `first` to `last` (0..1) of a surface; the columns of `frame`: across, down, corner."""
        corners = frame @ np.array([[0, 1, 1, 0], [first, first, last, last], [1, 1, 1, 1]])
        to_left = self.matrix @ frame  # of (across, down, 1), times the distance Z
        if corners[2].min() < _NEAREST_M * 0.999 or abs(np.linalg.det(to_left)) < _EDGE_ON:
            return
        from_left = np.linalg.inv(to_left)
        rates = _texels_per_pixel(to_left, from_left, (first + last) / 2) * surface.texture.shape[1::-1]
        texture = surface.reduced(*(_SHARPER * rates))
        rows, columns = texture.shape[:2]
        above, below = max(int(first * rows) - 2, 0), min(int(np.ceil(last * rows)) + 2, rows)  # 2 rows of overlap
        unit = np.array([[1 / columns, 0, 0.5 / columns], [0, 1 / rows, (above + 0.5) / rows], [0, 0, 1]])
        # Of the three rows, this is the one whose product with a pixel is in proportion to 1 / Z.
        a, b, c = from_left[2] * (self.calibration.focal_px * self.calibration.baseline_m)
        yield Layer(texture[above:below], to_left @ unit, (float(a), float(b), float(c)), object_id)


def _texels_per_pixel(to_left: np.ndarray, from_left: np.ndarray, down: float) -> np.ndarray:
    """How fast (across, down) runs over the picture at the middle of the piece, in whichever direction is faster."""
    pixel = to_left @ (0.5, down, 1)
    place = from_left @ (pixel / pixel[2])
    return np.abs((from_left[:2, :2] - place[:2, None] / place[2] * from_left[2, :2]) / place[2]).max(axis=1)
