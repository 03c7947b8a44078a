"""Making a disparity map dense and laying its edges on those of the picture.

Refocusing shows every misplaced depth edge as a halo. Matching looks at windows, so its foregrounds are a few pixels
too wide, and holes lie where a foreground hides the background from one camera. Nothing here averages across an edge:
a pixel always gets the disparity of one surface or of the other.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

from sterefo_core.types import DisparityMap

_JUMP_PX = 3.0  # neighbours further apart belong to different surfaces; steep roads stay below 1
_GAP_PX = 4.0  # two surfaces nearer to each other than this are left alone: no blur shows them
_REACH_PX = 5  # how far an edge is moved; matching's windows, at half size, are 10 px wide
_GUIDE_SCALE = 0.5  # of half the size, at which the guided filter works,
_GUIDE_RADIUS, _GUIDE_EPS = 3, 3.0  # its window there, and the variance of brightness that counts as flat
_DOUBT = np.float32(0.1)  # share of the gap between two surfaces by which it must be nearer to one than to the other
_SMALL = np.ones((3, 3), np.uint8)
_WIDE = np.ones((7, 7), np.uint8)  # at half size; a little farther than the reach

_kernel = njit(cache=True, nogil=True)


@_kernel
def fill_from_background(disparity: np.ndarray, measured: np.ndarray) -> None:
    """Fill what was not measured with the smaller of the two measured values beside it in its row, in place.

    What one camera does not see is hidden behind a nearer surface, so it belongs to the farther neighbour; at the left
    border, which the right camera does not see, only one neighbour exists. A row without any measurement repeats the
    nearest one above it, else below it; a map without any becomes 0, infinitely far.

    Args:
        disparity: `(H, W)` float32.
        measured: `(H, W)` bool.
    """
    height, width = disparity.shape
    filled = -1  # last row with a measurement
    for y in range(height):
        if not measured[y].any():
            disparity[y] = np.float32(0)
            if filled >= 0:
                disparity[y] = disparity[filled]
            continue
        left = right = np.float32(np.inf)
        for x in range(width):
            left = disparity[y, x] if measured[y, x] else left
            disparity[y, x] = left
        for x in range(width - 1, -1, -1):
            right = disparity[y, x] if measured[y, x] else right
            disparity[y, x] = min(disparity[y, x], right)
        if filled < 0:
            disparity[:y] = disparity[y]
        filled = y


def doubled(disparity: np.ndarray) -> np.ndarray:
    """A map twice as large with values twice as large, interpolated within surfaces and never across their edges."""
    height, width = disparity.shape
    size = (2 * width, 2 * height)
    smooth = cv2.resize(2 * disparity, size, interpolation=cv2.INTER_LINEAR)
    blocks = cv2.resize(2 * disparity, size, interpolation=cv2.INTER_NEAREST)
    edges = cv2.resize(_spread(disparity, _SMALL, _JUMP_PX / 2), size, interpolation=cv2.INTER_NEAREST)
    np.copyto(smooth, blocks, where=edges > 0)
    return smooth


def aligned(disparity: np.ndarray, half_picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move depth edges, by a few pixels, to where the picture has an edge.

    Near an edge a guided filter ("Fast Guided Filter", He and Sun 2015) tells which of the two surfaces a pixel's
    colour belongs to; a pixel on the wrong side takes the disparity of the nearest pixel of the other surface.

    Args:
        disparity: `(H, W)` float32 px, dense, H and W even.
        half_picture: `(H / 2, W / 2, 3)` uint8, the left picture at half size.

    Returns:
        the moved map and `(H, W)` bool, True where a pixel changed sides.
    """
    height, width = disparity.shape
    half = cv2.resize(disparity, (width // 2, height // 2), interpolation=cv2.INTER_AREA)  # blends, but only to decide
    scale = max(_GUIDE_SCALE, 1 / min(half.shape))  # at least a pixel is left
    vote = cv2.ximgproc.guidedFilter(half_picture, half, _GUIDE_RADIUS, _GUIDE_EPS, scale=scale)
    vote = cv2.resize(vote, (width, height), interpolation=cv2.INTER_LINEAR)
    near_edge = cv2.dilate(_spread(half, _SMALL, _GAP_PX), _WIDE)
    far, near = cv2.erode(half, _WIDE), cv2.dilate(half, _WIDE)
    moved, changed = disparity.copy(), np.zeros(disparity.shape, np.bool_)
    _change_sides(disparity, near_edge, far, near, vote, moved, changed)
    return cv2.medianBlur(moved, 3), changed


def laid_on_outlines(found: DisparityMap, picture: np.ndarray) -> DisparityMap:
    """`aligned` for a map of any size and its `(H, W, 3)` uint8 picture; what changed sides is not valid any more."""
    height, width = found.values.shape
    values, moved = aligned(even(found.values), halved(even(picture)))
    return DisparityMap(np.ascontiguousarray(values[:height, :width]), found.valid & ~moved[:height, :width])


def even(image: np.ndarray) -> np.ndarray:
    """The last row and column repeated where a size is odd, so that halves and doubles lie on each other exactly."""
    height, width = image.shape[:2]
    return cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)


def halved(image: np.ndarray) -> np.ndarray:
    """A picture of even size at half of it."""
    height, width = image.shape[:2]
    return cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)


def _spread(disparity: np.ndarray, window: np.ndarray, limit: float) -> np.ndarray:
    """1 where the values in the window differ by more than the limit, uint8."""
    return (cv2.dilate(disparity, window) - cv2.erode(disparity, window) > limit).astype(np.uint8)


@_kernel
def _change_sides(disparity, near_edge, far, near, vote, moved, changed):  # noqa: PLR0917 - a kernel
    """Of the half size are `near_edge`, `far` and `near`."""
    for y in range(disparity.shape[0]):
        for x in range(disparity.shape[1]):
            row, column = y // 2, x // 2
            if near_edge[row, column] and near[row, column] - far[row, column] > _GAP_PX:
                middle = np.float32(0.5) * (far[row, column] + near[row, column])
                side, sure = disparity[y, x] > middle, _DOUBT * (near[row, column] - far[row, column])
                if side != (vote[y, x] > middle) and abs(vote[y, x] - middle) > sure:
                    moved[y, x], changed[y, x] = _across(disparity, y, x, middle, side)


@_kernel
def _across(disparity, y, x, middle, side):
    """The disparity of the nearest pixel in row and column across the middle, and whether there is one."""
    height, width = disparity.shape
    for step in range(1, _REACH_PX + 1):
        for row, column in ((y, x - step), (y, x + step), (y - step, x), (y + step, x)):
            if 0 <= row < height and 0 <= column < width and (disparity[row, column] > middle) != side:
                return disparity[row, column], True
    return disparity[y, x], False
