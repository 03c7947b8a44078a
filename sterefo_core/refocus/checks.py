"""What a renderer is given: said plainly where it does not fit."""

from __future__ import annotations

import math

import numpy as np

from sterefo_core.lens import Lens, unusable


def check_pictures(
    image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
) -> None:
    """Raises ValueError, saying which, where shapes, types or numbers are not what the Renderer protocol asks for."""
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape or image.dtype != np.uint8:
        raise ValueError(f"image is {image.dtype} of shape {image.shape}; it must be uint8 (H, W, 3), not empty")
    if disparity.shape != image.shape[:2]:
        raise ValueError(f"disparity has shape {disparity.shape}; the image needs {image.shape[:2]}")
    if right is not None and (right.shape != image.shape or right.dtype != np.uint8):
        raise ValueError(f"the right image is {right.dtype} of shape {right.shape}, the left one {image.shape}")
    if not math.isfinite(focus_disparity):
        raise ValueError("the focus disparity is not finite (NaN or infinity)")
    if wrong := unusable(lens):
        raise ValueError(wrong)
    if not 0 <= float(lens.aperture) < math.inf or not 0 <= lens.max_radius_px < math.inf:
        raise ValueError("aperture and largest radius of the lens must be finite and not below 0")
