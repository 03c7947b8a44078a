"""What a disparity costs: in how many bits the census transforms of the two pixels differ.

The transform tells which of its neighbours are darker than a pixel, and so does not mind that one camera sees brighter
than the other (Zabih and Woodfill 1994).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types, uint8, uintp
from numba.extending import intrinsic

LANES = 64
"""The number of disparities is a multiple of this: they are walked over so many at a time, in vector registers."""

_kernel = njit(cache=True, nogil=True, error_model="numpy")


@_kernel
def census(picture):
    """24 bits a pixel, `(H, 3, W)` bytes: which of its neighbours in 5 x 5 are darker. The border goes on outwards."""
    height, width = picture.shape
    census = np.zeros((height, 3, width), np.uint8)
    padded = np.empty((5, width + 4), np.uint8)
    for y in range(height):
        for k in range(5):
            row = picture[min(max(y + k - 2, 0), height - 1)]
            padded[k, :2], padded[k, 2:-2], padded[k, -2:] = row[0], row, row[-1]
        centre = padded[2, 2:]
        for k in range(25):
            if k != 12:
                bits, neighbour = census[y, (k - (k > 12)) // 8], padded[k // 5, k % 5 :]
                for x in range(width):
                    bits[x] = uint8(bits[x] << uint8(1)) | uint8(neighbour[x] < centre[x])
    return census


def _population(_, byte):
    return types.uint8(byte), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])


_ones: Any = intrinsic(_population)  # how many bits of a byte are set


@_kernel
def cost_row(left, right, mirrored, costs, width, count):  # noqa: PLR0917 - a kernel
    """Differing bits of each pixel of a row and its candidates; left of the picture its first column goes on.

    Args:
        left, right: `(3, W)` uint8, the row in the census of both pictures.
        mirrored: uint8, 3 * (W + `count`), to work in.
        costs: uint8, W * `count`, the result.
    """
    for plane in range(3):
        at = plane * (width + count)
        mirrored[at : at + width] = right[plane, ::-1]
        mirrored[at + width : at + width + count] = right[plane, 0]
    width, count, one, lanes = uintp(width), uintp(count), uintp(1), uintp(LANES)
    second = width + count
    third = second + second
    for x in range(width):
        a, b, c = left[0, x], left[1, x], left[2, x]
        for block in range(count // lanes):
            start, to = width - one - x + block * lanes, x * count + block * lanes
            for d in range(lanes):
                j = start + d
                ones = _ones(uint8(a ^ mirrored[j])) + _ones(uint8(b ^ mirrored[second + j]))
                costs[to + d] = uint8(ones + _ones(uint8(c ^ mirrored[third + j])))
