"""The layered refocusing that this program improves on, kept as the baseline of every comparison.

After Busam, Hog, McDonagh and Slabaugh, "SteReFo: Efficient Image Refocusing with Stereo Vision" (2019): the disparity
is cut into layers by hard masks; each layer, and its mask, is blurred by a binary disk of whole-pixel radius; layers
are put over each other from far to near. Large disks are applied at reduced size so that the kernel stays small. All
of it on the encoded values as they are.
"""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.lens import Lens
from sterefo_core.optics import blur_radius_px

LAYERS = 32
LARGEST_KERNEL_RADIUS = 7


class PaperRenderer:
    """The paper's algorithm on the CPU; the Renderer protocol says what `render` takes. The right image is not used."""

    def render(
        self,
        image: np.ndarray,
        disparity: np.ndarray,
        focus_disparity: float,
        lens: Lens,
        right: np.ndarray | None = None,
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB, focused at `focus_disparity` px."""
        edges = np.linspace(disparity.min(), disparity.max(), LAYERS + 1)
        layer_of = np.clip(np.searchsorted(edges, disparity, side="right") - 1, 0, LAYERS - 1)
        result = np.zeros((*disparity.shape, 4), np.float32)
        opaque = cv2.merge([*cv2.split(image.astype(np.float32)), np.ones(disparity.shape, np.float32)])
        for layer in np.unique(layer_of):
            middle = (edges[layer] + edges[layer + 1]) / 2
            radius = round(float(blur_radius_px(middle, focus_disparity, lens)))
            blurred = _disk_blur(opaque * (layer_of == layer)[..., None].astype(np.float32), radius)
            result = blurred + result * (1 - blurred[..., 3:])
        return np.clip(np.rint(result[..., :3] / np.maximum(result[..., 3:], 1e-3)), 0, 255).astype(np.uint8)


def _disk_blur(layer: np.ndarray, radius: int) -> np.ndarray:
    """Convolve with a binary disk of `radius` px, at half, quarter ... size where the kernel would be too large."""
    height, width = layer.shape[:2]
    shrink = 1
    while radius > LARGEST_KERNEL_RADIUS * shrink:
        shrink *= 2
    if shrink > 1:
        small = (max(width // shrink, 1), max(height // shrink, 1))
        layer = cv2.resize(layer, small, interpolation=cv2.INTER_AREA)
    reach = round(radius / shrink)
    offset = np.arange(-reach, reach + 1)
    disk = (offset[:, None] ** 2 + offset**2 <= reach**2).astype(np.float32)
    blurred = cv2.filter2D(layer, -1, disk / disk.sum(), borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR) if shrink > 1 else blurred
