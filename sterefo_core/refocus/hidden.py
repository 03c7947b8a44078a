"""What lies behind depth edges: the part of the farther surface that the lens sees around a nearer one's rim.

The left image does not show it, but an aperture has width and looks around the rim. Without it, blurred foregrounds
get dark or doubled rims and the background bleeds.
"""

from __future__ import annotations

import torch
from torch import Tensor

GAP_PX = 1.0
"""Neighbours whose blur radii differ by more than this belong to different surfaces."""


def nearest_farther_rim(radius: Tensor, reach_px: float) -> Tensor:
    """For every pixel, where the nearest pixel is that borders on this surface from behind.

    A rim pixel is one with a neighbour that is nearer by more than `GAP_PX`. Its surface goes on behind the nearer one
    as far as the lens can look: by the difference of the two radii. Found by jump flooding (Rong and Tan 2006).

    Args:
        radius: `(B, 1, H, W)` signed blur radius in px, larger is nearer.
        reach_px: no rim is looked for farther away than this.

    Returns:
        `(B, H, W)` int64 index into the flattened picture; -1 where nothing hidden can be seen.
    """
    near = radius.detach()[:, 0]  # (B, H, W)
    height, width = near.shape[-2:]
    here = torch.arange(height * width, device=near.device).view(height, width)
    rows, columns = here // width, here % width
    best = torch.full_like(near, -1, dtype=torch.int64)
    distance = torch.full_like(near, torch.inf)

    def offer(candidate: Tensor, exists: Tensor) -> None:
        """Take the candidate rims that are hidden here, within the lens's view, and nearer than the best so far."""
        nonlocal best, distance
        behind = near - near.flatten(1).gather(1, candidate.flatten(1)).view_as(near)
        apart = torch.hypot((candidate // width - rows).to(near), (candidate % width - columns).to(near))
        better = exists & (behind > GAP_PX) & (apart <= behind + 1) & (apart < distance)
        best, distance = torch.where(better, candidate, best), torch.where(better, apart, distance)

    around = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
    for y, x in around:
        neighbour = (rows + y).clamp(0, height - 1) * width + (columns + x).clamp(0, width - 1)
        offer(neighbour.expand_as(best), torch.ones_like(best, dtype=torch.bool))
    step = 1 << max(int(reach_px).bit_length() - 1, 0)
    while step >= 1:
        for y, x in around:
            neighbour = (rows + y * step).clamp(0, height - 1) * width + (columns + x * step).clamp(0, width - 1)
            candidate = best.flatten(1)[:, neighbour.flatten()].view_as(best)
            offer(candidate.clamp(min=0), candidate >= 0)
        step //= 2
    return best


def hidden_surface(image: Tensor, radius: Tensor, reach_px: float) -> tuple[Tensor, Tensor, Tensor]:
    """The farther surfaces, continued behind the nearer ones that cover them.

    Args:
        image: `(B, 3, H, W)` linear light; radius: `(B, 1, H, W)` signed, px.

    Returns:
        Colour `(B, 3, H, W)`, signed radius `(B, 1, H, W)`, and presence `(B, 1, H, W)`: 1 where there is a hidden
        surface, else 0. Colour and radius are differentiable.
    """
    rim = nearest_farther_rim(radius, reach_px)
    source = rim.clamp(min=0).flatten(1)[:, None]  # (B, 1, H * W)
    colour = image.flatten(2).gather(2, source.expand(-1, 3, -1)).view_as(image)
    behind = radius.flatten(2).gather(2, source).view_as(radius)
    return colour, behind, (rim >= 0)[:, None].to(image)
