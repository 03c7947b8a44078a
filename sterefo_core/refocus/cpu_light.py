"""CPU kernel of the second stage: the light of all pixels, sorted by the row and slice in which it is spread."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sterefo_core.refocus.cpu_cats_eye import light_through, opening, seen_from
from sterefo_core.refocus.cpu_plan import slice_of


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
def sort_light(surfaces, plan, barrel, group, position, light, sums):
    """Put the light of a group of rows, those of one row of the smallest size, into `light` from `position` on.

    `sums` is scratch: `(S, W + 4, 5)` zeros, colour, coverage and radius of a row of every slice. Pixels of
    a slice that fall into the same pixel of its level are added up there.
    """
    width = surfaces.radius.shape[1]
    filled = np.zeros((plan.low.size, 2), np.int64)
    filled[:, 0] = width
    together = 1 << (light.base.size - 2)
    for row in range(group * together, (group + 1) * together):
        _add_up(surfaces, plan, row, -(-width // together) * together, sums, filled)
        for k in range(plan.low.size):
            level = plan.level[k]
            to = light.base[level] + (row >> level)
            if ((row + 1) & ((1 << level) - 1)) == 0 and to < light.base[level + 1]:
                light.starts[to, k] = position
                if filled[k, 1] > 0:
                    size = -(-width >> level)
                    position = _emit(plan, k, sums[k], filled[k], size, barrel, row >> level, light, position)
                filled[k] = width, 0
                light.ends[to, k] = position


@njit(nogil=True, error_model="numpy")
def _add_up(surfaces, plan, row, columns, sums, filled):
    """Add a row's light, visible, of nearer neighbours and hidden, to the sums of its slices.

    The columns that are `filled[k, 0] <= column < filled[k, 1]` then. Rows and columns that are missing from the last
    pixel of a reduced size are repeated; those of pixels beyond the last are left out.
    """
    image, linear, radii, slot = surfaces.image, surfaces.linear, surfaces.radius, surfaces.slot
    share, clean, rim, hidden = surfaces.share, surfaces.clean, surfaces.rim, surfaces.hidden
    height, width = rim.shape
    y = min(row, height - 1)
    for column in range(columns):
        x = min(column, width - 1)
        red, green, blue = linear[image[y, x, 0]], linear[image[y, x, 1]], linear[image[y, x, 2]]
        k, part = np.int64(slot[y, x]), share[y, x]
        if part > 0:
            own, left = clean[y, x], 1 - part
            front = red - left * own[0], green - left * own[1], blue - left * own[2]
            _add(plan, k, row, column, height, width, front, part, own[3], sums, filled)
            red, green, blue = own[0], own[1], own[2]
        _add(plan, k, row, column, height, width, (red, green, blue), np.float32(1), radii[y, x], sums, filled)
        if rim[y, x] >= 0:
            behind = hidden[y, x]
            light = behind[0], behind[1], behind[2]
            _add(plan, k, row, column, height, width, light, np.float32(1), behind[3], sums, filled)


@njit(inline="always")
def _add(plan, k, row, column, height, width, light, cover, radius, sums, filled):
    """Add one surface's light to the sums; between two slices it is divided, linearly in the square of the radius."""
    low, high = plan.low, plan.high
    k = slice_of(low, radius, k)
    nearer = np.float32(0)
    if radius > high[k] and k + 1 < low.size:  # a mean radius may be rounded to above the last
        below, above = high[k] * abs(high[k]), low[k + 1] * abs(low[k + 1])
        nearer = (radius * abs(radius) - below) / (above - below)
    for i in range(k, k + 1 + (nearer > 0)):
        weight = nearer if i > k else 1 - nearer
        level = plan.level[i]
        at = column >> level
        if at << level < width and row >> level << level < height:
            filled[i, 0] = min(filled[i, 0], at)
            filled[i, 1] = max(filled[i, 1], at + 1)
            sums[i, at, 0] += weight * light[0]
            sums[i, at, 1] += weight * light[1]
            sums[i, at, 2] += weight * light[2]
            sums[i, at, 3] += weight * cover
            sums[i, at, 4] += weight * cover * min(max(radius, low[i]), high[i])


@njit(nogil=True, error_model="numpy")
def _emit(plan, k, sums, filled, columns, barrel, row, light, position):
    """Write a row's points of light, those at the border as often as they are seen beyond it; empties `sums`.

    They are as bright as the aperture is open there, whatever the barrel will cut from their disks.
    """
    low, high, rows, level, in_front = plan.low[k], plan.high[k], plan.rows, plan.level[k], plan.low[k] > 0
    disk_of = plan.disk_of[int(in_front), level]
    for column in range(filled[0], filled[1]):
        if sums[column, 3] == 0:
            continue
        radius = min(max(sums[column, 4] / sums[column, 3], low), high)
        disk = disk_of[int(abs(radius) * plan.steps + np.float32(0.5))]
        share = np.float32(1) / (1 << (2 * level))
        if barrel.shift > 0:
            seen = seen_from(barrel, column, row, level, in_front)
            through = light_through(plan, disk, seen, barrel.squeeze) if rows[disk] > 0 else np.float32(1)
            share *= opening(seen) / through
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
