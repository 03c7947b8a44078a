# ruff: noqa: N803, PLR0917 (constants are in capitals; kernels have no structures)
"""Triton kernels that note which light is where, so that only what reaches a block of pixels is looked at there."""

from __future__ import annotations

import triton
import triton.language as tl

_BITS = tl.constexpr(23)
_FRACTION = tl.constexpr((1 << 23) - 1)


@triton.jit
def find_disks(
    records, ranks, lines, slices, count, middle, stride, surfaces,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """Rank of the largest disk of every surface and slice in every tile of the padded picture.

    And which slices have light in a tile's line of pixels: `lines` `(B, V, tiles across, padded height)`, by bits.
    """
    tile = (tl.program_id(2) * tl.num_programs(1) + tl.program_id(1)) * tl.num_programs(0) + tl.program_id(0)
    y = tl.program_id(1) * HEIGHT + tl.arange(0, HEIGHT)[:, None]
    at = y * stride + tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)[None, :]
    plane = (tl.num_programs(1) * HEIGHT * stride).to(tl.int64)
    for surface in range(surfaces):
        code = tl.load(records + (tl.program_id(2) * surfaces + surface) * 2 * plane + at).to(tl.int32)
        lower = code >> _BITS
        upper = tl.where((code & _FRACTION) > 0, lower + 1, lower)
        present = tl.zeros([HEIGHT], tl.int64)
        for index in range(count):
            first = tl.load(slices + index * 7 + 5)
            last = tl.load(slices + index * 7 + 6)
            below = tl.where((lower >= first) & (lower <= last), tl.abs(lower - middle) + 1, 0)
            above = tl.where((upper >= first) & (upper <= last), tl.abs(upper - middle) + 1, 0)
            of_line = tl.max(tl.maximum(below, above), axis=1)
            tl.store(ranks + (tile * surfaces + surface) * count + index, tl.max(of_line, axis=0))
            present |= (of_line > 0).to(tl.int64) << tl.minimum(index, 63)
        column = ((tl.program_id(2) * surfaces + surface) * tl.num_programs(0) + tl.program_id(0)).to(tl.int64)
        row = tl.program_id(1) * HEIGHT + tl.arange(0, HEIGHT)
        tl.store(lines + column * tl.num_programs(1) * HEIGHT + row, present)


@triton.jit
def widen_disks(
    ranks, widened, reach, count, tiles_x, tiles_y, around_x, around_y,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The largest disks that reach into each tile of the picture, from the tiles around it."""
    column, row, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    k = tl.arange(0, BLOCK)
    largest = tl.zeros([BLOCK], tl.int32)
    for v in range(-around_y, around_y + 1):
        for u in range(-around_x, around_x + 1):
            tile = (batch * tiles_y + row + around_y + v) * tiles_x + column + around_x + u
            rank = tl.load(ranks + tile * count + k, mask=k < count, other=0)
            gap = tl.maximum((tl.abs(v) - 1) * HEIGHT, (tl.abs(u) - 1) * WIDTH) + 1
            largest = tl.maximum(largest, tl.where(tl.load(reach + rank) >= gap, rank, 0))
    tile = (batch * tl.num_programs(1) + row) * tl.num_programs(0) + column
    tl.store(widened + tile * count + k, largest, mask=k < count)


@triton.jit
def widen_lines(lines, widened, tiles_x, height, around, BLOCK: tl.constexpr):
    """Which slices have light in a line of pixels of a tile of the picture, or of those beside that reach it."""
    row = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = row < height
    present = tl.zeros([BLOCK], tl.int64)
    for u in range(2 * around + 1):
        column = (tl.program_id(2) * tiles_x + tl.program_id(0) + u).to(tl.int64)
        present |= tl.load(lines + column * height + row, mask=inside, other=0)
    column = (tl.program_id(2) * tl.num_programs(0) + tl.program_id(0)).to(tl.int64)
    tl.store(widened + column * height + row, present, mask=inside)
