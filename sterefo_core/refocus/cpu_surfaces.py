"""CPU kernels of the first stage: blur radius, depth edges, and the light of nearer surfaces on outlines."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sterefo_core.refocus import hidden, rims, second_view
from sterefo_core.refocus.cpu_plan import slice_of
from sterefo_core.refocus.neighbours import GAP_PX


class Rules(NamedTuple):
    """Numbers of the definition. They are passed: numba would keep old ones in its cache if they changed there."""

    gap: np.float32 = np.float32(GAP_PX)
    rim_weight: np.float32 = np.float32(rims._RIM_WEIGHT)
    trust: np.float32 = np.float32(rims._TRUST)
    farther: np.float32 = np.float32(hidden._FARTHER)
    same: np.float32 = np.float32(second_view._SAME_PX)


class Surfaces(NamedTuple):
    """What is spread: up to three surfaces in each pixel of a picture of `(H, W)`. Radii are signed, in px.

    Attributes:
        image: `(H, W, 3)` uint8. linear: `(256,)` float32 light of its bytes.
        radius: of the visible surface; slot: the last slice that does not start above it.
        outline: uint8, 1 where a neighbour is on another surface.
        share: how much of the pixel is light of a nearer neighbour; 0 away from outlines.
        clean: `(H, W, 4)` where there is a share: the visible surface's own light, and the neighbour's radius.
        rim: where the hidden surface comes into view, as an index into the flat picture; -1 where there is none.
        hidden: `(H, W, 4)` where there is one: its light, and its radius.
    """

    image: np.ndarray
    linear: np.ndarray
    radius: np.ndarray
    slot: np.ndarray
    outline: np.ndarray
    share: np.ndarray
    clean: np.ndarray
    rim: np.ndarray
    hidden: np.ndarray


@njit(cache=True, nogil=True)
def measure_radius(disparity, focus, aperture, low, largest, surfaces, top, bottom):
    """Signed radius and slice of the rows. False where a disparity is not finite."""
    radius, slot = surfaces.radius, surfaces.slot
    finite, k = True, 0
    for y in range(top, bottom):
        for x in range(radius.shape[1]):
            depth = np.float64(disparity[y, x])
            finite &= np.isfinite(depth)
            value = np.float32(min(max(aperture * (depth - focus), -largest), largest))
            k = slice_of(low, value, k)
            radius[y, x], slot[y, x] = value, k
    return finite


@njit(cache=True, nogil=True, error_model="numpy")
def unmix_outlines(surfaces, rules, top, bottom):
    """Take the nearer surface's light out of the farther one's outermost pixels, as `rims.unmix_rims` does."""
    outline, share = surfaces.outline, surfaces.share
    colours, nearer, same = np.empty((9, 3), np.float32), np.empty(9, np.float32), np.empty(9, np.float32)
    for y in range(top, bottom):
        for x in range(outline.shape[1]):
            share[y, x] = 0
            if outline[y, x]:
                _look_around(surfaces, rules, y, x, colours, nearer, same)
                if nearer.sum() > 0 and same.sum() > 0:
                    _unmix(surfaces, rules, y, x, colours, nearer, same)


@njit(nogil=True)
def _look_around(surfaces, rules, y, x, colours, nearer, same):
    """Light of the 3 x 3 pixels around one, and their weights on the nearer surface and on its own."""
    radius = surfaces.radius
    height, width = radius.shape
    total = np.float32(0)
    for i in range(9):
        v, u = min(max(y + i // 3 - 1, 0), height - 1), min(max(x + i % 3 - 1, 0), width - 1)
        for c in range(3):
            colours[i, c] = surfaces.linear[surfaces.image[v, u, c]]
        step = radius[v, u] - radius[y, x]
        weight = rules.rim_weight if surfaces.outline[v, u] else np.float32(1)
        nearer[i] = weight if step > rules.gap else 0
        same[i] = weight if abs(step) <= rules.gap and i != 4 else 0
        total += nearer[i] * radius[v, u]
    surfaces.clean[y, x, 3] = total / max(nearer.sum(), np.float32(1e-9))


@njit(nogil=True, error_model="numpy")
def _unmix(surfaces, rules, y, x, colours, nearer, same):
    """The share of the nearer surface's light in one pixel, and what is left without it."""
    zero, one = np.float32(0), np.float32(1)
    front, own = np.zeros(3, np.float32), np.zeros(3, np.float32)
    contrast, position, varied = zero, zero, zero
    for c in range(3):
        for i in range(9):
            front[c] += colours[i, c] * nearer[i] / nearer.sum()
            own[c] += colours[i, c] * same[i] / same.sum()
        contrast += (front[c] - own[c]) ** 2
        position += (colours[4, c] - own[c]) * (front[c] - own[c])
        for i in range(9):
            varied += (colours[i, c] - front[c]) ** 2 * nearer[i] / nearer.sum()
            varied += (colours[i, c] - own[c]) ** 2 * same[i] / same.sum()
    trusted = min(max(contrast / (rules.trust * varied + np.float32(1e-6)) - one, zero), one)
    share = min(max(position / max(contrast, np.float32(1e-9)), zero), np.float32(0.5)) * trusted
    surfaces.share[y, x] = share
    for c in range(3):
        surfaces.clean[y, x, c] = max((colours[4, c] - share * front[c]) / (one - share), zero)
