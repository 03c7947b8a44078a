"""The light of every pixel of a synthetic view, from the textures of what it sees."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array
from __future__ import annotations

import numpy as np
from numba import njit, uintp

from sterefo_core.learning.synthetic_views import RIGHT, TEXTURE_LEVELS, TEXTURE_SIDE

_DARKEST, _BRIGHTEST = np.float32(0.35), np.float32(1.6)
_ONE_SURFACE_PX = 0.5  # what touches a pixel at such disparities meets there: their shares of it add up
_kernel = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "arcp", "nsz"})


@_kernel
def shade(surfaces, textures, view, fragments, picture):
    """Paint `(H, W, 3)` uint8: the light of each pixel's fragments, the nearer over the farther.

    Neighbours mostly see the same surface, so a row is painted in runs of one. Textures are flat.
    """
    height, width = picture.shape[:2]
    total, touching = np.empty(3 * width, np.float32), np.empty(3 * width, np.float32)
    for y in range(height):
        filling, near, start = fragments.surface[0, y], fragments.disparity[0, y], 0
        for column in range(1, width + 1):
            if column == width or filling[column] != filling[start]:
                _light_run(surfaces, textures, view, near, y, start, column, filling[start], total)
                start = column
        for column in range(width):
            for slot in range(1, 3):
                if fragments.disparity[slot, y, column] > near[column]:
                    _blend_touching(surfaces, textures, view, fragments, y, column, touching, total)
                    break
        row = picture[y].reshape(-1)
        for i in range(3 * width):
            row[i] = np.uint8(min(max(total[i] + np.float32(0.5), np.float32(0)), np.float32(255)))


@_kernel
def _blend_touching(surfaces, textures, view, fragments, y, column, light, total):
    """Lay what only touches a pixel over what fills it."""
    near = 1 if fragments.disparity[1, y, column] > fragments.disparity[2, y, column] else 2
    in_front, behind = fragments.disparity[near, y, column], fragments.disparity[3 - near, y, column]
    for slot in (3 - near, near):
        if fragments.disparity[slot, y, column] <= fragments.disparity[0, y, column]:
            continue
        cover = fragments.cover[slot, y, column]
        if slot != near and in_front - behind < _ONE_SURFACE_PX:
            cover = min(cover / (1 - fragments.cover[near, y, column]), np.float32(1))
        k, row = fragments.surface[slot, y, column], fragments.disparity[slot, y]
        _light_run(surfaces, textures, view, row, y, column, column + 1, k, light)
        for i in range(3 * column, 3 * column + 3):
            total[i] += cover * (light[i] - total[i])


@_kernel
def _light_run(surfaces, textures, view, disparity, y, start, stop, k, light):
    """What surface k looks like in a run of pixels of a row of the view; `disparity` is that of the row."""
    for column in range(start, stop):
        for c in range(3):
            light[3 * column + c] = surfaces.offset[k, c]
    _add_texture(surfaces, textures, view, disparity, y, start, stop, k, 0, light)
    if surfaces.gain[k, 1, 0] != 0:
        _add_texture(surfaces, textures, view, disparity, y, start, stop, k, 1, light)
    along, level = surfaces.light[k, 0], surfaces.light[k, 1] * np.float32(y) + surfaces.light[k, 2]
    for column in range(start, stop):
        x = np.float32(column) + disparity[column] if view == RIGHT else np.float32(column)
        shadow = min(max(along * x + level, _DARKEST), _BRIGHTEST)
        for c in range(3):
            light[3 * column + c] *= shadow


@_kernel
def _add_texture(surfaces, textures, view, disparity, y, start, stop, k, which, light):
    """Add one texture to a run, from the level of its pyramid that fits the left picture.

    That level is a matter of the point, not of the view: else the two eyes would not see the same.
    """
    h, apart = surfaces.to_texture, surfaces.apart[k]
    m00, m01, m02 = h[k, which, 0, 0], h[k, which, 0, 1], h[k, which, 0, 1] * y + h[k, which, 0, 2]
    m10, m11, m12 = h[k, which, 1, 0], h[k, which, 1, 1], h[k, which, 1, 1] * y + h[k, which, 1, 2]
    m20, m21, m22 = h[k, which, 2, 0], h[k, which, 2, 1], h[k, which, 2, 1] * y + h[k, which, 2, 2]
    red, green, blue = surfaces.gain[k, which, 0], surfaces.gain[k, which, 1], surfaces.gain[k, which, 2]
    mirrored = which == 1 and apart >= 0
    pixels = textures[surfaces.texture[k, which]]
    for column in range(start, stop):
        x = float(column)
        if view == RIGHT:
            x += apart if mirrored else disparity[uintp(column)]
        w = 1 / (m20 * x + m22)
        s, t = (m00 * x + m02) * w, (m10 * x + m12) * w
        step = max(abs(m00 - s * m20) + abs(m01 - s * m21), abs(m10 - t * m20) + abs(m11 - t * m21)) * abs(w)
        first, side, level = 0, TEXTURE_SIDE, 0
        while step > 1.5 and level < TEXTURE_LEVELS - 1:
            step, first, side, level = step * 0.5, first + side * side, side >> 1, level + 1
            s, t = s * 0.5, t * 0.5
        u, v = s - 0.5, t - 0.5
        left, top = int(np.floor(u)), int(np.floor(v))
        fu, fv = np.float32(u - left), np.float32(v - top)
        c0, c1 = left & (side - 1), (left + 1) & (side - 1)
        r0, r1 = first + (top & (side - 1)) * side, first + ((top + 1) & (side - 1)) * side
        a, b, c, d = uintp(3 * (r0 + c0)), uintp(3 * (r0 + c1)), uintp(3 * (r1 + c0)), uintp(3 * (r1 + c1))
        w11 = fu * fv
        w01, w10 = fu - w11, fv - w11
        w00 = np.float32(1) - fu - w10
        to, one, two = uintp(3 * column), uintp(1), uintp(2)
        light[to] += red * (w00 * pixels[a] + w01 * pixels[b] + w10 * pixels[c] + w11 * pixels[d])
        light[to + one] += green * (
            w00 * pixels[a + one] + w01 * pixels[b + one] + w10 * pixels[c + one] + w11 * pixels[d + one]
        )
        light[to + two] += blue * (
            w00 * pixels[a + two] + w01 * pixels[b + two] + w10 * pixels[c + two] + w11 * pixels[d + two]
        )
