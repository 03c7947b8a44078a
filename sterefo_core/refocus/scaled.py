"""Refocusing at a share of the full size: how a preview may be quicker than the export.

The picture is refocused smaller and enlarged. What is in focus keeps the pixels of the full picture, changed by no
more than what a nearer blurred thing spills over it. Neither blurred nor sharp parts take anything of the other when
they are enlarged: a sharp outline would get a halo of its own colour, as wide as a pixel of the smaller picture.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numba import njit

from sterefo_core.lens import Lens
from sterefo_core.optics import blur_radius_px
from sterefo_core.protocols import Renderer

_SHARP_PX = 0.5
"""A smaller blur radius shows the pixels of the full picture, and one that is larger by a px none of them."""
_AROUND = np.ones((3, 3), np.uint8)


class ScaledRenderer:
    """Renders smaller by `scale`, which may be changed between two pictures; 1 is full size.

    Args:
        renderer: the renderer that does the work.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self.scale = 1.0

    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """As the Renderer protocol says."""
        if self.scale == 1.0:
            return self._renderer.render(image, disparity, focus_disparity, lens, right)
        height, width = disparity.shape
        size = max(round(width * self.scale), 1), max(round(height * self.scale), 1)
        small_disparity = cv2.resize(disparity, size, interpolation=cv2.INTER_NEAREST_EXACT)
        softness, small_softness = (_softness(values, focus_disparity, lens) for values in (disparity, small_disparity))
        small, soft = _shrunk(image, size), softness > 0
        _unmix(small, _shrunk(soft.astype(np.uint8) * 255, size), small_softness > 0, image, soft)
        # Disparity is a length in pixels as well: scaling it scales every blur radius along, at the same aperture.
        rendered = self._renderer.render(
            small,
            small_disparity * np.float32(self.scale),
            focus_disparity * self.scale,
            replace(lens, max_radius_px=lens.max_radius_px * self.scale, sharp_px=lens.sharp_px * self.scale),
            None if right is None else _shrunk(right, size),
        )
        blurred = _grown(rendered, small_softness > 0)
        spill = _grown(cv2.subtract(rendered, small, dtype=cv2.CV_16S), small_softness < 1)
        blurred, spill = (
            cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR) for part in (blurred, spill)
        )
        return cv2.blendLinear(cv2.add(image, spill, dtype=cv2.CV_8U), blurred, 1 - softness, softness)


def _shrunk(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Averaged; down to half size bilinear weights do as well, in an eighth of the time."""
    enough = cv2.INTER_LINEAR if 2 * size[0] >= image.shape[1] else cv2.INTER_AREA
    return cv2.resize(image, size, interpolation=enough)


def _softness(disparity: np.ndarray, focus_disparity: float, lens: Lens) -> np.ndarray:
    """`(H, W)` float32, 0 where the pixels of the full picture are shown to 1 where refocused ones are."""
    radius = blur_radius_px(disparity, focus_disparity, lens)
    return np.clip(radius - _SHARP_PX, 0, 1).astype(np.float32, copy=False)


@njit(cache=True, nogil=True)
def _unmix(small: np.ndarray, mixture: np.ndarray, small_soft: np.ndarray, image: np.ndarray, soft: np.ndarray) -> None:
    """Average those pixels of a smaller picture anew that mix what is sharp with what is not: over their own kind.

    Args:
        small: `(h, w, 3)`, changed in place.
        mixture: `(h, w)` uint8, how much is not sharp of what was averaged, 0..255.
        small_soft, soft: of which kind the pixels of the smaller and of the full picture are.
    """
    height, width = mixture.shape
    for y in range(height):
        rows = range(y * soft.shape[0] // height, -(-(y + 1) * soft.shape[0] // height))
        for x in range(width):
            if mixture[y, x] == 0 or mixture[y, x] == 255:
                continue
            count, sums = 0, np.zeros(3, np.int64)
            for v in rows:
                for u in range(x * soft.shape[1] // width, -(-(x + 1) * soft.shape[1] // width)):
                    if soft[v, u] == small_soft[y, x]:
                        count += 1
                        sums += image[v, u]
            if count:
                small[y, x] = sums // count


def _grown(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """`(H, W, 3)` whole numbers that go on for a pixel beyond where they are known, as the mean of their neighbours.

    Beyond that they are 0.
    """
    grown, mask = values.copy(), known.astype(np.uint8)
    _grow(grown, mask, cv2.dilate(mask, _AROUND))
    return grown


@njit(cache=True, nogil=True)
def _grow(values: np.ndarray, known: np.ndarray, near: np.ndarray) -> None:
    """Set pixels that are not known to the mean of known ones beside them, in place; 0 where none is `near`."""
    height, width = known.shape
    for y in range(height):
        for x in range(width):
            if known[y, x]:
                continue
            if not near[y, x]:
                values[y, x, 0] = values[y, x, 1] = values[y, x, 2] = 0
                continue
            count, sums = 0, np.zeros(3, np.int64)
            for v in range(max(y - 1, 0), min(y + 2, height)):
                for u in range(max(x - 1, 0), min(x + 2, width)):
                    if known[v, u]:
                        count += 1
                        sums += values[v, u]
            values[y, x] = sums // count
