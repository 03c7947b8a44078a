# ruff: noqa: N803, PLR0917 (constants are in capitals; kernels have no structures)
"""Triton kernels that spread light, as a gather over the light around every pixel."""

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
def tap_weight(taps, code):
    """Weight of a tap for light of this code, and how it changes with the code's fraction.

    The fraction is taken as the mantissa of a float, 1 ... 2.
    """
    offset, slope = halves(tl.load(taps + (code >> _BITS)))
    return offset + ((code & _FRACTION) | _ONE).to(tl.float32, bitcast=True) * slope, slope


@triton.jit
def _slice_light(
    index, records, coverage, ranks, lines, line_step, slices, taps, reaches, chords, count, margin, plane,
    stride, surfaces, WIDTH: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """The light of a slice that falls on a block of pixels `(ROWS, WIDTH)`: premultiplied colour, and coverage.

    `records` and `coverage` `(1, WIDTH)`, and `lines`, point to the first surface at the block's first row, `ranks` to
    the tile's. Lines of pixels without light of the slice are left out.
    """
    row = tl.arange(0, ROWS)[:, None]
    middle = taps + tl.load(slices + index * 7)
    row_step = tl.load(slices + index * 7 + 1)
    column_step = tl.load(slices + index * 7 + 2)
    lowest = tl.load(slices + index * 7 + 3)
    highest = tl.load(slices + index * 7 + 4)
    r = tl.zeros([ROWS, WIDTH], tl.float32)
    g, b, c = r, r, r
    for surface in range(surfaces):
        rank = tl.load(ranks + surface * count + index)
        reach = tl.load(reaches + rank)
        of_light = records + surface * 2 * plane
        of_cover = coverage + surface * plane
        for y in range(-reach, reach + ROWS):
            present = (tl.load(lines + surface * line_step + y) >> tl.minimum(index, 63)) & 1
            half = tl.where(present != 0, tl.load(chords + rank * (2 * margin + ROWS) + margin + y), -1)
            for x in tl.range(-half, half + 1, loop_unroll_factor=2):
                source = y * stride + x
                first, red = halves(tl.load(of_light + source))
                green, blue = halves(tl.load(of_light + source + plane))
                code = tl.minimum(tl.maximum(first.to(tl.int32, bitcast=True), lowest), highest)
                weight, _ = tap_weight(middle + ((row - y) * row_step - x * column_step), code)
                r += weight * red
                g += weight * green
                b += weight * blue
                c += weight * tl.load(of_cover + source)
    return r, g, b, c


@triton.jit
def _picture(
    records, coverage, ranks, lines, line_step, slices, taps, reaches, chords, count, margin, plane, stride, surfaces,
    WIDTH: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """A block of the picture: all slices put over each other by the rule of `layers.over`, from near to far."""
    red = tl.zeros([ROWS, WIDTH], tl.float32)
    green, blue, nearer = red, red, red
    open_part = red + 1.0
    index = count - 1
    while index >= 0:
        r, g, b, c = _slice_light(
            index, records, coverage, ranks, lines, line_step, slices, taps, reaches, chords, count, margin, plane,
            stride, surfaces, WIDTH, ROWS,
        )  # fmt: skip
        room = tl.maximum(tl.maximum(c, 1 - nearer), _NO_ROOM)
        part = open_part / room
        red += part * r
        green += part * g
        blue += part * b
        open_part *= 1 - c / room
        nearer = c
        index = tl.where(tl.max(tl.max(open_part, axis=1), axis=0) > _COVERED, index - 1, -1)
    whole = 1 / tl.maximum(1 - open_part, _NO_ROOM)
    return red * whole, green * whole, blue * whole


@triton.jit
def _mixed_picture(
    at_row, at_column, down, across, table, records, coverage, ranks, lines, line_step, slices, taps, reaches, chords,
    count, margin, plane, stride, surfaces, WIDTH: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """The same through apertures of `down * across` shapes, pixels lying at these places of their grid."""
    red = tl.zeros([ROWS, WIDTH], tl.float32)
    green, blue = red, red
    for v in range(_first(at_row), _last(at_row, down) + 1):
        for u in range(_first(at_column), _last(at_column, across) + 1):
            r, g, b = _picture(
                records, coverage, ranks, lines, line_step, slices, taps + (v * across + u) * table, reaches, chords,
                count, margin, plane, stride, surfaces, WIDTH, ROWS,
            )  # fmt: skip
            weight = tl.maximum(1 - tl.abs(at_row - v), 0.0) * tl.maximum(1 - tl.abs(at_column - u), 0.0)
            red += weight * r
            green += weight * g
            blue += weight * b
    return red, green, blue


@triton.jit
def spread(
    records, coverage, ranks, lines, slices, taps, reaches, chords, encoder, out,
    count, margin, height, width, stride, padded_height, left, top, surfaces, down, across, table, per_px, middle_row,
    TILE_HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, RESULT: tl.constexpr, SHAPES: tl.constexpr,
):  # fmt: skip
    """Spreads the light of all slices.

    RESULT "slices" stores each, `(B, S, 4, H, W)`; "light" puts them over each other and stores `(B, 3, H, W)`;
    "bytes" stores that as sRGB `(H, W, 3)`. With SHAPES the aperture has `down * across` shapes on a grid, each of
    them with a `table` of taps, and pictures are mixed between them. `middle_row` is that of the grid.
    """
    batch = tl.program_id(2).to(tl.int64)
    y = tl.program_id(1) * ROWS
    x = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)[None, :]
    rows = y + tl.arange(0, ROWS)[:, None]
    inside = (rows < height) & (x < width)
    pixel = rows * width + x
    area, plane = height * width, padded_height * stride
    at = (y + top) * stride + x + left
    records += batch * surfaces * 2 * plane + at
    coverage += batch * surfaces * plane + at
    tile = (batch * (tl.cdiv(height, TILE_HEIGHT)) + y // TILE_HEIGHT) * tl.num_programs(0) + tl.program_id(0)
    ranks += tile * surfaces * count
    line_step = (tl.num_programs(0) * padded_height).to(tl.int64)
    lines += batch * surfaces * line_step + tl.program_id(0) * padded_height + y + top
    if RESULT == "slices":
        for index in range(count):
            r, g, b, c = _slice_light(
                index, records, coverage, ranks, lines, line_step, slices, taps, reaches, chords, count, margin,
                plane, stride, surfaces, WIDTH, ROWS,
            )  # fmt: skip
            to = out + (batch * count + index) * 4 * area + pixel
            tl.store(to, r, mask=inside)
            tl.store(to + area, g, mask=inside)
            tl.store(to + 2 * area, b, mask=inside)
            tl.store(to + 3 * area, c, mask=inside)
    else:
        if SHAPES:
            red, green, blue = _mixed_picture(
                (tl.minimum(rows, height - 1) - middle_row) * per_px + (down - 1) * 0.5,
                (tl.minimum(x, width - 1) - (width - 1) * 0.5) * per_px + (across - 1) * 0.5, down, across, table,
                records, coverage, ranks, lines, line_step, slices, taps, reaches, chords, count, margin, plane, stride,
                surfaces, WIDTH, ROWS,
            )  # fmt: skip
        else:
            red, green, blue = _picture(
                records, coverage, ranks, lines, line_step, slices, taps, reaches, chords, count, margin, plane, stride,
                surfaces, WIDTH, ROWS,
            )  # fmt: skip
        if RESULT == "bytes":
            to = out + pixel * 3
            tl.store(to, _encoded(red, encoder), mask=inside)
            tl.store(to + 1, _encoded(green, encoder), mask=inside)
            tl.store(to + 2, _encoded(blue, encoder), mask=inside)
        else:
            to = out + batch * 3 * area + pixel
            tl.store(to, red, mask=inside)
            tl.store(to + area, green, mask=inside)
            tl.store(to + 2 * area, blue, mask=inside)


@triton.jit
def _first(places):
    """The first and (below) the last of the places of a grid that count for a block."""
    return tl.maximum(tl.floor(tl.min(tl.min(places, axis=1), axis=0)).to(tl.int32), 0)


@triton.jit
def _last(places, count):
    return tl.minimum(tl.ceil(tl.max(tl.max(places, axis=1), axis=0)).to(tl.int32), count - 1)


@triton.jit
def _encoded(linear, encoder):
    """sRGB byte by the table over the square root of light."""
    root = tl.sqrt(tl.minimum(tl.maximum(linear, 0.0), 1.0))
    return tl.load(encoder + (root * 4095.0 + 0.5).to(tl.int32))
