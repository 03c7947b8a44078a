"""Pixels on an outline hold light of both surfaces; each must be spread with its own radius.

A pixel just outside a nearer surface often holds some of its light, for the camera's pixels have a size. Spread with
the background's radius that light makes a veil around thin things in focus and false rings around lights.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sterefo_core.refocus.neighbours import around, gaps, weighted_mean
from sterefo_core.refocus.rules import GAP_PX, RIM_WEIGHT, TRUST


def unmix_rims(image: Tensor, radius: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take the nearer surface's light out of the farther surface's outermost pixels.

    The share of the nearer surface, at most a half, is where the pixel's colour lies between the mean colours of its
    neighbours on either surface. Where these vary as much as they differ, nothing is taken out.

    Args:
        image: `(B, 3, H, W)` linear light; radius: `(B, 1, H, W)` signed, px.

    Returns:
        The farther surface's colour `(B, 3, H, W)`, the same as `image` away from outlines; the nearer surface's light
        and coverage there, premultiplied, `(B, 4, H, W)`; and the nearer surface's radius `(B, 1, H, W)`.
    """
    step = gaps(radius)  # (B, 1, 9, H, W)
    outline = (step.abs() > GAP_PX).any(2).to(image)  # (B, 1, H, W)
    trusted = around(1 - (1 - RIM_WEIGHT) * outline)
    trusted[:, :, 4] = 0
    nearer, same = trusted * (step > GAP_PX), trusted * (step.abs() <= GAP_PX)
    colours = around(image)
    front, own = weighted_mean(colours, nearer), weighted_mean(colours, same)
    spread = _variance(colours, front, nearer) + _variance(colours, own, same)
    apart = front - own
    contrast = apart.square().sum(1, keepdim=True)
    known = (nearer.sum(2) > 0) & (same.sum(2) > 0)
    trust = (contrast / (TRUST * spread + 1e-6) - 1).clamp(0, 1) * known
    position = ((image - own) * apart).sum(1, keepdim=True) / contrast.clamp(min=1e-9)
    share = position.clamp(0, 0.5) * trust  # (B, 1, H, W)
    clean = ((image - share * front) / (1 - share)).clamp(min=0)
    front_radius = torch.where(known, weighted_mean(around(radius), nearer), radius)
    return clean, torch.cat((image - (1 - share) * clean, share), dim=1), front_radius


def _variance(colours: Tensor, mean: Tensor, weights: Tensor) -> Tensor:
    return weighted_mean((colours - mean[:, :, None]).square(), weights).sum(1, keepdim=True)
