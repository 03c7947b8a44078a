"""The CUDA twin as a renderer: 8-bit sRGB in and out, with memory that is kept from frame to frame."""

from __future__ import annotations

from contextlib import nullcontext
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from sterefo_core.colour import linear_from_srgb, srgb_from_linear
from sterefo_core.refocus.cuda_plan import plan_for
from sterefo_core.refocus.cuda_spread import Light, Shape
from sterefo_core.refocus.functional import signed_radius, surfaces_of
from sterefo_core.types import Lens


def tried_out() -> CudaRenderer:
    """A renderer that has rendered a small picture, its kernels compiled. Raises whatever keeps them from running."""
    renderer, small = CudaRenderer(), np.zeros((8, 8, 3), np.uint8)
    renderer.render(small, np.ones((8, 8), np.float32), 0.0, Lens(), small)
    return renderer


@lru_cache(maxsize=2)
def _encoding(device: torch.device) -> tuple[Tensor, Tensor]:
    """The tables of `colour`: linear light of every byte, and the byte of 4096 steps of the square root of light."""
    decoder = torch.as_tensor(linear_from_srgb(np.arange(256)))
    encoder = torch.as_tensor(srgb_from_linear((np.arange(4096) / 4095) ** 2))
    return decoder.to(device), encoder.to(device)


class _Buffers:
    """All memory that pictures of one size and largest radius need, on the host and on the device."""

    def __init__(self, height: int, width: int, max_radius_px: float, device: torch.device) -> None:
        pinned = device.type == "cuda"
        plan = plan_for(max_radius_px, device)
        self.light = Light(Shape.of(1, 3, height, width, plan), plan)
        self.host_image = torch.empty(height, width, 3, dtype=torch.uint8, pin_memory=pinned)
        self.host_right = torch.empty_like(self.host_image, pin_memory=pinned)
        self.host_disparity = torch.empty(height, width, pin_memory=pinned)
        self.image, self.right = self.host_image.to(device), self.host_right.to(device)
        self.disparity = self.host_disparity.to(device)
        self.result = torch.empty_like(self.image)

    def refocus(self, focus_disparity: float, lens: Lens, with_right: bool) -> None:
        """Compute `result` from `image`, `disparity` and perhaps `right` on the device."""
        decoder, encoder = _encoding(self.image.device)
        left, right = (
            decoder[picture.int()].permute(2, 0, 1)[None].contiguous() for picture in (self.image, self.right)
        )
        depth = self.disparity[None, None]
        radius = signed_radius(depth, focus_disparity, lens)
        self.light.fill(*surfaces_of(left, radius, depth, right if with_right else None))
        self.light.spread(self.result, "bytes", encoder)


class CudaRenderer:
    """Renders on one CUDA device with buffers kept from frame to frame. The Renderer protocol says what `render` takes.

    Frames are uploaded, computed and downloaded on a stream of their own, which is waited for once, at a frame's end.
    """

    def __init__(self, device: str | torch.device = "cuda") -> None:
        self._device = torch.device(device)
        self._stream = torch.cuda.Stream(self._device) if self._device.type == "cuda" else None
        self._buffers: tuple[tuple[int, int, float], _Buffers] | None = None

    @torch.no_grad()
    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB, focused at `focus_disparity` px. Raises ValueError where a disparity is not finite."""
        if not np.isfinite(disparity).all():
            raise ValueError("disparity has values that are not finite (NaN or infinity)")
        with torch.cuda.stream(self._stream) if self._stream else nullcontext():
            buffers = self._buffers_for((*disparity.shape[:2], float(lens.max_radius_px)))
            _upload(image, buffers.host_image, buffers.image)
            _upload(disparity, buffers.host_disparity, buffers.disparity)
            if right is not None:
                _upload(right, buffers.host_right, buffers.right)
            buffers.refocus(focus_disparity, lens, right is not None)
            buffers.host_image.copy_(buffers.result, non_blocking=True)
            if self._stream:
                self._stream.synchronize()
        return buffers.host_image.numpy().copy()

    def _buffers_for(self, size: tuple[int, int, float]) -> _Buffers:
        if self._buffers is None or self._buffers[0] != size:
            self._buffers = size, _Buffers(*size, self._device)
        return self._buffers[1]


def _upload(given: np.ndarray, host: Tensor, device: Tensor) -> None:
    np.copyto(host.numpy(), given)
    device.copy_(host, non_blocking=True)
