"""The definition as a renderer: 8-bit sRGB in and out, computed in linear light."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sterefo_core.colour import linear_from_srgb, srgb_from_linear
from sterefo_core.errors import SterefoError
from sterefo_core.refocus.functional import refocus
from sterefo_core.refocus.highlights import clipped_spots, gain_of
from sterefo_core.types import Lens


def torch_device(name: str) -> torch.device:
    """ "auto" (CUDA where there is one), "cpu" or "cuda". Raises SterefoError for others, and for a missing CUDA."""
    if name not in ("auto", "cpu", "cuda"):
        raise SterefoError(f'there is no device "{name}": choose auto, cpu or cuda')
    if name == "cuda" and not torch.cuda.is_available():
        raise SterefoError("no CUDA device was found: choose --device cpu, or install torch with CUDA and its driver")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


class DefinitionRenderer:
    """Renders with `functional.refocus`: right rather than fast. The Renderer protocol says what `render` takes."""

    def __init__(self, device: str = "auto") -> None:
        self._device = torch_device(device)

    @torch.no_grad()
    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB, focused at `focus_disparity` px."""
        depth = torch.as_tensor(np.ascontiguousarray(disparity, dtype=np.float32), device=self._device)[None, None]
        other = None if right is None else self._light(right)
        light = self._light(image)
        if lens.highlights > 0:
            spots = torch.as_tensor(clipped_spots(image), device=self._device)
            light = torch.where(spots, light * gain_of(lens.highlights), light)
        refocused = refocus(light, depth, focus_disparity, lens, other)
        return srgb_from_linear(refocused[0].permute(1, 2, 0).cpu().numpy())

    def _light(self, image: np.ndarray) -> Tensor:
        return torch.as_tensor(linear_from_srgb(image), device=self._device).permute(2, 0, 1)[None]
