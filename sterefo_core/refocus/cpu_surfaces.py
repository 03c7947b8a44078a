"""CPU kernels of the first stage: blur radius, depth edges, and the light of nearer surfaces on outlines."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sterefo_core.refocus.cpu_plan import slice_of
from sterefo_core.refocus.rules import FARTHER, GAP_PX, RIM_WEIGHT, SAME_PX, TRUST


class Rules(NamedTuple):
    """Numbers of the definition. They are passed: numba would keep old ones in its cache if they changed there."""

    gap: np.float32 = np.float32(GAP_PX)
    rim_weight: np.float32 = np.float32(RIM_WEIGHT)
    trust: np.float32 = np.float32(TRUST)
    farther: np.float32 = np.float32(FARTHER)
    same: np.float32 = np.float32(SAME_PX)


class Surfaces(NamedTuple):
    """What is spread: up to three surfaces in each pixel of a picture of `(H, W)`. Radii are signed, in px.

    Attributes:
        image: `(H, W, 3)` uint16 bytes, 256 more for lamps. linear: `(512,)` float32 light of those.
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
def measure_radius(disparity, focus, sharp, aperture, low, largest, surfaces, top, bottom):
    """Signed radius and slice of the rows. False where a disparity is not finite."""
    radius, slot = surfaces.radius, surfaces.slot
    finite, k = True, 0
    for y in range(top, bottom):
        for x in range(radius.shape[1]):
            depth = np.float64(disparity[y, x])
            finite &= np.isfinite(depth)
            away = depth - focus
            away -= min(max(away, -sharp), sharp)
            value = np.float32(min(max(aperture * away, -largest), largest))
            k = slice_of(low, value, k)
            radius[y, x], slot[y, x] = value, k
    return finite


@njit(cache=True, nogil=True, error_model="numpy")
def unmix_outlines(surfaces, rules, top, bottom):
    """Take the nearer surface's light out of the farther one's outermost pixels, as `rims.unmix_rims` does."""
    image, linear, radius, outline = surfaces.image, surfaces.linear, surfaces.radius, surfaces.outline
    share, clean = surfaces.share, surfaces.clean
    height, width = radius.shape
    total = np.zeros((2, 6), np.float32)  # of the nearer and the own surface: light, weight, radius, light squared
    for y in range(top, bottom):
        for x in range(width):
            share[y, x] = 0
            if not outline[y, x]:
                continue
            for i in range(12):
                total[i // 6, i % 6] = 0
            for i in range(9):
                v, u = min(max(y + i // 3 - 1, 0), height - 1), min(max(x + i % 3 - 1, 0), width - 1)
                step = radius[v, u] - radius[y, x]
                if step < -rules.gap or i == 4:
                    continue
                surface = 0 if step > rules.gap else 1
                weight = rules.rim_weight if outline[v, u] else np.float32(1)
                for c in range(3):
                    light = linear[image[v, u, c]]
                    total[surface, c] += weight * light
                    total[surface, 5] += weight * light * light
                total[surface, 3] += weight
                total[surface, 4] += weight * radius[v, u]
            if total[0, 3] > 0 and total[1, 3] > 0:
                share[y, x] = _unmix(image, linear, rules, y, x, total, clean)


@njit(nogil=True, error_model="numpy")
def _unmix(image, linear, rules, y, x, total, clean):
    """The share of the nearer surface's light in one pixel; what is left without it, and its radius, into `clean`."""
    contrast, position = np.float32(0), np.float32(0)
    varied = total[0, 5] / total[0, 3] + total[1, 5] / total[1, 3]
    for c in range(3):
        front, own = total[0, c] / total[0, 3], total[1, c] / total[1, 3]
        varied -= front * front + own * own
        contrast += (front - own) ** 2
        position += (linear[image[y, x, c]] - own) * (front - own)
    trusted = contrast / (rules.trust * max(varied, np.float32(0)) + np.float32(1e-6)) - np.float32(1)
    trusted = min(max(trusted, np.float32(0)), np.float32(1))
    share = min(max(position / max(contrast, np.float32(1e-9)), np.float32(0)), np.float32(0.5)) * trusted
    for c in range(3):
        front = total[0, c] / total[0, 3]
        clean[y, x, c] = max((linear[image[y, x, c]] - share * front) / (1 - share), np.float32(0))
    clean[y, x, 3] = total[0, 4] / total[0, 3]
    return share
