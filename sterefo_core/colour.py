"""Light and colour: sRGB to linear light and back, and disparity as colours on a fixed range.

Blur adds up light, so it is computed on linear values; files and screens hold sRGB-encoded ones (IEC 61966-2-1).
"""

from __future__ import annotations

import cv2
import numpy as np


def _decode(encoded: np.ndarray) -> np.ndarray:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


_LINEAR_OF_BYTE = _decode(np.arange(256) / 255.0).astype(np.float32)
# The encoder is a table too: 4096 steps, linear in the square root of light, are within 0.6 of a byte step everywhere.
_ENCODER_STEPS = 4095


def _encode(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-12) ** (1 / 2.4) - 0.055)


_BYTE_OF_ROOT = np.round(_encode((np.arange(_ENCODER_STEPS + 1) / _ENCODER_STEPS) ** 2) * 255).astype(np.uint8)


def linear_from_srgb(image: np.ndarray) -> np.ndarray:
    """Linear light, float32 0..1, from sRGB-encoded uint8 of any shape."""
    return _LINEAR_OF_BYTE[image]


def srgb_from_linear(linear: np.ndarray) -> np.ndarray:
    """sRGB-encoded uint8 from linear light of any shape; values outside 0..1 are clipped.

    `srgb_from_linear(linear_from_srgb(x)) == x` for every byte.
    """
    roots = np.sqrt(np.clip(linear, 0.0, 1.0))
    return _BYTE_OF_ROOT[np.rint(roots * _ENCODER_STEPS).astype(np.uint16)]


def disparity_colours(disparity: np.ndarray, max_disparity: float) -> np.ndarray:
    """`(H, W, 3)` uint8 RGB picture of a `(H, W)` disparity in px, on the fixed range 0..max_disparity.

    The range is the caller's and never the frame's own, so that a colour means the same distance in every frame.
    """
    scaled = np.clip(np.nan_to_num(disparity) * (255.0 / max_disparity), 0, 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(scaled, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
