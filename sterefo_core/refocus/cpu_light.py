"""CPU kernel of the second stage: the light of all pixels, sorted by the row and slice in which it is spread."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sterefo_core.refocus.cpu_plan import LEVELS, STEPS

GROUP_ROWS = 1 << (LEVELS - 1)
"""Rows of the full size that are sorted together: one row of the smallest size."""


class Surfaces(NamedTuple):
    """What is seen: `(H, W, 3)` uint8 image, signed radius in px, its slice, and the rim that goes on behind it."""

    image: np.ndarray
    linear: np.ndarray
    radius: np.ndarray
    slot: np.ndarray
    rim: np.ndarray


class Light(NamedTuple):
    """Points of light. Those of a row and slice k are `starts[row, k] : ends[row, k]`, from left to right.

    Attributes:
        colour: `(4 N,)` float32 premultiplied colour and coverage.
        column: `(N,)` px of the level; beyond the borders too, where the picture goes on.
        disk: `(N,)` index into the plan's.
        starts, ends: `(rows of all levels, S)`; the rows of level n are `base[n] : base[n + 1]`.
    """

    colour: np.ndarray
    column: np.ndarray
    disk: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    base: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def sort_light(surfaces, plan, group, position, light, sums):
    """Put the light of one group of rows into `light`, from `position` on.

    `sums` is scratch: `(S, W + GROUP_ROWS, 5)` zeros, colour, coverage and radius of a row of every slice. Pixels of
    a slice that fall into the same pixel of its level are added up there.
    """
    width = surfaces.rim.shape[1]
    for row in range(group * GROUP_ROWS, (group + 1) * GROUP_ROWS):
        _add_up(surfaces, plan, row, sums)
        for k in range(plan.low.size):
            level = plan.level[k]
            to = light.base[level] + (row >> level)
            if ((row + 1) & ((1 << level) - 1)) == 0 and to < light.base[level + 1]:
                light.starts[to, k] = position
                position = _emit(plan, k, sums[k], -(-width >> level), light, position)
                light.ends[to, k] = position


@njit(nogil=True, error_model="numpy")
def _add_up(surfaces, plan, row, sums):
    """Add a row's pixels, and what they hide, to the sums of their slices.

    A pixel between two slices is divided between them, linearly in the square of the radius. Rows and columns that
    are missing from the last pixel of a reduced size are repeated.
    """
    image, linear, rim = surfaces.image, surfaces.linear, surfaces.rim
    radii, slots = surfaces.radius, surfaces.slot
    low, high, levels = plan.low, plan.high, plan.level
    height, width = rim.shape
    y = min(row, height - 1)
    for column in range(-(-width // GROUP_ROWS) * GROUP_ROWS):
        x = min(column, width - 1)
        full_size = row < height and column < width
        source = y * width + x
        while source >= 0:
            v, u = source // width, source % width
            k, radius = slots[v, u], radii[v, u]
            nearer = np.float32(0)
            if radius > high[k]:
                below, above = high[k] * abs(high[k]), low[k + 1] * abs(low[k + 1])
                nearer = (radius * abs(radius) - below) / (above - below)
            for i in range(k, k + 1 + (nearer > 0)):
                weight = nearer if i > k else 1 - nearer
                if full_size or levels[i] > 0:
                    at = column >> levels[i]
                    for c in range(3):
                        sums[i, at, c] += weight * linear[image[v, u, c]]
                    sums[i, at, 3] += weight
                    sums[i, at, 4] += weight * min(max(radius, low[i]), high[i])
            source = rim[y, x] if source == y * width + x else -1


@njit(nogil=True)
def _emit(plan, k, sums, columns, light, position):
    """Write a row's points of light, those at the border as often as they are seen beyond it; empties `sums`."""
    low, high, disk_of, rows, level = plan.low[k], plan.high[k], plan.disk_of, plan.rows, plan.level[k]
    share = np.float32(1) / (1 << (2 * level))
    for column in range(columns):
        if sums[column, 3] == 0:
            continue
        radius = min(max(sums[column, 4] / sums[column, 3], low), high)
        disk = disk_of[level, int(abs(radius) * STEPS + np.float32(0.5))]
        begin = -rows[disk] if column == 0 else column
        end = column + rows[disk] if column == columns - 1 else column
        for at in range(begin, end + 1):
            for c in range(4):
                light.colour[4 * position + c] = share * sums[column, c]
            light.column[position], light.disk[position] = at, disk
            position += 1
        for c in range(5):
            sums[column, c] = 0
    return position
