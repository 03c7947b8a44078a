"""Pictures and exact truth of many surfaces from two eyes: the kernels of `synthetic`.

Every surface lives in the left picture: a disparity that is quadratic along the row and down the column, an outline,
and two textures fixed to it. The right eye sees its point (x, y) at x - d(x, y), and that is solved for x exactly, so
both pictures show the same points of the same surfaces and nothing is ever warped from picture to picture. In each
pixel the nearest surface wins, whatever the order they come in.
"""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

LEFT, RIGHT = 0, 1
SHAPE_SIDE, TEXTURE_SIDE, TEXTURE_LEVELS = 128, 256, 6

_kernel = njit(cache=True, nogil=True, error_model="numpy")


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
        apart: `(n,)` float32, disparity at which the second texture is mirrored, px; NaN where it lies on the surface.
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
        disparity: `(H, W, 3)` float32, of the filling surface and the touching ones; -1 where there is none.
        surface: `(H, W, 3)` int16, which. cover: `(H, W, 3)` float32, how much of the pixel they cover, 0..1.
    """

    disparity: np.ndarray
    surface: np.ndarray
    cover: np.ndarray


def no_fragments(height: int, width: int) -> Fragments:
    """Fragments of a view in which nothing was found yet."""
    shape = (height, width, 3)
    return Fragments(np.full(shape, -1, np.float32), np.zeros(shape, np.int16), np.ones(shape, np.float32))


@_kernel
def disparity_at(depth, k, x, y):
    """The disparity of surface k at a point of the left picture, px."""
    across, down = x - depth[k, 0], y - depth[k, 1]
    slope = depth[k, 3] + depth[k, 5] * across
    return depth[k, 2] + slope * across + (depth[k, 4] + depth[k, 6] * down) * down


@_kernel
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


@_kernel
def _inside(edges, k, x, y):
    """Distance to the nearest side in px, positive inside."""
    least = 1e9
    for i in range(4):
        least = min(least, edges[k, i, 0] * x + edges[k, i, 1] * y + edges[k, i, 2])
    return least


@_kernel
def _shape_distance(surfaces, shapes, k, x, y):
    """Distance to the outline of the shape of surface k in px, positive inside; exact near the outline only."""
    h, tiles, side = surfaces.to_unit[k], surfaces.repeats[k], SHAPE_SIDE
    w = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    s = (h[0, 0] * x + h[0, 1] * y + h[0, 2]) / w
    t = (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / w
    across, down = tiles[0] * side / w, tiles[1] * side / w
    u, v = s * tiles[0] * side - 0.5, t * tiles[1] * side - 0.5
    column, row = int(np.floor(u)), int(np.floor(v))
    fu, fv = u - column, v - row
    if tiles[0] * tiles[1] > 1:
        c0, c1, r0, r1 = column & (side - 1), (column + 1) & (side - 1), row & (side - 1), (row + 1) & (side - 1)
    else:
        c0, c1 = min(max(column, 0), side - 1), min(max(column + 1, 0), side - 1)
        r0, r1 = min(max(row, 0), side - 1), min(max(row + 1, 0), side - 1)
    field = shapes[surfaces.shape[k]]
    d00, d01, d10, d11 = field[r0, c0], field[r0, c1], field[r1, c0], field[r1, c1]
    top, bottom = d00 + (d01 - d00) * fu, d10 + (d11 - d10) * fu
    du, dv = (d01 - d00) * (1 - fv) + (d11 - d10) * fv, bottom - top
    dx = du * across * (h[0, 0] - s * h[2, 0]) + dv * down * (h[1, 0] - t * h[2, 0])
    dy = du * across * (h[0, 1] - s * h[2, 1]) + dv * down * (h[1, 1] - t * h[2, 1])
    return (top + (bottom - top) * fv) / max(np.sqrt(dx * dx + dy * dy), 1e-3)


@_kernel
def _cover(surfaces, shapes, k, x, y):
    """How much of the pixel around a point of the left picture surface k covers, 0..1."""
    distance = _inside(surfaces.edges, k, x, y)
    if surfaces.shape[k] >= 0 and distance > -0.5:
        distance = min(distance, _shape_distance(surfaces, shapes, k, x, y))
    return min(max(distance + 0.5, 0.0), 1.0)


@_kernel
def find_fragments(surfaces, shapes, view, fragments):
    """Find what each pixel of a view sees."""
    height, width = fragments.cover.shape[:2]
    depth, edges, near = surfaces.depth, surfaces.edges, fragments.disparity
    for k in range(len(surfaces.shape)):
        for y in range(height):
            low, high = _row_span(edges, k, y, -0.5)
            if low > high:
                continue
            full_low, full_high = _row_span(edges, k, y, 0.5)
            low, high = max(low, -1e4), min(high, 1e4)
            first = low - disparity_at(depth, k, low, y) if view == RIGHT and low > -1e4 else low
            last = high - disparity_at(depth, k, high, y) if view == RIGHT and high < 1e4 else high
            for column in range(max(int(np.ceil(first)), 0), min(int(np.floor(last)), width - 1) + 1):
                x = column_seen(depth, k, view, float(column), y)
                d = x - column if view == RIGHT else disparity_at(depth, k, x, y)
                if not d > near[y, column, 0]:
                    continue
                cover = 1.0
                if surfaces.shape[k] >= 0 or not full_low <= x <= full_high:
                    cover = _cover(surfaces, shapes, k, x, y)
                _keep(fragments, y, column, k, d, cover)


@_kernel
def _keep(fragments, y, column, k, d, cover):
    disparity, surface, share = fragments.disparity[y, column], fragments.surface[y, column], fragments.cover[y, column]
    if cover > 0.99:
        disparity[0], surface[0] = d, k
    elif cover > 0.01:
        slot = 1 if disparity[1] <= disparity[2] else 2  # the farther one gives way
        if d > disparity[slot]:
            disparity[slot], surface[slot], share[slot] = d, k, cover


@_kernel
def owner(fragments, y, column):
    """Which fragment of a pixel is the one that its truth is of: the nearest that covers half of it."""
    disparity, cover = fragments.disparity[y, column], fragments.cover[y, column]
    best = 0
    for slot in (1, 2):
        if cover[slot] >= 0.5 and disparity[slot] > disparity[best]:
            best = slot
    return best


@_kernel
def true_maps(surfaces, shapes, left, right, disparity, occluded):
    """Disparity of the left view, and whether the right eye sees the same point of the same surface."""
    height, width = disparity.shape
    for y in range(height):
        for x in range(width):
            slot = owner(left, y, x)
            k, d = left.surface[y, x, slot], left.disparity[y, x, slot]
            disparity[y, x] = d
            seen = x - d
            column = int(np.floor(seen))
            if not 0 <= seen <= width - 1:
                occluded[y, x] = True
                continue
            after = min(column + 1, width - 1)
            same = right.surface[y, column, owner(right, y, column)] == k
            same_after = right.surface[y, after, owner(right, y, after)] == k
            occluded[y, x] = _is_hidden(surfaces, shapes, k, seen, y, d) if same != same_after else not same


@_kernel
def _is_hidden(surfaces, shapes, own, column, y, d):
    """Whether any other surface covers this place of the right view nearer than d."""
    for k in range(len(surfaces.shape)):
        if k != own:
            x = column_seen(surfaces.depth, k, RIGHT, column, y)
            if x - column > d and _cover(surfaces, shapes, k, x, y) >= 0.5:
                return True
    return False


@_kernel
def shade(surfaces, textures, view, fragments, picture):
    """Paint `(H, W, 3)` uint8: the light of each pixel's fragments, the nearer over the farther."""
    height, width = picture.shape[:2]
    light, total = np.empty(3, np.float32), np.empty(3, np.float32)
    for y in range(height):
        for column in range(width):
            disparity, surface = fragments.disparity[y, column], fragments.surface[y, column]
            _light(surfaces, textures, view, surface[0], disparity[0], column, y, total)
            far, near = (1, 2) if disparity[1] <= disparity[2] else (2, 1)
            for slot in (far, near):
                if disparity[slot] > disparity[0]:
                    cover = fragments.cover[y, column, slot]
                    _light(surfaces, textures, view, surface[slot], disparity[slot], column, y, light)
                    for c in range(3):
                        total[c] += cover * (light[c] - total[c])
            for c in range(3):
                picture[y, column, c] = np.uint8(min(max(total[c] + np.float32(0.5), np.float32(0)), np.float32(255)))


@_kernel
def _light(surfaces, textures, view, k, d, column, y, light):
    """What surface k looks like where the view sees it at disparity d."""
    x = column + d if view == RIGHT else float(column)
    for c in range(3):
        light[c] = surfaces.offset[k, c]
    _add_texture(surfaces, textures, k, 0, x, y, light)
    apart = surfaces.apart[k]
    mirrored = column + apart if view == RIGHT and not np.isnan(apart) else x
    _add_texture(surfaces, textures, k, 1, mirrored, y, light)
    shadow = surfaces.light[k, 0] * x + surfaces.light[k, 1] * y + surfaces.light[k, 2]
    shadow = min(max(shadow, np.float32(0.35)), np.float32(1.6))
    for c in range(3):
        light[c] *= shadow


@_kernel
def _add_texture(surfaces, textures, k, which, x, y, light):
    """Add one texture at a point of the left picture, from the level of its pyramid that fits the left picture.

    That level is a matter of the point, not of the view: else the two eyes would not see the same.
    """
    gain = surfaces.gain[k, which]
    if gain[0] == 0 and gain[1] == 0 and gain[2] == 0:
        return
    h = surfaces.to_texture[k, which]
    w = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    s, t = (h[0, 0] * x + h[0, 1] * y + h[0, 2]) / w, (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / w
    across = abs(h[0, 0] - s * h[2, 0]) + abs(h[0, 1] - s * h[2, 1])
    down = abs(h[1, 0] - t * h[2, 0]) + abs(h[1, 1] - t * h[2, 1])
    step, start, side = max(across, down) / abs(w), 0, TEXTURE_SIDE
    level = 0
    while step > 1.5 and level < TEXTURE_LEVELS - 1:
        step, start, side, level = step / 2, start + side * side, side // 2, level + 1
        s, t = s / 2, t / 2
    pixels = textures[surfaces.texture[k, which]]
    u, v = s - 0.5, t - 0.5
    column, row = int(np.floor(u)), int(np.floor(v))
    fu, fv = np.float32(u - column), np.float32(v - row)
    c0, c1, r0, r1 = column & (side - 1), (column + 1) & (side - 1), row & (side - 1), (row + 1) & (side - 1)
    a, b, c, d = start + r0 * side + c0, start + r0 * side + c1, start + r1 * side + c0, start + r1 * side + c1
    for i in range(3):
        top = pixels[a, i] + (np.float32(pixels[b, i]) - pixels[a, i]) * fu
        bottom = pixels[c, i] + (np.float32(pixels[d, i]) - pixels[c, i]) * fu
        light[i] += gain[i] * (top + (bottom - top) * fv)
