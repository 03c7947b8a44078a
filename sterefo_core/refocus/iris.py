"""The shape of the aperture, which every point of light out of focus takes: a disk, or a polygon of straight blades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sterefo_core.types import Lens

_OUTLINE_POINTS = 1440


@dataclass(frozen=True)
class Iris:
    """An aperture inscribed in the unit disk; blades leave out what is beyond their edges, as real ones do.

    Attributes:
        blades: number of corners, 0 for a disk.
        rotation_deg: turn of the first corner from the right, clockwise in the picture.
        roundness: 0 for straight blades to 1 for a disk.
    """

    blades: int = 0
    rotation_deg: float = 0.0
    roundness: float = 0.0

    def edge(self, angle: np.ndarray) -> np.ndarray:
        """Distance from the centre to the edge, 0..1, in a direction (radians, clockwise from the right)."""
        if not self.blades:
            return np.ones_like(angle)
        sector = 2 * np.pi / self.blades
        from_middle = (angle - np.deg2rad(self.rotation_deg)) % sector - sector / 2
        straight = np.cos(sector / 2) / np.cos(from_middle)
        return straight + self.roundness * (1 - straight)

    def chords(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Left and right end of the horizontal chord at heights `y`; both 0 above and below the shape."""
        if not self.blades:
            half = np.sqrt(np.maximum(1 - y**2, 0))
            return -half, half
        angle = np.linspace(0, 2 * np.pi, _OUTLINE_POINTS, endpoint=False)
        distance = self.edge(angle)
        heights, places = distance * np.sin(angle), distance * np.cos(angle)
        order = np.argsort(heights)
        middle = np.interp(heights, heights[order[[0, -1]]], places[order[[0, -1]]])
        inside = (y > heights[order[0]]) & (y < heights[order[-1]])
        sides = (order[places[order] <= middle[order]], order[places[order] >= middle[order]])
        left, right = (np.where(inside, np.interp(y, heights[side], places[side]), 0) for side in sides)
        return left, right


DISK = Iris()


def iris_of(lens: Lens) -> Iris:
    """The aperture's shape of a lens."""
    return Iris(lens.blades, lens.blade_rotation_deg, lens.roundness) if lens.blades else DISK
