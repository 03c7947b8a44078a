"""CPU kernels of the first stage: blur radius, and the hidden surface behind every depth edge."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

import numpy as np
from numba import njit

from sterefo_core.refocus.hidden import GAP_PX

_GAP = np.float32(GAP_PX)


@njit(cache=True, nogil=True)
def measure_radius(disparity, focus, aperture, low, largest, radius, slot, top, bottom):
    """Signed radius of the rows, and the last slice that starts below it. False where a disparity is not finite."""
    finite = True
    for y in range(top, bottom):
        for x in range(radius.shape[1]):
            depth = disparity[y, x]
            finite &= np.isfinite(depth)
            value = np.float32(min(max(aperture * (np.float64(depth) - focus), -largest), largest))
            radius[y, x] = value
            k = 0
            while k + 1 < low.size and value >= low[k + 1]:
                k += 1
            slot[y, x] = k
    return finite


@njit(inline="always")
def _offer(radius, rim, x, y, candidate):
    """Take a rim pixel if it is hidden here, within the lens's view, and nearer than the one known so far."""
    width = radius.shape[1]
    behind = radius[y, x] - radius[candidate // width, candidate % width]
    if behind > _GAP:
        known = rim[y, x]
        apart = (candidate // width - y) ** 2 + (candidate % width - x) ** 2
        before = (known // width - y) ** 2 + (known % width - x) ** 2
        if apart <= (behind + 1) ** 2 and (known < 0 or apart < before):
            rim[y, x] = candidate


@njit(cache=True, nogil=True)
def find_rims_along_rows(radius, rim, top, bottom):
    """For every pixel of the rows the nearest rim in its row, as an index into the flat picture, or -1."""
    height, width = radius.shape
    for y in range(top, bottom):
        for x in range(width):
            rim[y, x] = -1
            limit = radius[y, x] - _GAP
            for v in range(max(y - 1, 0), min(y + 2, height)):
                for u in range(max(x - 1, 0), min(x + 2, width)):
                    if radius[v, u] < limit:
                        _offer(radius, rim, x, y, v * width + u)
        for x in range(1, width):
            if rim[y, x - 1] >= 0:
                _offer(radius, rim, x, y, rim[y, x - 1])
        for x in range(width - 2, -1, -1):
            if rim[y, x + 1] >= 0:
                _offer(radius, rim, x, y, rim[y, x + 1])


@njit(cache=True, nogil=True)
def find_rims_along_columns(radius, rim, left, right):
    """Carries the rims found along rows up and down the columns: what is nearest then is nearest in the plane."""
    height = radius.shape[0]
    for y in range(1, height):
        for x in range(left, right):
            if rim[y - 1, x] >= 0:
                _offer(radius, rim, x, y, rim[y - 1, x])
    for y in range(height - 2, -1, -1):
        for x in range(left, right):
            if rim[y + 1, x] >= 0:
                _offer(radius, rim, x, y, rim[y + 1, x])
