"""CPU kernels of the cat's eye: rows of disks, cut by the barrel of the lens as it is seen from where the light is."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sterefo_core.lens import Lens
from sterefo_core.refocus.rules import shift_per_px

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
    """How the barrel stands to the aperture, seen from a pixel of a level or from the border beside it.

    How far (x, y) it is off, in radii, and by how much more for each px of the level on the way to where the light
    goes, for it is cut as it is seen from there. Behind the focal plane the outer part of a disk is cut, in front of
    it the inner one.
    """
    side = 1 << level
    shift = barrel.shift if in_front else -barrel.shift
    x = np.float32((column + 0.5) * side - 0.5) - barrel.middle_x
    y = np.float32((row + 0.5) * side - 0.5) - barrel.middle_y
    x = min(max(x, -barrel.middle_x), barrel.middle_x)
    y = min(max(y, -barrel.middle_y), barrel.middle_y)
    return shift * x, shift * y, shift * side


@njit(inline="always")
def opening(seen):
    """The share of the aperture's light that the barrel lets through, 0.39..1: what two unit disks have in common.

    A series of (2 / pi) (acos(t / 2) - t / 2 sqrt(1 - t^2 / 4)) for disks t <= 1 apart, right to 0.0002.
    """
    square = seen[0] * seen[0] + seen[1] * seen[1]
    parted = np.sqrt(square) * (_ONE - square * (np.float32(1 / 24) + square * np.float32(1 / 640)))
    return _ONE - np.float32(2 / math.pi) * parted


@njit(inline="always")
def outline_of(radius, seen, squeeze):
    """The barrel around a disk of `radius` px: its middle and half width in px, and its rows' heights in radii.

    Those are of the middle row, and by how much they grow from row to row.
    """
    x, y, more = seen
    more = min(more, np.float32(0.5) / radius)  # in tiny pictures the barrel runs away
    across = _ONE / (squeeze / radius - more)
    return np.float32(0.5) + x * across, across, -y, _ONE / radius - more


@njit(inline="always")
def cut_row(plan, at, row, outline):
    """Where a row of a disk, `row` below its middle and `at` among all rows, begins and ends within the barrel.

    In px from the left edge of the disk's centre pixel. It ends where it begins if all of it is cut.
    """
    middle, across, height, step = outline
    height += np.float32(row) * step
    half = np.sqrt(max(_ONE - height * height, _ZERO)) * across
    begin = max(plan.spans[0, at], middle - half)
    return begin, max(min(plan.spans[1, at], middle + half), begin)


@njit(nogil=True, error_model="numpy", fastmath=True)
def light_through(plan, disk, seen, squeeze):
    """The share of a disk's light, 0..1, that the barrel lets through as it is seen from the disk's middle."""
    total, middle = _ZERO, plan.first[disk] + plan.rows[disk]
    outline = outline_of(plan.drawn[disk], (seen[0], seen[1], _ZERO), squeeze)
    for row in range(-plan.rows[disk], plan.rows[disk] + 1):
        begin, end = cut_row(plan, middle + row, row, outline)
        total += (end - begin) * plan.spans[2, middle + row]
    return total
