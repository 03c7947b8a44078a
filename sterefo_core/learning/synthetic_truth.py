"""What is exactly known of the left view: its disparity, and which of it the right eye sees."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array
from __future__ import annotations

import numpy as np
from numba import njit

from sterefo_core.learning.synthetic_views import RIGHT, column_seen, cover_of

_kernel = njit(cache=True, nogil=True, error_model="numpy")


@_kernel
def owner(fragments, y, column):
    """Which fragment of a pixel is the one that its truth is of: the nearest that covers half of it."""
    disparity, best = fragments.disparity, 0
    for slot in range(1, 3):
        if fragments.cover[slot, y, column] >= 0.5 and disparity[slot, y, column] > disparity[best, y, column]:
            best = slot
    return best


@_kernel
def true_maps(surfaces, shapes, left, right, disparity, occluded):
    """Disparity of the left view, and whether the right eye sees the same point of the same surface."""
    height, width = disparity.shape
    for y in range(height):
        for x in range(width):
            slot = owner(left, y, x)
            k, d = left.surface[slot, y, x], left.disparity[slot, y, x]
            disparity[y, x] = d
            seen = x - d
            column = int(np.floor(seen))
            if not 0 <= seen <= width - 1:
                occluded[y, x] = True
                continue
            after = min(column + 1, width - 1)
            same = right.surface[owner(right, y, column), y, column] == k
            same_after = right.surface[owner(right, y, after), y, after] == k
            occluded[y, x] = not same
            if same != same_after:
                occluded[y, x] = _is_hidden(surfaces, shapes, right, k, seen, column, after, y, d)


@_kernel
def _is_hidden(surfaces, shapes, right, own, seen, column, after, y, d):
    """Whether another surface of the two pixels around this place of the right view covers it nearer than d."""
    for place in (column, after):
        for slot in range(3):
            k = right.surface[slot, y, place]
            if k != own and right.disparity[slot, y, place] > d:
                x = column_seen(surfaces.depth, k, RIGHT, seen, y)
                if x - seen > d and cover_of(surfaces, shapes, k, x, y) >= 0.5:
                    return True
    return False
