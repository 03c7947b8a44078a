# ruff: noqa: N803, PLR0917 (constants are in capitals; kernels have no structures)
"""Triton kernels for the surfaces hidden behind depth edges, as `hidden.py` and `second_view.py` define them."""

from __future__ import annotations

import triton
import triton.language as tl

from sterefo_core.refocus.rules import FARTHER, GAP_PX, SAME_PX
from sterefo_core.refocus.triton_rims import colour_at, neighbour, pixels

_GAP = tl.constexpr(GAP_PX)
_PREFER = tl.constexpr(FARTHER)
_SAME = tl.constexpr(SAME_PX)


@triton.jit
def _take_better(best, least, candidate, here, row, column, radius, width):
    """The candidate rim, where it is hidden here, within the lens's view, and better than the best so far."""
    y, x = candidate >> 16, candidate & 0xFFFF
    behind = here - tl.load(radius + y * width + x, mask=candidate >= 0, other=float("inf"))
    down, across = (y - row).to(tl.float32), (x - column).to(tl.float32)
    apart = tl.sqrt(down * down + across * across)
    cost = apart - _PREFER * behind
    better = (candidate >= 0) & (behind > _GAP) & (apart <= behind + 1) & (cost < least)
    return tl.where(better, candidate, best), tl.where(better, cost, least)


@triton.jit
def flood(
    radius, rims, flooded, step, height, width,
    START: tl.constexpr, HEIGHT: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """One round of jump flooding for the nearest farther rim, y << 16 | x, or -1.

    The first round, START, takes the neighbours themselves; later ones ask the pixels `step` away for theirs.
    """
    row, column = pixels(height, width, HEIGHT, WIDTH)
    here = tl.load(radius + row * width + column)
    best = tl.full([HEIGHT, WIDTH], -1, tl.int32)
    least = tl.full([HEIGHT, WIDTH], float("inf"), tl.float32)
    if not START:
        own = tl.load(rims + row * width + column)
        best, least = _take_better(best, least, own, here, row, column, radius, width)
    for index in tl.static_range(9):
        if index != 4:
            at = neighbour(row, column, index, step, height, width)
            candidate = ((at // width) << 16) | (at % width) if START else tl.load(rims + at)
            best, least = _take_better(best, least, candidate, here, row, column, radius, width)
    tl.store(flooded + row * width + column, best)


@triton.jit
def hide(
    rims, light, radii, disparity, right, decoder, seen, nearest, guess, fixed, height, width,
    WITH_RIGHT: tl.constexpr, HEIGHT: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """Colour `(3, H, W)`, coverage and radius of the second surface: the rim's, or what the right image shows.

    `fixed` becomes 1 where that is not to be smoothed: there is nothing hidden, or the right image shows it.
    """
    row, column = pixels(height, width, HEIGHT, WIDTH)
    pixel, area = row * width + column, height * width
    rim = tl.load(rims + pixel)
    present = rim >= 0
    source = tl.where(present, (rim >> 16) * width + (rim & 0xFFFF), pixel)
    red, green, blue = colour_at(light, source, area)
    unsure = present
    if WITH_RIGHT:
        depth = tl.load(disparity + source)
        at = column - depth
        last = width - 1
        middle = tl.minimum(tl.maximum(tl.floor(at + 0.5), 0.0), last).to(tl.int32)
        line = row * width
        before = tl.maximum(tl.load(seen + line + tl.maximum(middle - 1, 0)), tl.load(seen + line + middle))
        before = tl.maximum(before, tl.load(seen + line + tl.minimum(middle + 1, width - 1)))
        shown = (before <= depth + _SAME) & (at >= 0) & (at <= last - tl.load(nearest))
        whole = tl.minimum(tl.maximum(tl.floor(at), 0.0), tl.maximum(last - 1, 0)).to(tl.int32)
        part = tl.minimum(tl.maximum(at - whole, 0.0), 1.0)
        first = (line + whole) * 3
        second = (line + tl.minimum(whole + 1, last)) * 3
        red = tl.where(shown, _between(right, decoder, first, second, part), red)
        green = tl.where(shown, _between(right, decoder, first + 1, second + 1, part), green)
        blue = tl.where(shown, _between(right, decoder, first + 2, second + 2, part), blue)
        unsure = present & (shown == 0)
    tl.store(guess + pixel, tl.where(present, red, 0.0))
    tl.store(guess + area + pixel, tl.where(present, green, 0.0))
    tl.store(guess + 2 * area + pixel, tl.where(present, blue, 0.0))
    tl.store(light + 7 * area + pixel, present.to(tl.float32))
    tl.store(radii + area + pixel, tl.load(radii + source))
    tl.store(fixed + pixel, (unsure == 0).to(tl.int8))


@triton.jit
def _between(image, decoder, first, second, part):
    """Linear light between two bytes of a picture."""
    one = tl.load(decoder + tl.load(image + first).to(tl.int32))
    return one * (1 - part) + tl.load(decoder + tl.load(image + second).to(tl.int32)) * part


@triton.jit
def smooth(
    guess, smoothed, light, radii, fixed, step, height, width, HEIGHT: tl.constexpr, WIDTH: tl.constexpr
):  # fmt: skip
    """One step of `hidden._smoothed`, from `guess` to `smoothed`, both `(3, H, W)`."""
    row, column = pixels(height, width, HEIGHT, WIDTH)
    pixel, area = row * width + column, height * width
    red, green, blue = colour_at(guess, pixel, area)
    keep = tl.load(fixed + pixel) > 0
    if tl.min(tl.min(keep.to(tl.int32), axis=1), axis=0) == 0:
        here = tl.load(radii + area + pixel)
        total = tl.zeros([HEIGHT, WIDTH], tl.float32)
        mean_r, mean_g, mean_b = total, total, total
        for index in tl.static_range(9):
            near = neighbour(row, column, index, step, height, width)
            weight = 0.25 * (1 + (index // 3 == 1)) * (1 + (index % 3 == 1))
            hidden = tl.where(tl.abs(tl.load(radii + area + near) - here) <= _GAP, weight, 0.0)
            hidden *= tl.load(light + 7 * area + near)
            visible = tl.where(tl.abs(tl.load(radii + near) - here) <= _GAP, weight, 0.0)
            hidden_r, hidden_g, hidden_b = colour_at(guess, near, area)
            visible_r, visible_g, visible_b = colour_at(light, near, area)
            hidden /= tl.maximum(tl.maximum(hidden_r, hidden_g), tl.maximum(hidden_b, 1.0))
            visible /= tl.maximum(tl.maximum(visible_r, visible_g), tl.maximum(visible_b, 1.0))
            total += hidden + visible
            mean_r += hidden * hidden_r + visible * visible_r
            mean_g += hidden * hidden_g + visible * visible_g
            mean_b += hidden * hidden_b + visible * visible_b
        total = 1 / tl.maximum(total, 1e-30)
        red = tl.where(keep, red, mean_r * total)
        green = tl.where(keep, green, mean_g * total)
        blue = tl.where(keep, blue, mean_b * total)
    tl.store(smoothed + pixel, red)
    tl.store(smoothed + area + pixel, green)
    tl.store(smoothed + 2 * area + pixel, blue)
