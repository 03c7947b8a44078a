# ruff: noqa: N803, PLR0917 (constants are in capitals; kernels have no structures)
"""Triton kernels that spread light: forward as a gather over the light around, backward over the picture around."""

from __future__ import annotations

import triton
import triton.language as tl

from sterefo_core.refocus.layers import EMPTY

_BITS = tl.constexpr(23)
_FRACTION = tl.constexpr((1 << 23) - 1)
_ONE = tl.constexpr(0x3F800000)
_NO_ROOM = tl.constexpr(EMPTY)
_COVERED = tl.constexpr(1e-5)
"""What is behind shows through by less than this: the rest of the slices is not looked at."""


@triton.jit
def halves(pair):
    """The two float32 that are read as one int64."""
    first = pair.to(tl.int32).to(tl.float32, bitcast=True)
    return first, (pair >> 32).to(tl.int32).to(tl.float32, bitcast=True)


@triton.jit
def pack(first, second):
    """Two 32-bit numbers as one int64."""
    upper = second.to(tl.int32, bitcast=True).to(tl.int64) << 32
    return upper | (first.to(tl.int32, bitcast=True).to(tl.int64) & 0xFFFFFFFF)


@triton.jit
def _tap(taps, code):
    """Weight of a tap for light of this code, and how it changes with the code's fraction.

    The fraction is taken as the mantissa of a float, 1 ... 2.
    """
    offset, slope = halves(tl.load(taps + (code >> _BITS)))
    return offset + ((code & _FRACTION) | _ONE).to(tl.float32, bitcast=True) * slope, slope


@triton.jit
def find_disks(
    records, ranks, slices, count, middle, stride, surfaces,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """Rank of the largest disk of every surface and slice in every tile of the padded picture."""
    tile = (tl.program_id(2) * tl.num_programs(1) + tl.program_id(1)) * tl.num_programs(0) + tl.program_id(0)
    y = tl.program_id(1) * HEIGHT + tl.arange(0, HEIGHT)[:, None]
    at = y * stride + tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)[None, :]
    plane = (tl.num_programs(1) * HEIGHT * stride).to(tl.int64)
    for surface in range(surfaces):
        code = tl.load(records + (tl.program_id(2) * surfaces + surface) * 2 * plane + at).to(tl.int32)
        lower = code >> _BITS
        upper = tl.where((code & _FRACTION) > 0, lower + 1, lower)
        for index in range(count):
            first = tl.load(slices + index * 7 + 5)
            last = tl.load(slices + index * 7 + 6)
            below = tl.where((lower >= first) & (lower <= last), tl.abs(lower - middle) + 1, 0)
            above = tl.where((upper >= first) & (upper <= last), tl.abs(upper - middle) + 1, 0)
            largest = tl.max(tl.max(tl.maximum(below, above), axis=1), axis=0)
            tl.store(ranks + (tile * surfaces + surface) * count + index, largest)


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
def _slice_light(
    r, g, b, c, records, coverage, plane, stride, reach, chords, taps, slices, ROWS: tl.constexpr
):  # fmt: skip
    """Adds the light of one surface and slice that falls on a block of pixels `(ROWS, WIDTH)`.

    `records` and `coverage` `(1, WIDTH)` point to the light at the block's first row.
    """
    row = tl.arange(0, ROWS)[:, None]
    middle = taps + tl.load(slices)
    row_step = tl.load(slices + 1)
    column_step = tl.load(slices + 2)
    lowest = tl.load(slices + 3)
    highest = tl.load(slices + 4)
    for y in range(-reach, reach + ROWS):
        half = tl.load(chords + y)
        for x in tl.range(-half, half + 1, loop_unroll_factor=2):
            source = y * stride + x
            first, red = halves(tl.load(records + source))
            green, blue = halves(tl.load(records + source + plane))
            code = tl.minimum(tl.maximum(first.to(tl.int32, bitcast=True), lowest), highest)
            weight, _ = _tap(middle + ((row - y) * row_step - x * column_step), code)
            r += weight * red
            g += weight * green
            b += weight * blue
            c += weight * tl.load(coverage + source)
    return r, g, b, c


@triton.jit
def spread(
    records, coverage, ranks, slices, taps, reaches, chords, encoder, out,
    count, margin, height, width, stride, padded_height, left, top, surfaces,
    TILE_HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, RESULT: tl.constexpr,
):  # fmt: skip
    """Spreads the light of all slices, near to far.

    RESULT "slices" stores each, `(B, S, 4, H, W)`; "light" puts them over each other and stores `(B, 3, H, W)`;
    "bytes" stores that as sRGB `(H, W, 3)`. How slices are put over each other: `layers.over`, from near to far.
    """
    batch = tl.program_id(2).to(tl.int64)
    y = tl.program_id(1) * ROWS
    x = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)[None, :]
    rows = y + tl.arange(0, ROWS)[:, None]
    inside = (rows < height) & (x < width)
    pixel = rows * width + x
    area, plane = height * width, padded_height * stride
    at = (y + top) * stride + x + left
    tile = (batch * (tl.cdiv(height, TILE_HEIGHT)) + y // TILE_HEIGHT) * tl.num_programs(0) + tl.program_id(0)
    zero = tl.zeros([ROWS, WIDTH], tl.float32)
    red, green, blue, nearer = zero, zero, zero, zero
    open_part = zero + 1.0
    index = count - 1
    while index >= 0:
        r, g, b, c = zero, zero, zero, zero
        for surface in range(surfaces):
            rank = tl.load(ranks + (tile * surfaces + surface) * count + index)
            which = batch * surfaces + surface
            r, g, b, c = _slice_light(
                r, g, b, c, records + which * 2 * plane + at, coverage + which * plane + at, plane, stride,
                tl.load(reaches + rank), chords + rank * (2 * margin + ROWS) + margin, taps, slices + index * 7, ROWS,
            )  # fmt: skip
        if RESULT == "slices":
            to = out + (batch * count + index) * 4 * area + pixel
            tl.store(to, r, mask=inside)
            tl.store(to + area, g, mask=inside)
            tl.store(to + 2 * area, b, mask=inside)
            tl.store(to + 3 * area, c, mask=inside)
            index -= 1
        else:
            room = tl.maximum(tl.maximum(c, 1 - nearer), _NO_ROOM)
            part = open_part / room
            red += part * r
            green += part * g
            blue += part * b
            open_part *= 1 - c / room
            nearer = c
            index = tl.where(tl.max(tl.max(open_part, axis=1), axis=0) > _COVERED, index - 1, -1)
    if RESULT != "slices":
        whole = 1 / tl.maximum(1 - open_part, _NO_ROOM)
        if RESULT == "bytes":
            to = out + pixel * 3
            tl.store(to, _encoded(red * whole, encoder), mask=inside)
            tl.store(to + 1, _encoded(green * whole, encoder), mask=inside)
            tl.store(to + 2, _encoded(blue * whole, encoder), mask=inside)
        else:
            to = out + batch * 3 * area + pixel
            tl.store(to, red * whole, mask=inside)
            tl.store(to + area, green * whole, mask=inside)
            tl.store(to + 2 * area, blue * whole, mask=inside)


@triton.jit
def _encoded(linear, encoder):
    """sRGB byte by the table over the square root of light."""
    root = tl.sqrt(tl.minimum(tl.maximum(linear, 0.0), 1.0))
    return tl.load(encoder + (root * 4095.0 + 0.5).to(tl.int32))


@triton.jit
def collect(
    records, coverage, ranks, slices, taps, reaches, chords, grad, grad_light, grad_share,
    count, margin, height, width, stride, left, top, surfaces,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """The way back of `spread` with RESULT "slices": every light collects the gradient of the pixels that it fell on.

    `grad` is `(B, S, 4, H, W)`; `grad_light` `(B, V, 4, padded)` and `grad_share` `(B, V, padded)` are written.
    """
    surface = tl.program_id(2) % surfaces
    batch = (tl.program_id(2) // surfaces).to(tl.int64)
    row = tl.program_id(1) * HEIGHT + tl.arange(0, HEIGHT)[:, None]
    column = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)[None, :]
    plane = (tl.num_programs(1) * HEIGHT * stride).to(tl.int64)
    area = height * width
    at = row * stride + column
    which = batch * surfaces + surface
    first, red = halves(tl.load(records + which * 2 * plane + at))
    green, blue = halves(tl.load(records + which * 2 * plane + plane + at))
    code = first.to(tl.int32, bitcast=True)
    cover = tl.load(coverage + which * plane + at)
    tile = (batch * tl.num_programs(1) + tl.program_id(1)) * tl.num_programs(0) + tl.program_id(0)
    zero = tl.zeros([HEIGHT, WIDTH], tl.float32)
    r, g, b, c, share = zero, zero, zero, zero, zero
    for index in range(count):
        rank = tl.load(ranks + (tile * surfaces + surface) * count + index)
        reach = tl.load(reaches + rank)
        middle = taps + tl.load(slices + index * 7)
        row_step = tl.load(slices + index * 7 + 1)
        column_step = tl.load(slices + index * 7 + 2)
        within = tl.maximum(code, tl.load(slices + index * 7 + 3))
        within = tl.minimum(within, tl.load(slices + index * 7 + 4))
        change = zero
        of_slice = grad + (batch * count + index) * 4 * area
        for y in range(-reach, reach + 1):
            half = tl.load(chords + rank * (2 * margin + ROWS) + margin - y)
            for x in range(-half, half + 1):
                to_row, to_column = row - top + y, column - left + x
                inside = (to_row >= 0) & (to_row < height) & (to_column >= 0) & (to_column < width)
                pixel = of_slice + to_row * width + to_column
                weight, slope = _tap(middle + (y * row_step + x * column_step), within)
                to_red = tl.load(pixel, mask=inside, other=0.0)
                to_green = tl.load(pixel + area, mask=inside, other=0.0)
                to_blue = tl.load(pixel + 2 * area, mask=inside, other=0.0)
                to_cover = tl.load(pixel + 3 * area, mask=inside, other=0.0)
                r += weight * to_red
                g += weight * to_green
                b += weight * to_blue
                c += weight * to_cover
                change += slope * (to_red * red + to_green * green + to_blue * blue + to_cover * cover)
        share += tl.where(within == code, change, 0.0)
    to = grad_light + which * 4 * plane + at
    tl.store(to, r)
    tl.store(to + plane, g)
    tl.store(to + 2 * plane, b)
    tl.store(to + 3 * plane, c)
    tl.store(grad_share + which * plane + at, share)
