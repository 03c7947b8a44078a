"""Disparity averaged with that of earlier frames, pixel by pixel, brought to where it is now and to how near.

A pixel of an earlier frame counts where it looks like the present one and is nearly as far; so nothing is carried over
edges, from what is hidden by now, or behind what moves. By how much a place has come nearer meanwhile is taken out
first, by the mean of its neighbourhood, so that the average does not lag.

Why it looks as it does: what is fetched lies in other rows from block to block, so all that is known of a pixel fits
one word, and is fetched a row at a time. Sums lie side by side in stretches of a fixed length, `STRETCH`, which lets
LLVM see that they do not overlap, and put the innermost loops into vector registers.
"""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array
from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numba import float32, int32, njit, uint32, uintp

from sterefo_core.types import DisparityMap

BLOCK = 8
"""Side of the squares that move as one, px."""
STRETCH = 64
"""The sides of what is looked at are multiples of this, px."""

_ALIKE = 16  # levels of brightness between a pixel and where it comes from
_NEAR_SHARE, _NEAR_PX = np.float32(0.25), np.float32(2.5)  # of the disparity, and px: what may be one surface, nearer
_SAME_SHARE, _SAME_PX = np.float32(0.04), np.float32(2.0)  # and what is, once that is taken out
_NEIGHBOURHOOD = 5  # means are taken over so many blocks by as many,
_EVERY = 4  # and over one row of pixels in so many
_FEWEST = 24.0  # pixels that such a mean needs
_SAME_SCENE = 0.45  # share of what was measured then that must be found again; else it is another scene, or a cut
_FILLED = np.float32(0.25)  # weight of what was filled rather than measured

# A pixel in 32 bits: its disparity in 1/1024 px, whether that was measured, and its brightness.
_MOST_PX, _STEPS, _STEP = np.float32(8000), np.float32(1024), np.float32(1 / 1024)
_DISPARITY_BIT, _MEASURED, _BRIGHTNESS = np.uint32(9), np.uint32(1 << 8), np.uint32((1 << 8) - 1)
_BEYOND = np.uint32(0xFFFFFE00)  # outside the picture: nearer than anything, never measured

_kernel = njit(cache=True, nogil=True, error_model="numpy")


class Found(NamedTuple):
    """An earlier frame's words in a row, where blocks lie in it, px, and how much nearer their columns are by now."""

    words: np.ndarray
    moved: np.ndarray
    nearer: np.ndarray


def looked_at(disparity: DisparityMap, grey: np.ndarray) -> np.ndarray:
    """All that is known of each pixel, a word each, in a picture continued to whole stretches."""
    words = np.full([-(-side // STRETCH) * STRETCH for side in grey.shape], _BEYOND)
    _look(disparity.values, disparity.valid, grey, words)
    return words


def found_again(here: np.ndarray, before: np.ndarray, motion: np.ndarray) -> Found | None:
    """What an earlier frame says of the present one, None where it is of another scene.

    Args:
        here, before: words of both.
        motion: where the blocks of the present lie in the earlier one, `(H / 8, W / 8, 2)` px right and down.
    """
    moved = np.rint(motion).astype(np.int32)
    sums = np.empty((*moved.shape[:2], 3), np.float32)
    _compare(here, before.ravel(), moved, sums)
    if sums[..., 2].sum() * _EVERY < _SAME_SCENE * np.count_nonzero(before & _MEASURED):
        return None
    sums = cv2.blur(sums, (_NEIGHBOURHOOD, _NEIGHBOURHOOD), borderType=cv2.BORDER_CONSTANT) * _NEIGHBOURHOOD**2
    now, was, count = cv2.split(sums)
    nearer = np.where(count * _EVERY >= _FEWEST, now / np.maximum(was, np.float32(1e-3)), np.float32(np.inf))
    return Found(before.ravel(), moved, nearer.repeat(BLOCK, axis=1))


def averaged(here: np.ndarray, found: list[Found], height: int, width: int) -> np.ndarray:
    """The mean of the present disparity and of all that was found, `(height, width)` float32."""
    average = np.empty((height, width), np.float32)
    _average(here, tuple(found), average)
    return average


@_kernel
def _look(values, valid, grey, words):
    height, width = values.shape
    for y in range(height):
        for x in range(width):
            disparity = uint32(min(max(values[y, x], float32(0)), _MOST_PX) * _STEPS + float32(0.5))
            measured = _MEASURED if valid[y, x] else uint32(0)
            words[y, x] = uint32(disparity << _DISPARITY_BIT) | measured | uint32(grey[y, x])


@_kernel
def _disparity(word):
    return float32(int32(uint32(word >> _DISPARITY_BIT))) * _STEP


@_kernel
def _alike(here, before, now, was):
    """Whether two pixels may show the same surface, come nearer or not."""
    darker = int32(uint32(here & _BRIGHTNESS)) - int32(uint32(before & _BRIGHTNESS))
    measured = uint32(before & _MEASURED) != 0
    return measured & (abs(darker) <= _ALIKE) & (abs(now - was) <= max(_NEAR_SHARE * now, _NEAR_PX))


@_kernel
def _fetch(before, y, height, width, moved, fetched):
    """The words of a row where it lay before, 0 where that was outside the picture."""
    for column in range(moved.shape[0]):
        start = column * BLOCK
        there_x, there_y = start + moved[column, 0], y + moved[column, 1]
        if 0 <= there_y < height and 0 <= there_x <= width - BLOCK:
            to, there = uintp(start), uintp(there_y * width + there_x)
            for i in range(uintp(BLOCK)):
                fetched[to + i] = before[there + i]
        else:
            for i in range(BLOCK):
                inside = 0 <= there_y < height and 0 <= there_x + i < width
                fetched[start + i] = before[there_y * width + there_x + i] if inside else uint32(0)


@_kernel
def _compare(here, before, moved, sums):
    """By block the sums of disparity now and before, and how many pixels were found again."""
    height, width = here.shape
    fetched, lanes = np.empty(width, np.uint32), np.empty(3 * width, np.float32)
    for row in range(height // BLOCK):
        lanes[:] = 0
        for y in range(row * BLOCK, row * BLOCK + BLOCK, _EVERY):
            _fetch(before, y, height, width, moved[row], fetched)
            _count(here[y], fetched, lanes)
        for column in range(width // BLOCK):
            for k in range(3):
                at, total = column * BLOCK // STRETCH * 2 * STRETCH + k * STRETCH + column * BLOCK, float32(0)
                for i in range(uintp(BLOCK)):
                    total += lanes[uintp(at) + i]
                sums[row, column, k] = total


@_kernel
def _count(here, before, lanes):
    stretch = uintp(STRETCH)
    for k in range(uintp(here.size) // stretch):
        start, to = k * stretch, k * stretch * uintp(3)
        for i in range(stretch):
            now, was = _disparity(here[start + i]), _disparity(before[start + i])
            alike = _alike(here[start + i], before[start + i], now, was)
            lanes[to + i] += now if alike else float32(0)
            lanes[to + stretch + i] += was if alike else float32(0)
            lanes[to + stretch + stretch + i] += float32(1) if alike else float32(0)


@_kernel
def _average(here, found, average):
    height, width = here.shape
    fetched, lanes = np.empty(width, np.uint32), np.empty(2 * width, np.float32)
    for y in range(average.shape[0]):
        _begin(here[y], lanes)
        for k in range(len(found)):
            before, moved, nearer = found[k]
            _fetch(before, y, height, width, moved[y // BLOCK], fetched)
            _add(here[y], fetched, nearer[y // BLOCK], lanes)
        _divide(lanes, average[y])


@_kernel
def _begin(here, lanes):
    """The weighted disparity of a row and its weights, before anything is added."""
    stretch = uintp(STRETCH)
    for k in range(uintp(here.size) // stretch):
        start, to = k * stretch, k * stretch * uintp(2)
        for i in range(stretch):
            weight = float32(1) if uint32(here[start + i] & _MEASURED) != 0 else _FILLED
            lanes[to + i] = _disparity(here[start + i]) * weight
            lanes[to + stretch + i] = weight


@_kernel
def _add(here, before, nearer, lanes):
    """Add what was found, brought to the present, where it agrees with the present."""
    stretch = uintp(STRETCH)
    for k in range(uintp(here.size) // stretch):
        start, to = k * stretch, k * stretch * uintp(2)
        for i in range(stretch):
            now, was = _disparity(here[start + i]), _disparity(before[start + i])
            expected = was * nearer[start + i]
            same = abs(expected - now) <= max(_SAME_SHARE * now, _SAME_PX)
            same &= _alike(here[start + i], before[start + i], now, was)
            lanes[to + i] += expected if same else float32(0)
            lanes[to + stretch + i] += float32(1) if same else float32(0)


@_kernel
def _divide(lanes, average):
    stretch, width = uintp(STRETCH), uintp(average.size)
    for start in range(uintp(0), width, stretch):
        for i in range(min(stretch, width - start)):
            average[start + i] = lanes[start + start + i] / lanes[start + start + stretch + i]
