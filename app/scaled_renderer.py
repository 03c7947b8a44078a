"""Refocusing at a share of the full size: how the preview may be quicker than the export. No Qt."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from sterefo_core.optics import blur_radius_px
from sterefo_core.protocols import Renderer
from sterefo_core.types import Lens


class ScaledRenderer:
    """Renders smaller by `scale` and enlarges the result; what is in focus keeps the pixels of the full picture.

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
        smaller = replace(lens, max_radius_px=lens.max_radius_px * self.scale, sharp_px=lens.sharp_px * self.scale)
        # Disparity is a length in pixels as well: scaling it scales every blur radius along, at the same aperture.
        small_disparity = cv2.resize(disparity, size, interpolation=cv2.INTER_NEAREST) * np.float32(self.scale)
        rendered = self._renderer.render(
            cv2.resize(image, size, interpolation=cv2.INTER_AREA),
            small_disparity,
            focus_disparity * self.scale,
            smaller,
            None if right is None else cv2.resize(right, size, interpolation=cv2.INTER_AREA),
        )
        enlarged = cv2.resize(rendered, (width, height), interpolation=cv2.INTER_LINEAR)
        radius = blur_radius_px(disparity, focus_disparity, lens)
        return _mixed(image, enlarged, np.clip(radius - 0.5, 0, 1).astype(np.float32))


def _mixed(sharp: np.ndarray, soft: np.ndarray, softness: np.ndarray) -> np.ndarray:
    """`sharp` where softness is 0, `soft` where it is 1."""
    return cv2.blendLinear(sharp, soft, 1 - softness, softness)
