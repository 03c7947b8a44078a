"""The shape of the aperture, which every point of light out of focus takes.

A disk or a polygon of straight blades; squeezed by an anamorphic lens; cut by the lens's barrel towards the corners of
the picture. Behind the focal plane it is seen as it is, in front of it turned by half a turn: rays cross in focus.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sterefo_core.lens import Lens

_OUTLINE_POINTS = 1440


@dataclass(frozen=True)
class Iris:
    """An aperture inscribed in the unit disk, as it is seen of light behind the focal plane.

    Attributes:
        blades: number of corners, 0 for a disk. Blades leave out what is beyond their edges, as real ones do.
        rotation_deg: turn of the first corner from the right, clockwise in the picture.
        roundness: 0 for straight blades to 1 for a disk.
        squeeze: how many times narrower all of it is made.
        cut: centre (x, y), before the squeeze, of a second unit disk that leaves out what is beyond it.
    """

    blades: int = 0
    rotation_deg: float = 0.0
    roundness: float = 0.0
    squeeze: float = 1.0
    cut: tuple[float, float] = (0.0, 0.0)

    @property
    def turnable(self) -> bool:
        """Whether half a turn leaves the shape as it is."""
        return self.blades % 2 == 0 and self.cut == (0.0, 0.0)

    def edge(self, angle: np.ndarray) -> np.ndarray:
        """Distance from the centre to the blades, 0..1, in a direction (radians, clockwise from the right)."""
        if not self.blades:
            return np.ones_like(angle)
        sector = 2 * np.pi / self.blades
        from_middle = (angle - np.deg2rad(self.rotation_deg)) % sector - sector / 2
        straight = np.cos(sector / 2) / np.cos(from_middle)
        return straight + self.roundness * (1 - straight)

    def contains(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether points `(x, y)`, arrays that broadcast, lie within the shape, but for the cut."""
        wide = x * self.squeeze
        within = self.edge(np.arctan2(y, wide)) if self.blades else 1.0
        return wide**2 + y**2 <= within**2

    def spares(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether the cut leaves points `(x, y)`, arrays that broadcast, as they are."""
        return (x * self.squeeze - self.cut[0]) ** 2 + (y - self.cut[1]) ** 2 <= 1

    def chords(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Left and right end, but for the cut, of the horizontal chord at heights `y`; 0 above and below the shape."""
        if not self.blades:
            half = np.sqrt(np.maximum(1 - y**2, 0)) / self.squeeze
            return -half, half
        angle = np.linspace(0, 2 * np.pi, _OUTLINE_POINTS, endpoint=False)
        distance = self.edge(angle)
        heights, places = distance * np.sin(angle), distance * np.cos(angle) / self.squeeze
        order = np.argsort(heights)
        middle = np.interp(heights, heights[order[[0, -1]]], places[order[[0, -1]]])
        inside = (y > heights[order[0]]) & (y < heights[order[-1]])
        sides = (order[places[order] <= middle[order]], order[places[order] >= middle[order]])
        left, right = (np.where(inside, np.interp(y, heights[side], places[side]), 0) for side in sides)
        return left, right


DISK = Iris()


def iris_of(lens: Lens) -> Iris:
    """The aperture's shape of a lens, in the middle of the picture."""
    if not lens.blades:
        return Iris(squeeze=lens.squeeze)
    return Iris(lens.blades, lens.blade_rotation_deg, lens.roundness, lens.squeeze)
