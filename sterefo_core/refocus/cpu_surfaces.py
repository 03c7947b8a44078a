"""CPU kernels of the first stage: blur radius, depth edges, and the light of nearer surfaces on outlines."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sterefo_core.refocus import hidden, rims, second_view
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
            while k + 1 < low.size and value >= low[k + 1]:
                k += 1
            while k > 0 and value < low[k]:
                k -= 1
            radius[y, x], slot[y, x] = value, k
    return finite


@njit(cache=True, nogil=True, error_model="numpy")
def unmix_outlines(surfaces, rules, top, bottom):
    """Take the nearer surface's light out of the farther one's outermost pixels, as `rims.unmix_rims` does."""
    image, linear, radius, outline = surfaces.image, surfaces.linear, surfaces.radius, surfaces.outline
    share, clean = surfaces.share, surfaces.clean
    height, width = radius.shape
    front, own = np.empty(3, np.float32), np.empty(3, np.float32)
    gap, zero, one = rules.gap, np.float32(0), np.float32(1)
    for y in range(top, bottom):
        for x in range(width):
            share[y, x] = 0
            if not outline[y, x]:
                continue
            front[:], own[:] = 0, 0
            nearer, same, front_radius = zero, zero, zero
            for i in range(9):
                v, u = min(max(y + i // 3 - 1, 0), height - 1), min(max(x + i % 3 - 1, 0), width - 1)
                step = radius[v, u] - radius[y, x]
                if i != 4 and step >= -gap:
                    weight = rules.rim_weight if outline[v, u] else one
                    if step > gap:
                        nearer += weight
                        front_radius += weight * radius[v, u]
                        for c in range(3):
                            front[c] += weight * linear[image[v, u, c]]
                    else:
                        same += weight
                        for c in range(3):
                            own[c] += weight * linear[image[v, u, c]]
            if nearer == 0 or same == 0:
                continue
            contrast, position = zero, zero
            for c in range(3):
                front[c] /= nearer
                own[c] /= same
                contrast += (front[c] - own[c]) ** 2
                position += (linear[image[y, x, c]] - own[c]) * (front[c] - own[c])
            if position <= 0:
                continue
            varied = zero
            for i in range(9):
                v, u = min(max(y + i // 3 - 1, 0), height - 1), min(max(x + i % 3 - 1, 0), width - 1)
                step = radius[v, u] - radius[y, x]
                if i != 4 and step >= -gap:
                    weight = rules.rim_weight if outline[v, u] else one
                    for c in range(3):
                        value = linear[image[v, u, c]]
                        varied += weight * (
                            (value - front[c]) ** 2 / nearer if step > gap else (value - own[c]) ** 2 / same
                        )
            trusted = min(max(contrast / (rules.trust * varied + np.float32(1e-6)) - 1, zero), one)
            part = min(position / max(contrast, np.float32(1e-9)), np.float32(0.5)) * trusted
            if part > 0:
                share[y, x] = part
                clean[y, x, 3] = front_radius / nearer
                for c in range(3):
                    clean[y, x, c] = max((linear[image[y, x, c]] - part * front[c]) / (1 - part), zero)
