"""Slices of equal blur: how light is sorted into them, spread, and put together again."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sterefo_core.refocus.aperture import disk_kernel, transfer
from sterefo_core.refocus.iris import DISK, Iris

EMPTY = 1e-6


def rung_share(radius: Tensor, rungs: Sequence[float], index: int) -> Tensor:
    """The share of each pixel's light that is drawn with the disk of `rungs[index]`, 0..1; all rungs' sum to one.

    A pixel's light is divided between the two rungs around its radius linearly in the square of the radius: so the
    blur has exactly the disk's variance, and moves smoothly with the radius, through focus too.

    Args:
        radius: signed, px, within the rungs' range, any shape.
    """
    square = radius * radius.abs()
    at = rungs[index] * abs(rungs[index])
    share = torch.ones_like(radius)
    if index > 0:
        below = rungs[index - 1] * abs(rungs[index - 1])
        share = torch.minimum(share, (square - below) / (at - below))
    if index + 1 < len(rungs):
        above = rungs[index + 1] * abs(rungs[index + 1])
        share = torch.minimum(share, (above - square) / (above - at))
    return share.clamp(min=0)


def spread(light: Tensor, radii: Tensor, rungs: Sequence[float], members: range, iris: Iris = DISK) -> Tensor:
    """The light of one slice after the lens: every pixel spread over its disk, all of them added.

    Args:
        light: `(B, 4 S, H, W)` premultiplied colour and coverage of S surfaces.
        radii: `(B, S, H, W)` signed radius of each.
        members: which rungs the slice has.
        iris: the shape that a point of light takes.

    Returns:
        Premultiplied colour and coverage `(B, 4, H, W)`. The picture's borders wrap around.
    """
    height, width = light.shape[-2:]
    surfaces = light.unflatten(1, (-1, 4))  # (B, S, 4, H, W)
    sharp, spectrum = torch.zeros_like(surfaces[:, 0]), None
    for index in members:
        ours = (surfaces * rung_share(radii, rungs, index)[:, :, None]).sum(1)  # (B, 4, H, W)
        kernel = disk_kernel(rungs[index], iris)
        if kernel.numel() == 1:
            sharp = sharp + ours
        elif bool((ours[:, 3] > 0).any()):
            blurred = torch.fft.rfft2(ours) * transfer(kernel, height, width, like=light)
            spectrum = blurred if spectrum is None else spectrum + blurred
    return sharp if spectrum is None else sharp + torch.fft.irfft2(spectrum, s=(height, width))


def over(slice_light: Tensor, nearer_coverage: Tensor, behind: Tensor) -> Tensor:
    """One slice composited over what lies behind it; premultiplied `(B, 4, H, W)`.

    A smooth surface that passes from this slice into the next nearer one covers different parts of the aperture in
    each, so this slice's coverage counts in full within the part that the nearer one leaves: c / (1 - c_nearer). Plain
    c would let the background shine through slanted surfaces. Across a gap the nearer slice is empty or this one is
    complete, and then it is the ordinary "over".

    Args:
        nearer_coverage: `(B, 1, H, W)` coverage of the next nearer slice.
    """
    coverage = slice_light[:, 3:].clamp(min=0)
    room = torch.maximum(coverage, 1 - nearer_coverage).clamp(min=EMPTY)
    return slice_light / room + behind * (1 - coverage / room)
