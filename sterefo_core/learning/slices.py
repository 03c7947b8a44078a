"""Refocusing by the slices of a volume: every bin of disparity is a layer, as opaque as it is likely."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from sterefo_core.depth.network import BIN_PX
from sterefo_core.lens import Lens
from sterefo_core.refocus.functional import signed_radius
from sterefo_core.refocus.iris import iris_of
from sterefo_core.refocus.layers import over, rung_share, spread
from sterefo_core.refocus.rules import radius_rungs, slices_of


def refocused_slices(image: Tensor, share: Tensor, focus_disparity: float | Tensor, lens: Lens) -> Tensor:
    """Blur every slice by the radius of its disparity, and composite them from far to near.

    Args:
        image: `(B, 3, H, W)` linear light.
        share: `(B, D, H, W)` likelihood of the disparities 0, `BIN_PX`, 2 `BIN_PX` ... px; it sums to one over D.

    Returns:
        `(B, 3, H, W)` linear light. Differentiable like `refocus.functional.refocus`.
    """
    rungs, iris = radius_rungs(lens.max_radius_px), iris_of(lens)
    bins = BIN_PX * torch.arange(share.shape[1], dtype=image.dtype, device=image.device)
    radius = signed_radius(bins.reshape(1, -1, 1, 1), focus_disparity, lens)  # (1 or B, D, 1, 1)
    reach = math.ceil(lens.max_radius_px)
    image, share = (F.pad(x, (reach, reach, reach, reach), mode="replicate") for x in (image, share))
    behind = slice_light = torch.zeros_like(torch.cat((image, share[:, :1]), dim=1))
    for members in slices_of(rungs):
        nearer = torch.zeros_like(slice_light)
        for index in members:
            coverage = (share * rung_share(radius, rungs, index)).sum(dim=1, keepdim=True)  # (B, 1, H, W)
            light = torch.cat((image * coverage, coverage), dim=1)
            at = torch.full_like(coverage, rungs[index])
            nearer = nearer + spread(light, at, rungs, range(index, index + 1), iris)
        behind, slice_light = over(slice_light, nearer[:, 3:], behind), nearer
    light = over(slice_light, torch.zeros_like(slice_light[:, 3:]), behind)
    light = light[..., reach : light.shape[-2] - reach, reach : light.shape[-1] - reach]
    return light[:, :3] / light[:, 3:].clamp(min=1e-6)
