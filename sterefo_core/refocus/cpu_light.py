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
    filled = np.zeros(plan.low.size, np.bool_)
    together = 1 << (light.base.size - 2)
    for row in range(group * together, (group + 1) * together):
        _add_up(surfaces, plan, row, -(-width // together) * together, sums, filled)
        for k in range(plan.low.size):
            level = plan.level[k]
            to = light.base[level] + (row >> level)
            if ((row + 1) & ((1 << level) - 1)) == 0 and to < light.base[level + 1]:
                light.starts[to, k] = position
                if filled[k]:
                    position = _emit(plan, k, sums[k], -(-width >> level), barrel, row >> level, light, position)
                filled[k] = False
                light.ends[to, k] = position


@njit(nogil=True, error_model="numpy")
def _add_up(surfaces, plan, row, columns, sums, filled):
    """Add a row's light, visible, of nearer neighbours and hidden, to the sums of its slices, which are `filled` then.

    Light between two slices is divided between them, linearly in the square of the radius. Rows and columns that
    are missing from the last pixel of a reduced size are repeated; those of pixels beyond the last are left out.
    """
    image, linear, radii, slot = surfaces.image, surfaces.linear, surfaces.radius, surfaces.slot
    share, clean, rim, hidden = surfaces.share, surfaces.clean, surfaces.rim, surfaces.hidden
    low, high, levels = plan.low, plan.high, plan.level
    height, width = rim.shape
    y = min(row, height - 1)
    for column in range(columns):
        x = min(column, width - 1)
        part = share[y, x]
        for surface in range(3):
            k, radius, cover = np.int64(slot[y, x]), radii[y, x], np.float32(1)
            if surface == 2:
                if rim[y, x] < 0:
                    continue
                red, green, blue, radius = hidden[y, x, 0], hidden[y, x, 1], hidden[y, x, 2], hidden[y, x, 3]
            elif surface == 1 and part == 0:
                continue
            else:
                red, green, blue = linear[image[y, x, 0]], linear[image[y, x, 1]], linear[image[y, x, 2]]
                if surface == 1:
                    cover, radius = part, clean[y, x, 3]
                    red -= (1 - part) * clean[y, x, 0]
                    green -= (1 - part) * clean[y, x, 1]
                    blue -= (1 - part) * clean[y, x, 2]
                elif part > 0:
                    red, green, blue = clean[y, x, 0], clean[y, x, 1], clean[y, x, 2]
            k = slice_of(low, radius, k)
            nearer = np.float32(0)
            if radius > high[k] and k + 1 < low.size:  # a mean radius may be rounded to above the last
                below, above = high[k] * abs(high[k]), low[k + 1] * abs(low[k + 1])
                nearer = (radius * abs(radius) - below) / (above - below)
            for i in range(k, k + 1 + (nearer > 0)):
                weight = nearer if i > k else 1 - nearer
                at = column >> levels[i]
                if at << levels[i] < width and row >> levels[i] << levels[i] < height:
                    filled[i] = True
                    sums[i, at, 0] += weight * red
                    sums[i, at, 1] += weight * green
                    sums[i, at, 2] += weight * blue
                    sums[i, at, 3] += weight * cover
                    sums[i, at, 4] += weight * cover * min(max(radius, low[i]), high[i])


@njit(nogil=True, error_model="numpy")
def _emit(plan, k, sums, columns, barrel, row, light, position):
    """Write a row's points of light, those at the border as often as they are seen beyond it; empties `sums`.

    They are as bright as the aperture is open there, whatever the barrel will cut from their disks.
    """
    low, high, rows, level, in_front = plan.low[k], plan.high[k], plan.rows, plan.level[k], plan.low[k] > 0
    disk_of = plan.disk_of[int(in_front), level]
    for column in range(columns):
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
