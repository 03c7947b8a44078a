"""What two eyes see of many surfaces, exactly: the geometry of `synthetic`.

Every surface lives in the left picture: a disparity that is quadratic along the row and down the column, an outline,
and two textures fixed to it. The right eye sees its point (x, y) at x - d(x, y), and that is solved for x exactly, so
both pictures show the same points of the same surfaces and nothing is ever warped from picture to picture. In each
pixel the nearest surface wins, whatever the order they come in.
"""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, uintp

LEFT, RIGHT = 0, 1
SHAPE_SIDE, TEXTURE_SIDE, TEXTURE_LEVELS = 128, 256, 6

_kernel = njit(cache=True, nogil=True, error_model="numpy")
_inner = njit(cache=True, nogil=True, error_model="numpy", forceinline=True)


class Surfaces(NamedTuple):
    """`n` surfaces; x, y are pixels of the left picture.

    Attributes:
        depth: `(n, 7)` float64 x0, y0, c, a, b, q, p of d = c + a X + b Y + q X^2 + p Y^2, X = x - x0, Y = y - y0.
        to_unit: `(n, 3, 3)` float64 homography of (x, y, 1) to the unit square that the surface fills.
        edges: `(n, 4, 3)` float64, the sides of that square: distance inwards in px as a line times (x, y, 1).
        shape: `(n,)` int32, which of the shapes is cut out of the square, -1 for none.
        repeats: `(n, 2)` float64, how often the shape is repeated across and down.
        to_texture: `(n, 2, 3, 3)` float64 homographies of (x, y, 1) to texture pixels, for the two textures.
        texture: `(n, 2)` int32, which textures.
        gain: `(n, 2, 3)` float32, what each is multiplied by; offset: `(n, 3)` float32, what is added; 0..255.
        light: `(n, 3)` float32, brightness as a line times (x, y, 1), kept within 0.35..1.6.
        apart: `(n,)` float32, disparity at which the second texture is mirrored, px; -1 where it lies on the surface.
    """

    depth: np.ndarray
    to_unit: np.ndarray
    edges: np.ndarray
    shape: np.ndarray
    repeats: np.ndarray
    to_texture: np.ndarray
    texture: np.ndarray
    gain: np.ndarray
    offset: np.ndarray
    light: np.ndarray
    apart: np.ndarray


class Fragments(NamedTuple):
    """What each pixel of a view sees: the nearest surface that fills it, and two nearest ones that touch it.

    Attributes:
        disparity: `(3, H, W)` float32, of the filling surface and the touching ones; -1 where there is none.
        surface: `(3, H, W)` int16, which. cover: `(3, H, W)` float32, how much of the pixel they cover, 0..1.
    """

    disparity: np.ndarray
    surface: np.ndarray
    cover: np.ndarray


def no_fragments(height: int, width: int) -> Fragments:
    """Fragments of a view in which nothing was found yet."""
    shape = (3, height, width)
    return Fragments(np.full(shape, -1, np.float32), np.zeros(shape, np.int16), np.ones(shape, np.float32))


@_kernel
def disparity_at(depth, k, x, y):
    """The disparity of surface k at a point of the left picture, px."""
    across, down = x - depth[k, 0], y - depth[k, 1]
    slope = depth[k, 3] + depth[k, 5] * across
    return depth[k, 2] + slope * across + (depth[k, 4] + depth[k, 6] * down) * down


@_inner
def column_seen(depth, k, view, column, y):
    """The column of the left picture whose point of surface k is seen at this column of the view; NaN for none."""
    if view == LEFT:
        return column
    down = y - depth[k, 1]
    behind = depth[k, 2] + (depth[k, 4] + depth[k, 6] * down) * down + column - depth[k, 0]
    grows = 1 - depth[k, 3]  # q X^2 - (1 - a) X + behind = 0, the root that stays finite where q is 0
    root = grows * grows - 4 * depth[k, 5] * behind
    return depth[k, 0] + 2 * behind / (grows + np.sqrt(root)) if root >= 0 else np.nan


@_kernel
def _row_span(edges, k, y, inset):
    """First and last column of a row that lie `inset` px inside the sides of surface k."""
    low, high = -1e9, 1e9
    for i in range(4):
        slope, rest = edges[k, i, 0], edges[k, i, 1] * y + edges[k, i, 2] - inset
        if slope > 1e-9:
            low = max(low, -rest / slope)
        elif slope < -1e-9:
            high = min(high, -rest / slope)
        elif rest < 0:
            return 1.0, 0.0
    return low, high


@_inner
def _inside(edges, k, x, y):
    """Distance to the nearest side in px, positive inside."""
    least = 1e9
    for i in range(4):
        least = min(least, edges[k, i, 0] * x + edges[k, i, 1] * y + edges[k, i, 2])
    return least


@_inner
def _shape_distance(surfaces, shapes, k, x, y):
    """Distance to the outline of the shape of surface k in px, positive inside; exact near the outline only."""
    h, side, field = surfaces.to_unit, SHAPE_SIDE, surfaces.shape[k]
    wide, high = surfaces.repeats[k, 0], surfaces.repeats[k, 1]
    w = h[k, 2, 0] * x + h[k, 2, 1] * y + h[k, 2, 2]
    s = (h[k, 0, 0] * x + h[k, 0, 1] * y + h[k, 0, 2]) / w
    t = (h[k, 1, 0] * x + h[k, 1, 1] * y + h[k, 1, 2]) / w
    wide, high = wide * side, high * side
    ux, uy = wide * (h[k, 0, 0] - s * h[k, 2, 0]) / w, wide * (h[k, 0, 1] - s * h[k, 2, 1]) / w
    vx, vy = high * (h[k, 1, 0] - t * h[k, 2, 0]) / w, high * (h[k, 1, 1] - t * h[k, 2, 1]) / w
    u, v = s * wide - 0.5, t * high - 0.5
    column, row = int(np.floor(u)), int(np.floor(v))
    fu, fv = u - column, v - row
    if surfaces.repeats[k, 0] * surfaces.repeats[k, 1] > 1:
        c0, c1, r0, r1 = column & (side - 1), (column + 1) & (side - 1), row & (side - 1), (row + 1) & (side - 1)
    else:
        c0, c1 = min(max(column, 0), side - 1), min(max(column + 1, 0), side - 1)
        r0, r1 = min(max(row, 0), side - 1), min(max(row + 1, 0), side - 1)
    d00, d01, d10, d11 = shapes[field, r0, c0], shapes[field, r0, c1], shapes[field, r1, c0], shapes[field, r1, c1]
    top, bottom = d00 + (d01 - d00) * fu, d10 + (d11 - d10) * fu
    du, dv = (d01 - d00) * (1 - fv) + (d11 - d10) * fv, bottom - top
    dx, dy = du * ux + dv * vx, du * uy + dv * vy
    return (top + (bottom - top) * fv) / max(np.sqrt(dx * dx + dy * dy), 1e-3)


@_inner
def cover_of(surfaces, shapes, k, x, y):
    """How much of the pixel around a point of the left picture surface k covers, 0..1."""
    distance = _inside(surfaces.edges, k, x, y)
    if surfaces.shape[k] >= 0 and distance > -0.5:
        distance = min(distance, _shape_distance(surfaces, shapes, k, x, y))
    return min(max(distance + 0.5, 0.0), 1.0)


@_kernel
def find_fragments(surfaces, shapes, view, fragments):
    """Find what each pixel of a view sees."""
    for k in range(len(surfaces.shape)):
        for y in range(fragments.cover.shape[1]):
            low, high = _row_span(surfaces.edges, k, y, -0.5)
            if low <= high:
                _find_in_row(surfaces, shapes, view, fragments, k, y, max(low, -1e4), min(high, 1e4))


@_kernel
def _find_in_row(surfaces, shapes, view, fragments, k, y, low, high):
    """Enter surface k, which spans these columns of the left picture, into one row of a view."""
    near, which, width = fragments.disparity[0, y], fragments.surface[0, y], fragments.cover.shape[2]
    depth = surfaces.depth
    x0, down, a, q = depth[k, 0], y - depth[k, 1], depth[k, 3], depth[k, 5]
    here, faces = depth[k, 2] + (depth[k, 4] + depth[k, 6] * down) * down, 1 / (1 - a)
    h, cut_out, side = surfaces.to_unit, surfaces.shape[k] >= 0, SHAPE_SIDE
    field = shapes[max(surfaces.shape[k], 0)]
    wide, tall = surfaces.repeats[k, 0] * side, surfaces.repeats[k, 1] * side
    s_x, s_y, s_0 = wide * h[k, 0, 0], wide * h[k, 0, 1], wide * (h[k, 0, 1] * y + h[k, 0, 2])
    t_x, t_y, t_0 = tall * h[k, 1, 0], tall * h[k, 1, 1], tall * (h[k, 1, 1] * y + h[k, 1, 2])
    w_x, w_y, w_0 = h[k, 2, 0], h[k, 2, 1], h[k, 2, 1] * y + h[k, 2, 2]
    full_low, full_high = _row_span(surfaces.edges, k, y, 0.5)
    if view == RIGHT:
        first, last = low - disparity_at(depth, k, low, y), high - disparity_at(depth, k, high, y)
    else:
        first, last = low, high
    for column in range(max(int(np.ceil(first)), 0), min(int(np.floor(last)), width - 1) + 1):
        across = column - x0
        if view == RIGHT:
            across = (here + across) * faces if q == 0 else column_seen(depth, k, view, column, y) - x0
        d = here + (a + q * across) * across
        at = uintp(column)
        if d > near[at]:
            x = x0 + across
            filled = full_low <= x <= full_high
            if cut_out:  # what is farther from the outline than a pixel could move is told at once
                w = 1 / (w_x * x + w_0)
                s, t = (s_x * x + s_0) * w, (t_x * x + t_0) * w
                su, sv, tu, tv = s_x - s * w_x, s_y - s * w_y, t_x - t * w_x, t_y - t * w_y
                clear = 0.9 + 0.55 * np.sqrt(su * su + sv * sv + tu * tu + tv * tv) * abs(w)
                inside = field[uintp(int(np.floor(t)) & (side - 1)), uintp(int(np.floor(s)) & (side - 1))]
                if inside < -clear:
                    continue
                filled = filled and inside > clear
            if filled:
                near[at], which[at] = d, k
            else:
                _keep(fragments, y, column, k, d, cover_of(surfaces, shapes, k, x, y))


@_inner
def _keep(fragments, y, column, k, d, cover):
    disparity, slot = fragments.disparity, 0
    if cover <= 0.99:  # of the two that touch, the farther one gives way
        slot = 1 if disparity[1, y, column] <= disparity[2, y, column] else 2
    if cover > 0.01 and d > disparity[slot, y, column]:
        disparity[slot, y, column], fragments.surface[slot, y, column] = d, k
        fragments.cover[slot, y, column] = cover if slot else 1
