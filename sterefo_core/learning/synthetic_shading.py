"""The light of every pixel of a synthetic view, from the textures of what it sees."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array
from __future__ import annotations

import numpy as np
from numba import njit

from sterefo_core.learning.synthetic_views import RIGHT, TEXTURE_LEVELS, TEXTURE_SIDE

_DARKEST, _BRIGHTEST = np.float32(0.35), np.float32(1.6)
_kernel = njit(cache=True, nogil=True, error_model="numpy")


@_kernel
def shade(surfaces, textures, view, fragments, picture):
    """Paint `(H, W, 3)` uint8: the light of each pixel's fragments, the nearer over the farther.

    Neighbours mostly see the same surface, so a row is painted in runs of one.
    """
    height, width = picture.shape[:2]
    disparity, surface, cover = fragments.disparity, fragments.surface, fragments.cover
    total, touching = np.empty((width, 3), np.float32), np.empty((width, 3), np.float32)
    for y in range(height):
        start = 0
        for column in range(1, width + 1):
            if column == width or surface[y, column, 0] != surface[y, start, 0]:
                _light_run(surfaces, textures, view, disparity, y, start, column, surface[y, start, 0], 0, total)
                start = column
        for column in range(width):
            far = 1 if disparity[y, column, 1] <= disparity[y, column, 2] else 2
            for i in range(2):
                slot = far if i == 0 else 3 - far
                if disparity[y, column, slot] > disparity[y, column, 0]:
                    k = surface[y, column, slot]
                    _light_run(surfaces, textures, view, disparity, y, column, column + 1, k, slot, touching)
                    for c in range(3):
                        total[column, c] += cover[y, column, slot] * (touching[column, c] - total[column, c])
            for c in range(3):
                level = total[column, c] + np.float32(0.5)
                picture[y, column, c] = np.uint8(min(max(level, np.float32(0)), np.float32(255)))


@_kernel
def _light_run(surfaces, textures, view, disparity, y, start, stop, k, slot, light):
    """What surface k, which is fragment `slot` there, looks like in a run of pixels of a row of the view."""
    for column in range(start, stop):
        for c in range(3):
            light[column, c] = surfaces.offset[k, c]
    _add_texture(surfaces, textures, view, disparity, y, start, stop, k, slot, 0, light)
    if surfaces.gain[k, 1, 0] != 0:
        _add_texture(surfaces, textures, view, disparity, y, start, stop, k, slot, 1, light)
    along, level = surfaces.light[k, 0], surfaces.light[k, 1] * np.float32(y) + surfaces.light[k, 2]
    for column in range(start, stop):
        x = np.float32(column) + disparity[y, column, slot] if view == RIGHT else np.float32(column)
        shadow = min(max(along * x + level, _DARKEST), _BRIGHTEST)
        for c in range(3):
            light[column, c] *= shadow


@_kernel
def _add_texture(surfaces, textures, view, disparity, y, start, stop, k, slot, which, light):
    """Add one texture to a run, from the level of its pyramid that fits the left picture.

    That level is a matter of the point, not of the view: else the two eyes would not see the same.
    """
    h, apart = surfaces.to_texture, surfaces.apart[k]
    m00, m01, m02 = h[k, which, 0, 0], h[k, which, 0, 1], h[k, which, 0, 1] * y + h[k, which, 0, 2]
    m10, m11, m12 = h[k, which, 1, 0], h[k, which, 1, 1], h[k, which, 1, 1] * y + h[k, which, 1, 2]
    m20, m21, m22 = h[k, which, 2, 0], h[k, which, 2, 1], h[k, which, 2, 1] * y + h[k, which, 2, 2]
    red, green, blue = surfaces.gain[k, which, 0], surfaces.gain[k, which, 1], surfaces.gain[k, which, 2]
    mirrored = which == 1 and not np.isnan(apart)
    picture = surfaces.texture[k, which]
    for column in range(start, stop):
        x = float(column)
        if view == RIGHT:
            x += apart if mirrored else disparity[y, column, slot]
        w = 1 / (m20 * x + m22)
        s, t = (m00 * x + m02) * w, (m10 * x + m12) * w
        step = max(abs(m00 - s * m20) + abs(m01 - s * m21), abs(m10 - t * m20) + abs(m11 - t * m21)) * abs(w)
        first, side, level = 0, TEXTURE_SIDE, 0
        while step > 1.5 and level < TEXTURE_LEVELS - 1:
            step, first, side, level = step / 2, first + side * side, side // 2, level + 1
            s, t = s / 2, t / 2
        u, v = s - 0.5, t - 0.5
        left, top = int(np.floor(u)), int(np.floor(v))
        fu, fv = np.float32(u - left), np.float32(v - top)
        c0, c1 = left & (side - 1), (left + 1) & (side - 1)
        r0, r1 = first + (top & (side - 1)) * side, first + ((top + 1) & (side - 1)) * side
        w11 = fu * fv
        w01, w10 = fu - w11, fv - w11
        w00 = np.float32(1) - fu - w10
        a, b, c, d = r0 + c0, r0 + c1, r1 + c0, r1 + c1
        for i, gain in enumerate((red, green, blue)):
            light[column, i] += gain * (
                w00 * np.float32(textures[picture, a, i])
                + w01 * np.float32(textures[picture, b, i])
                + w10 * np.float32(textures[picture, c, i])
                + w11 * np.float32(textures[picture, d, i])
            )
