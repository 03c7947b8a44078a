"""What the CPU kernels look up: which slice is drawn at which size, and every disk as spans of rows."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from sterefo_core.refocus.iris import DISK, Iris
from sterefo_core.refocus.rules import radius_rungs, slices_of
from sterefo_core.types import Quality

_HALF_FROM_PX = {Quality.PREVIEW: 5.0, Quality.FINAL: math.inf}
"""Slices whose blur is at least this are drawn at half size, and from `_QUARTER` times it on at quarter size."""
_QUARTER = 2.5
LEVELS = 3
"""Level n is drawn at 1 / 2^n of the size."""
_STEPS = 8
"""Disks are tabulated in steps of 1 / 8 px of radius, larger ones in steps of 1 / 64 of the radius."""
_SUBROWS = 32


class Plan(NamedTuple):
    """Tables for one largest radius and quality. Slices, far to near, are S, disks D, rows of all disks R.

    Attributes:
        low, high: `(S,)` float32 signed radius in px of a slice's first and last rung.
        level: `(S,)` the level at which a slice is drawn. reach: `(S,)` rows above and below that its disks touch.
        disk_of: `(2, LEVELS, N)` disk behind and in front of the focal plane, by level and radius in px * `steps`.
        drawn: `(D,)` float32 radius of a disk in px of its level.
        first, rows: `(D,)` a disk's first row among all rows, and how many it has above (and below) its middle one.
        ends: `(R, 2)` where the row's span begins and ends, in floats from the disk's centre pixel, four to a pixel.
        edges: `(R, 4)` float32 rise of the row at its begin and on the next pixel, then the same at its end. Added up
            along the row they are the disk, whose light is 1.
    """

    low: np.ndarray
    high: np.ndarray
    level: np.ndarray
    reach: np.ndarray
    steps: int
    disk_of: np.ndarray
    drawn: np.ndarray
    first: np.ndarray
    rows: np.ndarray
    spans: np.ndarray
    ends: np.ndarray
    edges: np.ndarray


@njit(inline="always")
def slice_of(low, radius, guess):
    """The last slice that does not start above a radius, found from `guess` on: neighbours are mostly in one slice."""
    while guess > 0 and radius < low[guess]:
        guess -= 1
    while guess + 1 < low.size and radius >= low[guess + 1]:
        guess += 1
    return guess


@lru_cache(maxsize=4)
def plan_for(max_radius_px: float, quality: Quality, iris: Iris = DISK) -> Plan:
    """The tables for a lens."""
    rungs = radius_rungs(max_radius_px)
    members = slices_of(rungs)
    low, high = (np.array([rungs[m[end]] for m in members], np.float32) for end in (0, -1))
    half = _HALF_FROM_PX[quality]
    least = np.minimum(abs(low), abs(high))
    level = (least >= half).astype(np.int64) + (least >= half * _QUARTER)
    radii, nearest = _tabulated(max_radius_px)
    drawn = np.concatenate([_drawn(radii, n) for n in range(LEVELS)])
    shapes = [iris] if iris.turnable else [iris, replace(iris, rotation_deg=iris.rotation_deg + 180)]
    of_level = np.stack([nearest + n * len(radii) for n in range(LEVELS)])
    disk_of = np.stack([of_level, of_level + (len(shapes) - 1) * len(drawn)])
    rows = np.maximum(np.ceil(drawn - 0.5), 0).astype(np.int64)
    disks = (_spans(float(r), int(n), shape) for shape in shapes for r, n in zip(drawn, rows, strict=True))
    spans = np.concatenate(list(disks), axis=1)
    drawn, rows = np.tile(drawn, len(shapes)), np.tile(rows, len(shapes))
    first = np.concatenate([[0], np.cumsum(2 * rows + 1)[:-1]])
    steps = np.rint(np.maximum(abs(low), abs(high)) * _STEPS).astype(np.int64)
    reach = rows[of_level[level, steps]]
    drawn, spans, edges = drawn.astype(np.float32), spans.astype(np.float32), _edges(spans)
    return Plan(low, high, level, reach, _STEPS, disk_of, drawn, first, rows, spans, *edges)


def _tabulated(max_radius_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Radii for which there is a disk, and for each radius in steps of 1 / `_STEPS` px the index of the nearest."""
    radii = [0.0]
    while radii[-1] < max_radius_px:
        radii.append(min(radii[-1] + max(1 / _STEPS, radii[-1] / 64), max_radius_px))
    middles = (np.array(radii[1:]) + radii[:-1]) / 2
    steps = np.arange(math.ceil(max_radius_px * _STEPS) + 2) / _STEPS
    return np.array(radii), np.searchsorted(middles, steps)


def _drawn(radius: np.ndarray, level: int) -> np.ndarray:
    """The radius to draw at a level, px of that level, such that everything together spreads light as `radius` does.

    Variances add up: of the disk along one axis, radius^2 / 4; of a pixel, side^2 / 12; of averaging the pixels
    below a large one, (side^2 - 1) / 12; and of linear interpolation back to the full size, side^2 / 6 + 1 / 12.
    """
    side = 2**level
    resampled = (side**2 - 1) / 12 + (side**2 / 6 + 1 / 12 if level else 0.0)
    return np.sqrt(np.maximum(radius**2 - 4 * (resampled + side**2 / 12), 0)) / side


def _spans(radius: float, rows: int, iris: Iris) -> np.ndarray:
    """`Plan.spans` of one disk: each row a span as bright as the disk is high there, and as wide."""
    y = (np.arange((2 * rows + 1) * _SUBROWS) + 0.5) / _SUBROWS - rows - 0.5
    left, right = ((radius * x).reshape(-1, _SUBROWS) for x in iris.chords(y / max(radius, 1e-9)))
    chord = right - left
    area, height = chord.mean(axis=1), np.maximum((chord > 0).mean(axis=1), 1 / _SUBROWS)
    middle = ((left + right) * chord).mean(axis=1) / 2 / np.maximum(area, 1e-9)
    if rows == 0:
        area, height, middle = np.ones(1), np.ones(1), np.zeros(1)
    half = area / height / 2
    return np.stack([0.5 + middle - half, 0.5 + middle + half, height / area.sum()])


def _edges(spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`Plan.ends` and `Plan.edges` of spans."""
    at = np.floor(spans[:2])
    inside = spans[:2] - at
    rise = spans[2] * [[1], [-1]]
    edges = np.stack([rise * (1 - inside), rise * inside], axis=2)  # (2, R, 2)
    return (4 * at.T).astype(np.int64), edges.transpose(1, 0, 2).reshape(-1, 4).astype(np.float32)
