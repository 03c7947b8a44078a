"""The ground that things stand on, found in a disparity map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from sterefo_core.types import DisparityMap

FLAT = 0.12
"""What is less than this share of the camera's height above the plane is ground."""
NOISE_PX = 1.0
"""Disparities that matching is trusted to tell apart."""
SKY_PX = 1.0
"""No disparity to speak of."""
_LEAST_RISE = 4.0  # px from the top to the bottom of the picture: less is a wall


@dataclass(frozen=True)
class Ground:
    """The plane d = a y + b x + c on which things stand, px; a > 0: it comes nearer downwards."""

    a: float
    b: float
    c: float

    def at(self, x: Any, y: Any) -> Any:
        """Disparity of the plane at one position or at arrays of them, px; 0 or less above its horizon."""
        return self.a * y + self.b * x + self.c

    def thing_height(self, x: float, y: float) -> float:
        """Height in px of a thing as high as the camera that stands at this place."""
        return max(self.at(x, y) / self.a, 0.0)

    def foot(self, disparity: float, x: float) -> float:
        """Row where a thing of this disparity touches the ground."""
        return (disparity - self.b * x - self.c) / self.a


def find_ground(disparity: DisparityMap) -> Ground | None:
    """The plane that most of the lower picture lies on, or None where there is none: a wall, a close-up, a table."""
    height, width = disparity.values.shape
    rows, columns = np.mgrid[height // 3 : height : max(height // 90, 1), 0 : width : max(width // 100, 1)]
    seen = disparity.valid[rows, columns] & (disparity.values[rows, columns] > SKY_PX)
    x, y, d = columns[seen].astype(np.float32), rows[seen].astype(np.float32), disparity.values[rows, columns][seen]
    if d.size < 100:
        return None
    ground = _voted(y, d, height)
    for _ in range(3):
        near = np.abs(d - ground.at(x, y)) < np.maximum(FLAT / 2 * d, NOISE_PX)
        if near.sum() < 50:
            return None
        points = np.stack([y[near], x[near], np.ones(near.sum(), np.float32)], axis=1)
        ground = Ground(*map(float, np.linalg.lstsq(points, d[near], rcond=None)[0]))
    if ground.a * height < _LEAST_RISE:
        return None
    before = ground.at(x, y) > SKY_PX
    rest = d[before] - ground.at(x[before], y[before])
    tolerance = np.maximum(FLAT * d[before], NOISE_PX)
    flat, below = np.abs(rest) < tolerance, rest < -tolerance
    return ground if flat.mean() > 0.25 and below.mean() < 0.15 else None


def _voted(y: np.ndarray, d: np.ndarray, height: int) -> Ground:
    """The level plane d = a (y - y0) through most points of the v-disparity (Labayrade 2002), every row one vote."""
    levels = 128
    counts = np.zeros((height, levels), np.float32)
    np.add.at(counts, (y.astype(int), np.minimum(d.astype(int), levels - 1)), 1)
    used = np.flatnonzero(counts.any(axis=1))
    shares = cv2.blur(counts[used] / counts[used].sum(axis=1, keepdims=True), (3, 1))
    horizons, slopes = np.linspace(-0.2, 0.7, 46) * height, np.geomspace(10, 250, 48) / height
    lines = slopes[:, None] * (used - horizons[:, None, None])
    inside = (lines > SKY_PX) & (lines < levels - 1)
    votes = (shares[np.arange(used.size), np.clip(lines, 0, levels - 1).astype(int)] * inside).sum(axis=2)
    horizon, slope = np.unravel_index(int(votes.argmax()), votes.shape)
    a = float(slopes[slope])
    return Ground(a, 0.0, -a * float(horizons[horizon]))
