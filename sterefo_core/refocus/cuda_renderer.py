"""The CUDA twin as a renderer: 8-bit sRGB in and out, with memory that is kept from frame to frame."""

from __future__ import annotations

from contextlib import nullcontext
from functools import lru_cache

import numpy as np
import torch
import triton
from torch import Tensor

from sterefo_core.colour import linear_from_srgb, srgb_from_linear
from sterefo_core.refocus import triton_hidden, triton_rims
from sterefo_core.refocus.cuda_plan import plan_for
from sterefo_core.refocus.cuda_spread import Light, Shape
from sterefo_core.refocus.hidden import SMOOTHING_STEPS
from sterefo_core.refocus.renderer import DefinitionRenderer
from sterefo_core.types import Lens

_LOWEST = torch.finfo(torch.float32).min


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


class Buffers:
    """All memory that pictures of one size and largest radius need, on the host and on the device."""

    def __init__(self, height: int, width: int, max_radius_px: float, device: torch.device) -> None:
        pinned = device.type == "cuda"
        plan = plan_for(max_radius_px, device)
        self.spread = Light(Shape.of(1, 3, height, width, plan), plan)
        self.host_image = torch.empty(height, width, 3, dtype=torch.uint8, pin_memory=pinned)
        self.host_right = torch.empty_like(self.host_image, pin_memory=pinned)
        self.host_disparity = torch.empty(height, width, pin_memory=pinned)
        self.host_broken = torch.zeros(1, dtype=torch.int32, pin_memory=pinned)
        self.image, self.right = self.host_image.to(device), self.host_right.to(device)
        self.disparity, self.broken = self.host_disparity.to(device), self.host_broken.to(device)
        self.result = torch.empty_like(self.image)
        self.light = torch.ones(1, 12, height, width, device=device)
        self.radii = torch.empty(1, 3, height, width, device=device)
        self.planes = torch.empty(2, 3, height, width, device=device)
        self.trusted, self.seen = torch.empty(2, height, width, device=device)
        self.nearest = torch.empty(1, device=device)
        self.rims = torch.empty(2, height, width, dtype=torch.int32, device=device)
        self.fixed = torch.empty(height, width, dtype=torch.int8, device=device)

    def refocus(self, focus_disparity: float, lens: Lens, with_right: bool) -> None:
        """Compute `result` from `image`, `disparity` and perhaps `right`, on the device alone, waiting for nothing."""
        decoder, encoder = _encoding(self.image.device)
        (height, width), plan = self.disparity.shape, self.spread.plan
        size, tile = (height, width), {"WIDTH": plan.tile[0], "HEIGHT": plan.tile[1], "num_warps": 4}
        grid = triton.cdiv(width, plan.tile[0]), triton.cdiv(height, plan.tile[1])
        colour, other = self.planes
        for target, value in ((self.broken, 0), (self.seen, _LOWEST), (self.nearest, _LOWEST)):
            target.fill_(value)
        triton_rims.measure[grid](
            self.image, self.disparity, decoder, colour, self.radii, self.seen, self.nearest, self.broken,
            float(lens.aperture), float(focus_disparity), float(lens.max_radius_px), *size,
            WITH_RIGHT=with_right, **tile,
        )  # fmt: skip
        triton_rims.weigh_outlines[grid](self.radii, self.trusted, *size, **tile)
        triton_rims.unmix[grid](colour, self.trusted, self.light, self.radii, *size, **tile)
        triton_hidden.hide[grid](
            self._nearest_rims(grid, tile, lens.max_radius_px), self.light, self.radii, self.disparity, self.right,
            decoder, self.seen, self.nearest, colour, self.fixed, *size, WITH_RIGHT=with_right, **tile,
        )  # fmt: skip
        guesses = colour, other, colour, self.light[0, 4:7]
        for step, guess, smoothed in zip(SMOOTHING_STEPS, guesses[:-1], guesses[1:], strict=True):
            triton_hidden.smooth[grid](guess, smoothed, self.light, self.radii, self.fixed, step, *size, **tile)
        self.spread.fill(self.light, self.radii)
        self.spread.spread(self.result, "bytes", encoder)

    def _nearest_rims(self, grid: tuple[int, int], tile: dict[str, int], max_radius_px: float) -> Tensor:
        """Jump flooding with steps down to 1, once more than the definition: here no round sees its own finds."""
        size, (rims, flooded) = self.disparity.shape, self.rims
        triton_hidden.flood[grid](self.radii, rims, rims, 1, *size, START=True, **tile)
        largest = int(2 * max_radius_px + 1).bit_length() - 1
        for step in [1 << power for power in range(largest, -1, -1)] + [1]:
            triton_hidden.flood[grid](self.radii, rims, flooded, step, *size, START=False, **tile)
            rims, flooded = flooded, rims
        return rims


class CudaRenderer:
    """Renders on one CUDA device with buffers kept from frame to frame. The Renderer protocol says what `render` takes.

    Frames are uploaded, computed and downloaded on a stream of their own, which is waited for once, at a frame's end.
    Blades and highlights are left to the definition on the same device: the kernels draw disks of the light they see.
    """

    def __init__(self, device: str | torch.device = "cuda") -> None:
        self._device = torch.device(device)
        self._stream = torch.cuda.Stream(self._device) if self._device.type == "cuda" else None
        self._buffers: tuple[tuple[int, int, float], Buffers] | None = None

    @torch.no_grad()
    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB, focused at `focus_disparity` px. Raises ValueError where a disparity is not finite."""
        if lens.blades or lens.highlights:
            return DefinitionRenderer(self._device.type).render(image, disparity, focus_disparity, lens, right)
        with torch.cuda.stream(self._stream) if self._stream else nullcontext():
            buffers = self._buffers_for((*disparity.shape[:2], float(lens.max_radius_px)))
            _upload(image, buffers.host_image, buffers.image)
            _upload(disparity, buffers.host_disparity, buffers.disparity)
            if right is not None:
                _upload(right, buffers.host_right, buffers.right)
            buffers.refocus(focus_disparity, lens, right is not None)
            buffers.host_image.copy_(buffers.result, non_blocking=True)
            buffers.host_broken.copy_(buffers.broken, non_blocking=True)
            if self._stream:
                self._stream.synchronize()
        if buffers.host_broken.item():
            raise ValueError("disparity has values that are not finite (NaN or infinity)")
        return buffers.host_image.numpy().copy()

    def _buffers_for(self, size: tuple[int, int, float]) -> Buffers:
        if self._buffers is None or self._buffers[0] != size:
            self._buffers = size, Buffers(*size, self._device)
        return self._buffers[1]


def _upload(given: np.ndarray, host: Tensor, device: Tensor) -> None:
    np.copyto(host.numpy(), given)
    device.copy_(host, non_blocking=True)
