# ruff: noqa: N803, PLR0917 (constants are in capitals; kernels have no structures)
"""Triton kernels that find the clipped spots of a picture, as `highlights.clipped_spots` defines them.

Touching clipped pixels are joined into trees, each pixel naming one before it, in any order and with the same result:
the root is a spot's first pixel (Playne and Hawick, "A New Algorithm for Parallel Connected-Component Labelling on
GPUs", 2018).
"""

from __future__ import annotations

import triton
import triton.language as tl

from sterefo_core.refocus.highlights import BRIGHT, CLIPPED
from sterefo_core.refocus.triton_rims import pixels

_FULL = tl.constexpr(CLIPPED)
_DAYLIGHT = tl.constexpr(BRIGHT)


@triton.jit
def _any(condition):
    return tl.max(tl.max(condition.to(tl.int32), axis=1), axis=0) > 0


@triton.jit
def _root(parent, at):
    """The root of the trees that pixels belong to, or a pixel on the way there that another program has just joined."""
    up = tl.load(parent + at)
    while _any(up != at):
        at = up
        up = tl.load(parent + at)
    return at


@triton.jit
def start_spots(
    image, parent, first, last, lowest, height, width, HEIGHT: tl.constexpr, WIDTH: tl.constexpr
):  # fmt: skip
    """Every clipped pixel is a spot of its own, of one column and row; `lowest` is -1 where nothing is clipped."""
    row, column = pixels(height, width, HEIGHT, WIDTH)
    pixel = row * width + column
    red = tl.load(image + pixel * 3)
    green = tl.load(image + pixel * 3 + 1)
    blue = tl.load(image + pixel * 3 + 2)
    clipped = (red >= _FULL) & (green >= _FULL) & (blue >= _FULL)
    tl.store(parent + pixel, pixel)
    tl.store(first + pixel, column + pixel * 0)
    tl.store(last + pixel, column + pixel * 0)
    tl.store(lowest + pixel, tl.where(clipped, row, -1))


@triton.jit
def join_spots(parent, lowest, height, width, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """Joins every clipped pixel with those on its left and above."""
    row, column = pixels(height, width, HEIGHT, WIDTH)
    pixel = row * width + column
    clipped = tl.load(lowest + pixel) >= 0
    for index in tl.static_range(4):
        y, x = row - (1 if index else 0), column + (index - 2 if index else -1)
        there = (y >= 0) & (x >= 0) & (x < width)
        other = tl.where(there, y * width + x, pixel)
        joining = clipped & there & (tl.load(lowest + other) >= 0)
        one = _root(parent, tl.where(joining, pixel, 0))
        two = _root(parent, tl.where(joining, other, 0))
        apart = one != two
        while _any(apart):
            later, earlier = tl.maximum(one, two), tl.minimum(one, two)
            before = tl.atomic_min(parent + later, earlier, mask=apart)
            one = _root(parent, tl.where(apart & (before != later), before, earlier))
            two = _root(parent, earlier)
            apart = one != two


@triton.jit
def measure_spots(parent, first, last, lowest, height, width, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """First and last column and lowest row of every spot, at its root; every pixel gets to name its root.

    A spot is as wide as its ends: pixels between them have nothing to say.
    """
    row, column = pixels(height, width, HEIGHT, WIDTH)
    pixel = row * width + column
    clipped = tl.load(lowest + pixel) >= 0
    root = _root(parent, pixel)
    tl.store(parent + pixel, root)
    before = tl.load(lowest + pixel - 1, mask=column > 0, other=-1)
    after = tl.load(lowest + pixel + 1, mask=column < width - 1, other=-1)
    below = tl.load(lowest + pixel + width, mask=row < height - 1, other=-1)
    tl.atomic_min(first + root, column + pixel * 0, mask=clipped & (before < 0))
    tl.atomic_max(last + root, column + pixel * 0, mask=clipped & (after < 0))
    tl.atomic_max(lowest + root, row + pixel * 0, mask=clipped & (below < 0))


@triton.jit
def sum_rows(image, sums, width, BLOCK: tl.constexpr):
    """Green bytes `(H, W, 3)` added up along every row, `(H, W)` int32."""
    row = tl.program_id(0) * width
    carried = tl.program_id(0) * 0
    for start in range(0, width, BLOCK):
        x = start + tl.arange(0, BLOCK)
        green = tl.load(image + (row + x) * 3 + 1, mask=x < width, other=0).to(tl.int32)
        tl.store(sums + row + x, tl.cumsum(green, axis=0) + carried, mask=x < width)
        carried += tl.sum(green, axis=0)


@triton.jit
def sum_columns(sums, height, width, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """The same along every column: then each is the sum of the rectangle above and to the left. It may wrap around."""
    column = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)[None, :]
    carried = tl.zeros([1, WIDTH], tl.int32)
    for start in range(0, height, HEIGHT):
        row = start + tl.arange(0, HEIGHT)[:, None]
        inside = (row < height) & (column < width)
        rows = tl.load(sums + row * width + column, mask=inside, other=0)
        tl.store(sums + row * width + column, tl.cumsum(rows, axis=0) + carried, mask=inside)
        carried += tl.sum(rows, axis=0)[None, :]


@triton.jit
def mark_lamps(
    parent, first, last, lowest, sums, lamps, settings, height, width, HEIGHT: tl.constexpr, WIDTH: tl.constexpr
):  # fmt: skip
    """1 for the pixels of clipped spots that are no wider and no higher than `settings[5]` px, 0 for others.

    And for those in bright surroundings: the box around a spot, and as many px again on all sides.
    """
    row, column = pixels(height, width, HEIGHT, WIDTH)
    pixel = row * width + column
    root = tl.load(parent + pixel)
    largest = tl.load(settings + 5)
    left, right = tl.load(first + root), tl.load(last + root) + 1
    top, bottom = root // width, tl.load(lowest + root) + 1
    lamp = (bottom > 0) & (tl.maximum(right - left, bottom - top) <= largest)
    reach = largest.to(tl.int32)
    left, right = tl.maximum(left - reach, 0), tl.minimum(right + reach, width)
    top, bottom = tl.maximum(top - reach, 0), tl.minimum(bottom + reach, height)
    light = _sum_to(sums, bottom, right, width, lamp) - _sum_to(sums, top, right, width, lamp)
    light += _sum_to(sums, top, left, width, lamp) - _sum_to(sums, bottom, left, width, lamp)
    lamp &= light <= (right - left) * (bottom - top) * _DAYLIGHT
    tl.store(lamps + pixel, lamp.to(tl.int8))


@triton.jit
def _sum_to(sums, row, column, width, asked):
    """The sum of the rectangle above a row and to the left of a column."""
    return tl.load(sums + (row - 1) * width + column - 1, mask=asked & (row > 0) & (column > 0), other=0)
