"""The picture that a lens makes of one out-of-focus point: the shape of its aperture, as a convolution kernel."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from sterefo_core.refocus.iris import DISK, Iris

_SAMPLES = 16
"""Points per pixel side at which a kernel is sampled: coverage is exact to about 1/256 of a pixel."""


def disk_kernel(radius: float, iris: Iris = DISK) -> Tensor:
    """Anti-aliased disk that spreads light exactly as far as a disk of `radius` px does; or another shape within it.

    Every tap is the area that the disk has in that pixel, so the taps are a disk blurred by one pixel. The disk drawn
    is narrower, sqrt(radius^2 - 1/3), so that disk and pixel together have the disk's own variance, radius^2 / 4
    along each axis.

    Args:
        radius: px, signed: in front of the focal plane, where it is above 0, the shape is turned by half a turn.
        iris: the shape.

    Returns:
        `(2 n + 1, 2 n + 1)` float64 that sums to one: leave it as it is, it is kept. `[[1.]]` where the disk lies
        within its pixel.
    """
    kernel = _upright_kernel(abs(radius), iris)
    return kernel.flip(0, 1) if radius > 0 and not iris.turnable else kernel


@lru_cache(maxsize=2048)
def _upright_kernel(radius: float, iris: Iris) -> Tensor:
    reach, at = _samples(radius)
    if reach <= 0:
        return torch.ones(1, 1, dtype=torch.float64)
    inside = _uncut(radius, replace(iris, cut=(0.0, 0.0)))
    if iris.cut != (0.0, 0.0):
        inside = inside & iris.spares(at[None, :], at[:, None])
    taps = inside.reshape(2 * reach + 1, _SAMPLES, 2 * reach + 1, _SAMPLES).sum(axis=(1, 3), dtype=np.float64)
    return torch.from_numpy(taps / taps.sum())


def _samples(radius: float) -> tuple[int, np.ndarray]:
    """How many px a disk reaches, and along one axis where it is sampled, in drawn radii."""
    drawn = math.sqrt(max(radius**2 - 1 / 3, 0.0))
    reach = math.ceil(drawn - 0.5)
    side = (np.arange((2 * reach + 1) * _SAMPLES) + 0.5) / _SAMPLES - reach - 0.5
    return reach, side / max(drawn, 1e-9)


@lru_cache(maxsize=64)
def _uncut(radius: float, iris: Iris) -> np.ndarray:
    """Samples within the shape; kept, as a lens has it with many cuts."""
    at = _samples(radius)[1]
    return iris.contains(at[None, :], at[:, None])


def transfer(kernel: Tensor, height: int, width: int, like: Tensor) -> Tensor:
    """The kernel's Fourier transform on a periodic `(height, width)` grid: complex `(height, width // 2 + 1)`.

    Device and precision are those of `like`.
    """
    grid = torch.zeros(height, width, dtype=torch.float64)
    reach = kernel.shape[0] // 2
    grid[: kernel.shape[0], : kernel.shape[1]] = kernel
    return torch.fft.rfft2(grid.roll((-reach, -reach), (0, 1)).to(like))
