# ruff: noqa: N803, PLR0917 (constants are in capitals; kernels have no structures)
"""The way back of `triton_spread.spread`: a gather over the picture around every point of light."""

from __future__ import annotations

import triton
import triton.language as tl

from sterefo_core.refocus.triton_spread import halves, tap_weight


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
                weight, slope = tap_weight(middle + (y * row_step + x * column_step), within)
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
