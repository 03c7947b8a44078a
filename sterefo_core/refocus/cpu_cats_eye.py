"""CPU kernels of the cat's eye: rows of disks, cut by the barrel of the lens as it is seen from where the light is."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sterefo_core.lens import Lens
from sterefo_core.refocus.cats_eye import shift_per_px

_ONE, _ZERO = np.float32(1), np.float32(0)


class Barrel(NamedTuple):
    """Where the barrel cuts the aperture; all float32.

    Attributes:
        shift: how many radii it is off the aperture for each px from the picture's middle; 0 where nothing is cut.
        squeeze: the lens's.
        middle_x, middle_y: the picture's middle in px.
    """

    shift: np.float32
    squeeze: np.float32
    middle_x: np.float32
    middle_y: np.float32


def barrel_of(lens: Lens, size: tuple[int, int]) -> Barrel:
    """The barrel for pictures of a size, (height, width)."""
    height, width = size
    numbers = shift_per_px(lens.cats_eye, height, width), lens.squeeze, (width - 1) / 2, (height - 1) / 2
    return Barrel(*(np.float32(number) for number in numbers))


@njit(inline="always")
def seen_from(barrel, column, row, level, in_front):
    """How far, in radii, the barrel is off the aperture (x, y), seen from a pixel of a level or the border beside it.

    Behind the focal plane the outer part of a disk is cut, in front of it the inner one.
    """
    side = 1 << level
    shift = barrel.shift if in_front else -barrel.shift
    x = np.float32((column + 0.5) * side - 0.5) - barrel.middle_x
    y = np.float32((row + 0.5) * side - 0.5) - barrel.middle_y
    x = min(max(x, -barrel.middle_x), barrel.middle_x)
    y = min(max(y, -barrel.middle_y), barrel.middle_y)
    return shift * x, shift * y


@njit(inline="always")
def cut_row(plan, disk, row, x, y, squeeze):
    """Where row `row` of a disk (0 the middle one) begins and ends within the barrel: it ends there if all is cut.

    In px from the left edge of the disk's centre pixel.
    """
    at, radius = plan.first[disk] + plan.rows[disk] + row, plan.drawn[disk]
    across, height = radius / squeeze, np.float32(row) / radius - y
    half = np.sqrt(max(_ONE - height * height, _ZERO)) * across
    middle = np.float32(0.5) + x * across
    begin = max(plan.spans[0, at], middle - half)
    return begin, max(min(plan.spans[1, at], middle + half), begin)


@njit(nogil=True, error_model="numpy", fastmath=True)
def light_through(plan, disk, x, y, squeeze):
    """The share of a disk's light, 0..1, that the barrel lets through."""
    total, middle = _ZERO, plan.first[disk] + plan.rows[disk]
    for row in range(-plan.rows[disk], plan.rows[disk] + 1):
        begin, end = cut_row(plan, disk, row, x, y, squeeze)
        total += (end - begin) * plan.spans[2, middle + row]
    return total
