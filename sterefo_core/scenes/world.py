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
        if corners[2].min() < _NEAREST_M * 0.999:
            return
        height, width = surface.texture.shape[:2]
        pixels = (self.matrix @ corners)[:2] / corners[2]
        top, bottom = np.hypot(*(pixels[:, 1] - pixels[:, 0])), np.hypot(*(pixels[:, 2] - pixels[:, 3]))
        sides = np.hypot(*(pixels[:, 3] - pixels[:, 0])), np.hypot(*(pixels[:, 2] - pixels[:, 1]))
        texture = surface.reduced(
            width / max(np.sqrt(top * bottom), 1e-3), height * (last - first) / max(np.sqrt(sides[0] * sides[1]), 1e-3)
        )
        rows, columns = texture.shape[:2]
        above, below = max(int(first * rows) - 2, 0), min(int(np.ceil(last * rows)) + 2, rows)  # 2 rows of overlap
        unit = np.array([[1 / columns, 0, 0.5 / columns], [0, 1 / rows, (above + 0.5) / rows], [0, 0, 1]])
        yield Layer(texture[above:below], self.matrix @ frame @ unit, self._disparity(frame), object_id)

    def _disparity(self, frame: np.ndarray) -> tuple[float, float, float]:
        """The disparity plane: 1 / Z is linear in the picture, being normal . ray / normal . corner."""
        normal = np.cross(frame[:, 0], frame[:, 1])
        a, b, c = np.linalg.solve(self.matrix.T, normal) / (normal @ frame[:, 2])
        strength = self.calibration.focal_px * self.calibration.baseline_m
        return float(a * strength), float(b * strength), float(c * strength)
