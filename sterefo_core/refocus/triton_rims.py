# ruff: noqa: N803, PLR0917 (constants are in capitals; kernels have no structures)
"""Triton kernels for a picture's visible light: radius, linear light, and outlines unmixed as `rims.py` defines it.

Blocks that stick out of the picture compute its last row and column once more.
"""

from __future__ import annotations

import triton
import triton.language as tl

from sterefo_core.refocus.rules import GAP_PX, RIM_WEIGHT, TRUST

_GAP = tl.constexpr(GAP_PX)
_ON_RIM = tl.constexpr(RIM_WEIGHT)
_DOUBT = tl.constexpr(TRUST)


@triton.jit
def pixels(height, width, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """Rows `(HEIGHT, 1)` and columns `(1, WIDTH)` of this program's block."""
    row = tl.program_id(1) * HEIGHT + tl.arange(0, HEIGHT)[:, None]
    column = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)[None, :]
    return tl.minimum(row, height - 1), tl.minimum(column, width - 1)


@triton.jit
def neighbour(row, column, index, step, height, width):
    """Flat index of one of the 3 x 3 pixels `step` apart; those beyond the border are the border's."""
    y = tl.minimum(tl.maximum(row + (index // 3 - 1) * step, 0), height - 1)
    x = tl.minimum(tl.maximum(column + (index % 3 - 1) * step, 0), width - 1)
    return y * width + x


@triton.jit
def colour_at(planes, index, area):
    """Red, green and blue of `(3, H, W)` at flat indices."""
    return tl.load(planes + index), tl.load(planes + area + index), tl.load(planes + 2 * area + index)


@triton.jit
def measure(
    image, disparity, decoder, settings, lamps, colour, radius, seen, nearest, broken, height, width,
    WITH_RIGHT: tl.constexpr, WITH_LAMPS: tl.constexpr, HEIGHT: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """Linear light `(3, H, W)` of bytes `(H, W, 3)`, and signed radius. `broken` becomes 1 at a bad disparity.

    `settings` are aperture, focus, sharp range, largest radius and the gain of lamps, which is 1 or, WITH_LAMPS, that
    of the pixels where `lamps` is 1. `seen` gets the largest disparity that falls beside each pixel of the right view,
    `nearest` that of all.
    """
    row, column = pixels(height, width, HEIGHT, WIDTH)
    pixel = row * width + column
    depth = tl.load(disparity + pixel)
    finite = tl.abs(depth) < float("inf")
    tl.store(broken + pixel * 0, 1, mask=finite == 0)
    depth = tl.where(finite, depth, 0.0)
    away = depth - tl.load(settings + 1)
    sharp = tl.load(settings + 2)
    away -= tl.minimum(tl.maximum(away, -sharp), sharp)
    largest = tl.load(settings + 3)
    tl.store(radius + pixel, tl.minimum(tl.maximum(tl.load(settings) * away, -largest), largest))
    for channel in tl.static_range(3):
        light = tl.load(decoder + tl.load(image + pixel * 3 + channel).to(tl.int32))
        if WITH_LAMPS:
            light = tl.where(tl.load(lamps + pixel) > 0, light * tl.load(settings + 4), light)
        tl.store(colour + channel * height * width + pixel, light)
    if WITH_RIGHT:
        at = column - depth
        left_tap, right_tap = tl.floor(at), tl.ceil(at)
        line = seen + row * width
        inside = (left_tap >= 0) & (left_tap < width)
        tl.atomic_max(line + tl.where(inside, left_tap, 0.0).to(tl.int32), depth, mask=inside)
        inside = (right_tap >= 0) & (right_tap < width)
        tl.atomic_max(line + tl.where(inside, right_tap, 0.0).to(tl.int32), depth, mask=inside)
        tl.atomic_max(nearest, tl.max(tl.max(depth, axis=1), axis=0))


@triton.jit
def weigh_outlines(radius, trusted, height, width, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """How far each pixel's colour can be trusted to be of one surface: little beside a depth edge."""
    row, column = pixels(height, width, HEIGHT, WIDTH)
    pixel = row * width + column
    here = tl.load(radius + pixel)
    widest = tl.zeros([HEIGHT, WIDTH], tl.float32)
    for index in tl.static_range(9):
        widest = tl.maximum(widest, tl.abs(tl.load(radius + neighbour(row, column, index, 1, height, width)) - here))
    tl.store(trusted + pixel, tl.where(widest > _GAP, _ON_RIM, 1.0))


@triton.jit
def unmix(colour, trusted, light, radii, height, width, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """`rims.unmix_rims`: the first and third surface's light and the third's radius, from the first's radius."""
    row, column = pixels(height, width, HEIGHT, WIDTH)
    pixel, area = row * width + column, height * width
    here = tl.load(radii + pixel)
    zero = tl.zeros([HEIGHT, WIDTH], tl.float32)
    of_front, of_own, front_radius = zero, zero, zero
    front_r, front_g, front_b, own_r, own_g, own_b = zero, zero, zero, zero, zero, zero
    for index in tl.static_range(9):
        if index != 4:
            near = neighbour(row, column, index, 1, height, width)
            there = tl.load(radii + near)
            weight = tl.load(trusted + near)
            front = tl.where(there - here > _GAP, weight, 0.0)
            own = tl.where(tl.abs(there - here) <= _GAP, weight, 0.0)
            red, green, blue = colour_at(colour, near, area)
            of_front += front
            of_own += own
            front_radius += front * there
            front_r += front * red
            front_g += front * green
            front_b += front * blue
            own_r += own * red
            own_g += own * green
            own_b += own * blue
    known = (of_front > 0) & (of_own > 0)
    of_front = 1 / tl.maximum(of_front, 1e-30)
    of_own = 1 / tl.maximum(of_own, 1e-30)
    front_r, front_g, front_b = front_r * of_front, front_g * of_front, front_b * of_front
    own_r, own_g, own_b = own_r * of_own, own_g * of_own, own_b * of_own
    varied = _variance(
        colour, trusted, radii, row, column, height, width,
        front_r, front_g, front_b, of_front, own_r, own_g, own_b, of_own,
    )  # fmt: skip
    red, green, blue = colour_at(colour, pixel, area)
    apart_r, apart_g, apart_b = front_r - own_r, front_g - own_g, front_b - own_b
    contrast = apart_r * apart_r + apart_g * apart_g + apart_b * apart_b
    trust = tl.minimum(tl.maximum(contrast / (_DOUBT * varied + 1e-6) - 1, 0.0), 1.0)
    position = (red - own_r) * apart_r + (green - own_g) * apart_g + (blue - own_b) * apart_b
    share = tl.minimum(tl.maximum(position / tl.maximum(contrast, 1e-9), 0.0), 0.5)
    share = tl.where(known, share * trust, 0.0)
    to = light + pixel
    _store_shares(to, red, front_r, share, area)
    _store_shares(to + area, green, front_g, share, area)
    _store_shares(to + 2 * area, blue, front_b, share, area)
    tl.store(to + 11 * area, share)
    tl.store(radii + 2 * area + pixel, tl.where(known, front_radius * of_front, here))


@triton.jit
def _variance(
    colour, trusted, radii, row, column, height, width,
    front_r, front_g, front_b, of_front, own_r, own_g, own_b, of_own,
):  # fmt: skip
    """How much the colours of both surfaces vary around their means, in squares of light."""
    here = tl.load(radii + row * width + column)
    varied = here * 0.0
    for index in tl.static_range(9):
        if index != 4:
            near = neighbour(row, column, index, 1, height, width)
            gap = tl.load(radii + near) - here
            weight = tl.load(trusted + near)
            red, green, blue = colour_at(colour, near, height * width)
            front = (red - front_r) * (red - front_r) + (green - front_g) * (green - front_g)
            front += (blue - front_b) * (blue - front_b)
            own = (red - own_r) * (red - own_r) + (green - own_g) * (green - own_g) + (blue - own_b) * (blue - own_b)
            varied += tl.where(gap > _GAP, weight * front * of_front, 0.0)
            varied += tl.where(tl.abs(gap) <= _GAP, weight * own * of_own, 0.0)
    return varied


@triton.jit
def _store_shares(to, value, front, share, area):
    """One colour of the farther surface, and of the nearer one's light eight planes on."""
    clean = tl.maximum((value - share * front) / (1 - share), 0.0)
    tl.store(to, clean)
    tl.store(to + 8 * area, value - (1 - share) * clean)
