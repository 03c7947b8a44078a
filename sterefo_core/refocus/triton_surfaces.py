# ruff: noqa: N803, PLR0917 (constants are in capitals; kernels have no structures)
"""Triton kernels that make what is spread of a picture's surfaces."""

from __future__ import annotations

import triton
import triton.language as tl

from sterefo_core.refocus.triton_spread import pack

_BITS = tl.constexpr(23)


@triton.jit
def fill_records(
    light, radii, squares, records, coverage, rungs, height, width, stride, left, top, surfaces,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ABSENT: tl.constexpr,
):  # fmt: skip
    """Records and coverage of the padded picture from light `(B, 4 V, H, W)` and signed radii `(B, V, H, W)`.

    The picture goes on beyond its border by its outermost pixels.
    """
    which = tl.program_id(2).to(tl.int64)
    row = tl.program_id(1) * HEIGHT + tl.arange(0, HEIGHT)[:, None]
    column = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)[None, :]
    y = tl.minimum(tl.maximum(row - top, 0), height - 1)
    x = tl.minimum(tl.maximum(column - left, 0), width - 1)
    area = height * width
    radius = tl.load(radii + which * area + y * width + x)
    square = radius * tl.abs(radius)
    rung = tl.zeros([HEIGHT, WIDTH], tl.int32)
    for index in range(1, rungs - 1):
        rung += (square >= tl.load(squares + index)).to(tl.int32)
    below = tl.load(squares + rung)
    above = tl.load(squares + tl.minimum(rung + 1, rungs - 1))
    share = (square - below) / tl.maximum(above - below, 1e-6)
    share = tl.minimum(tl.maximum(share, 0.0), 1.0)
    code = (rung << _BITS) + (share * 8388608.0 + 0.5).to(tl.int32)
    pixel = light + which * 4 * area + y * width + x
    red = tl.load(pixel)
    green = tl.load(pixel + area)
    blue = tl.load(pixel + 2 * area)
    cover = tl.load(pixel + 3 * area)
    dark = tl.maximum(tl.maximum(tl.abs(red), tl.abs(green)), tl.maximum(tl.abs(blue), cover)) == 0
    at = row * stride + column
    plane = (tl.num_programs(1) * HEIGHT * stride).to(tl.int64)
    tl.store(records + which * 2 * plane + at, pack(tl.where(dark, ABSENT, code), red))
    tl.store(records + which * 2 * plane + plane + at, pack(green, blue))
    tl.store(coverage + which * plane + at, cover)
