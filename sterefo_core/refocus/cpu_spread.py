"""CPU kernel of the last stage: bands of rows, into which every slice spreads its light, near to far."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sterefo_core.refocus.cpu_cats_eye import cut_row, opening, outline_of, seen_from
from sterefo_core.refocus.cpu_lanes import add_pair, add_twice, blend4, roots4

BAND_ROWS = 16
_EMPTY = np.float32(1e-6)
_HIDDEN = np.float32(1e-4)
"""Where nearer slices leave less than this of what lies behind, nothing more is added."""
_ONE, _ZERO = np.float32(1), np.float32(0)


class Band(NamedTuple):
    """One thread's work space for a band of B rows and W columns. Flat float32 but for the first two and the last.

    Attributes:
        through: `(B, W)` how much of what lies behind the slices so far is seen.
        nearer: `(B, W)` coverage of the slice before, the next nearer one.
        picture: premultiplied colour and coverage so far, 4 to a pixel.
        spread: light of one slice, rows of `stride` floats of which the first `margin` belong left of the picture.
        above, across: one row between two of a reduced size, and that row at full size.
        roots: uint32, where the table of bytes is looked up for one finished row, 4 to a pixel.
    """

    through: np.ndarray
    nearer: np.ndarray
    picture: np.ndarray
    spread: np.ndarray
    above: np.ndarray
    across: np.ndarray
    roots: np.ndarray


@njit(cache=True, nogil=True)
def render_band(top, light, plan, barrel, band, margin, bytes_of_root, result):
    """Render rows `top .. top + BAND_ROWS` of `result`."""
    height, width = result.shape[:2]
    stride = 4 * width + 2 * margin
    rows = min(BAND_ROWS, height - top)
    band.through[:] = 1
    band.nearer[:] = 0
    band.picture[:] = 0
    for k in range(plan.low.size - 1, -1, -1):
        level = plan.level[k]
        first = (top >> level) - (level > 0)
        last = ((top + rows - 1) >> level) + (level > 0)
        left, right = _spread(k, level, first, last, light, plan, barrel, band.spread, stride, margin)
        for y in range(rows):
            if left >= right:
                band.nearer[y] = 0
            elif level == 0:
                _composite(band, y, band.spread, y * stride + margin, max(left, 0), min(right, width))
            else:
                _enlarge(band, top + y, level, first, stride, margin, left, right)
                half = 1 << (level - 1)
                begin, end = max(2 * half * left - half, 0), min(2 * half * right + half, width)
                _composite(band, y, band.across, 0, begin, end)
    for y in range(rows):
        _finish(band.picture, y * width * 4, bytes_of_root, band.roots, result[top + y])


@njit(nogil=True)
def _spread(k, level, first, last, light, plan, barrel, spread, stride, margin):
    """Draw the disks of slice k into rows `first..last` of its level; returns the columns that they touch."""
    column, starts, stops = light.column, light.starts, light.ends
    base, rows = light.base[level], light.base[level + 1] - light.base[level]
    reach = plan.reach[k]
    left, right = np.int64(1 << 40), np.int64(-(1 << 40))
    for v in range(first - reach, last + reach + 1):
        row = base + min(max(v, 0), rows - 1)
        if starts[row, k] < stops[row, k]:
            left = min(left, column[starts[row, k]] - reach)
            right = max(right, column[stops[row, k] - 1] + reach + 2)
    if left >= right:
        return left, right
    for y in range(last - first + 1):
        start = y * stride + margin
        spread[start + 4 * (left - 1) : start + 4 * (right + 1)] = 0
    for v in range(first - reach, last + reach + 1):
        row = base + min(max(v, 0), rows - 1)
        points = starts[row, k], stops[row, k]
        _draw(k, v, first, last, points, light, plan, barrel, spread, stride, margin)
    for y in range(last - first + 1):
        start = y * stride + margin
        for x in range(left + 1, right):
            blend4(spread, start + 4 * x, spread, start + 4 * x - 4, _ONE, _ONE)
        if barrel.shift > 0:
            _even_out(y + first, level, barrel, spread, start, left, right)
    return left, right


@njit(inline="always")
def _draw(k, v, first, last, points, light, plan, barrel, spread, stride, margin):
    """Draw the disks of some of slice k's points, all in row v, into rows `first..last`.

    Points side by side with the same disk, most of them, are drawn together.
    """
    column, disk, ends, edges = light.column, light.disk, plan.ends, plan.edges
    i, stop = points
    while i < stop:
        n, begun = plan.rows[disk[i]], i
        i += 1
        if barrel.shift > 0 and n > 0:
            _add_cut(k, v, first, last, begun, light, plan, barrel, spread, stride, margin)
            continue
        while i < stop and disk[i] == disk[begun] and column[i] - column[begun] == i - begun:
            i += 1
        centre = plan.first[disk[begun]] + n - v
        centre_at = margin + 4 * column[begun]
        for y in range(max(v - n, first), min(v + n, last) + 1):
            at = (y - first) * stride + centre_at
            for side in range(2):
                to = at + ends[centre + y, side]
                rise, next_rise = edges[centre + y, 2 * side], edges[centre + y, 2 * side + 1]
                _add_run(spread, to, light.colour, 4 * begun, i - begun, rise, next_rise)


@njit(inline="always")
def _add_run(spread, to, colour, start, points, first, second):
    """Add points that lie side by side to a row: `first` of each at its place, and `second` on the next pixel."""
    blend4(spread, to, colour, start, first, _ONE)
    last = 4 * (points - 1)
    for at in range(4, last, 8):
        add_pair(spread, to + at, colour, start + at, first, second)
    if last % 8:
        blend4(spread, to + last, colour, start + last, first, _ONE)
        blend4(spread, to + last, colour, start + last - 4, second, _ONE)
    blend4(spread, to + last + 4, colour, start + last, second, _ONE)


@njit(nogil=True, error_model="numpy")
def _even_out(row, level, barrel, spread, start, left, right):
    """Make a row of a level as bright as if the barrel did not darken the corners."""
    for x in range(left, right):
        brighter = _ONE / opening(seen_from(barrel, x, row, level, False))
        blend4(spread, start + 4 * x, spread, start + 4 * x, brighter, _ZERO)


@njit(nogil=True, error_model="numpy")
def _add_cut(k, v, first, last, i, light, plan, barrel, spread, stride, margin):
    """Add point of light i in row v of slice k, as far as the barrel lets it through, to rows `first..last`."""
    disk, n, in_front = light.disk[i], plan.rows[light.disk[i]], plan.low[k] > 0
    seen = seen_from(barrel, light.column[i], v, plan.level[k], in_front)
    outline = outline_of(plan.drawn[disk], seen, barrel.squeeze)
    middle = plan.first[disk] + n
    for row in range(max(v - n, first), min(v + n, last) + 1):
        at = middle + row - v
        begin, end = cut_row(plan, at, row - v, outline)
        rise, start = plan.spans[2, at], (row - first) * stride + margin + 4 * light.column[i]
        if end <= begin:
            continue
        for place, step in ((begin, rise), (end, -rise)):
            whole = int(place + np.float32(n + 1)) - (n + 1)  # the floor, without a call
            inside = place - np.float32(whole)
            add_twice(spread, start + 4 * whole, light.colour, 4 * i, step * (_ONE - inside), step * inside)


@njit(nogil=True)
def _enlarge(band, y, level, first, stride, margin, left, right):
    """Row y of the full size from the slice at a reduced size, by linear interpolation, into `band.across`."""
    side, width = 1 << level, band.through.shape[1]
    place = np.float32((y + 0.5) / side - 0.5 - first)
    row = int(place)
    start = row * stride + margin
    for x in range(left - 1, right + 1):
        blend4(band.above, margin + 4 * x, band.spread, start + 4 * x, 1 - (place - row), _ZERO)
        blend4(band.above, margin + 4 * x, band.spread, start + stride + 4 * x, place - row, _ONE)
    for x in range(left - 1, right):
        for u in range(side):
            share = np.float32((u + 0.5) / side)
            to = x * side + side // 2 + u
            if 0 <= to < width:
                blend4(band.across, 4 * to, band.above, margin + 4 * x, 1 - share, _ZERO)
                blend4(band.across, 4 * to, band.above, margin + 4 * x + 4, share, _ONE)


@njit(nogil=True)
def _composite(band, y, light, start, begin, end):
    """Put columns `begin .. end` of a slice's row behind what is nearer, by the definition's rule (`layers.over`)."""
    through, nearer = band.through[y], band.nearer[y]
    base = y * through.size * 4
    nearer[:begin] = 0
    nearer[end:] = 0
    for x in range(begin, end):
        coverage = light[start + 4 * x + 3]
        if coverage < _EMPTY or through[x] < _HIDDEN:
            nearer[x] = 0
        else:
            room = max(coverage, 1 - nearer[x])
            blend4(band.picture, base + 4 * x, light, start + 4 * x, through[x] / room, _ONE)
            through[x] *= 1 - coverage / room
            nearer[x] = coverage


@njit(nogil=True)
def _finish(picture, start, bytes_of_root, roots, result):
    """One row of bytes: what coverage is missing is divided out, and light is encoded by the table of its root."""
    steps = np.float32(bytes_of_root.size - 1)
    for x in range(result.shape[0]):
        roots4(roots, 4 * x, picture, start + 4 * x, _EMPTY, steps)
    for x in range(result.shape[0]):
        for c in range(3):
            result[x, c] = bytes_of_root[roots[4 * x + c]]
