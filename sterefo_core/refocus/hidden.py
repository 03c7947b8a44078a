"""What lies behind depth edges: the part of the farther surface that the lens sees around a nearer one's rim.

The left image does not show it, but an aperture has width and looks around the rim. Without it, blurred foregrounds
get dark or doubled rims and the background bleeds.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sterefo_core.refocus.neighbours import around, weighted_mean
from sterefo_core.refocus.rules import FARTHER, GAP_PX, SMOOTHING_STEPS
from sterefo_core.refocus.second_view import seen_from_right

_BINOMIAL = (0.25, 0.5, 0.25, 0.5, 1.0, 0.5, 0.25, 0.5, 0.25)


def hidden_surface(image: Tensor, radius: Tensor, disparity: Tensor, right: Tensor | None) -> tuple[Tensor, Tensor]:
    """The farther surfaces, continued behind the nearer ones that cover them.

    Their colour is that of the right image where it shows them, else that of the nearest rim, smoothed together with
    what is known of the same surface around.

    Args:
        image: `(B, 3, H, W)` linear light; radius: `(B, 1, H, W)` signed, px; disparity: `(B, 1, H, W)` px.
        right: `(B, 3, H, W)` linear light, or None.

    Returns:
        Premultiplied colour and coverage `(B, 4, H, W)`, coverage being 1 where there is a hidden surface, else 0;
        and its signed radius `(B, 1, H, W)`. Both are differentiable.
    """
    rim = nearest_farther_rim(radius)
    present = (rim >= 0)[:, None].to(image)
    source = rim.clamp(min=0).flatten(1)[:, None]  # (B, 1, H * W)
    colour = image.flatten(2).gather(2, source.expand(-1, 3, -1)).view_as(image)
    behind = radius.flatten(2).gather(2, source).view_as(radius)
    seen = torch.zeros_like(present, dtype=torch.bool)
    if right is not None:
        from_right, seen = seen_from_right(right, disparity, disparity.flatten(2).gather(2, source).view_as(radius))
        colour = torch.where(seen, from_right, colour)
    light = torch.cat((colour * present, present), dim=1)
    return _smoothed(light, behind, seen, image, radius), behind


def nearest_farther_rim(radius: Tensor) -> Tensor:
    """For every pixel, where the nearest pixel is that borders on its surface from behind.

    A rim pixel is one with a neighbour that is nearer by more than `GAP_PX`. Its surface goes on behind the nearer one
    as far as the lens can look: by the difference of the two radii. Found by jump flooding (Rong and Tan 2006).

    Args:
        radius: `(B, 1, H, W)` signed blur radius in px, larger is nearer.

    Returns:
        `(B, H, W)` int64 index into the flattened picture; -1 where nothing hidden can be seen.
    """
    near = radius.detach()[:, 0]  # (B, H, W)
    height, width = near.shape[-2:]
    here = torch.arange(height * width, device=near.device).view(height, width)
    rows, columns = here // width, here % width
    best, least = torch.full_like(near, -1, dtype=torch.int64), torch.full_like(near, torch.inf)

    def offer(candidate: Tensor) -> None:
        """Take the candidate rims that are hidden here, within the lens's view, and better than the best so far."""
        nonlocal best, least
        rim = candidate.clamp(min=0)
        behind = near - near.flatten(1).gather(1, rim.flatten(1)).view_as(near)
        apart = torch.hypot((rim // width - rows).to(near), (rim % width - columns).to(near))
        cost = apart - FARTHER * behind
        better = (candidate >= 0) & (behind > GAP_PX) & (apart <= behind + 1) & (cost < least)
        best, least = torch.where(better, candidate, best), torch.where(better, cost, least)

    def neighbours(step: int) -> list[Tensor]:
        """Flat indices `(H, W)` of the eight pixels `step` away, at the border those of the border."""
        to = [(y, x) for y in (-step, 0, step) for x in (-step, 0, step) if (y, x) != (0, 0)]
        return [(rows + y).clamp(0, height - 1) * width + (columns + x).clamp(0, width - 1) for y, x in to]

    for neighbour in neighbours(1):
        offer(neighbour.expand_as(best))
    step = 1 << int(near.max() - near.min() + 1).bit_length()
    while (step := step // 2) >= 1:
        for neighbour in neighbours(step):
            offer(best.flatten(1)[:, neighbour.flatten()].view_as(best))
    return best


def _smoothed(light: Tensor, behind: Tensor, seen: Tensor, image: Tensor, radius: Tensor) -> Tensor:
    """Hidden light averaged with what is around of the same surface, hidden or visible, from wide to narrow.

    What the right image shows stays as it is. A smooth guess is wrong by less. Light above white counts for less the
    brighter it is: lamps are small, and one that ends at a rim would else go on behind it.
    """
    colour, present = light[:, :3], light[:, 3:]
    for step in SMOOTHING_STEPS:
        weight = torch.tensor(_BINOMIAL).to(colour).view(1, 1, 9, 1, 1)
        of_hidden = around(present, step) * _same(around(behind, step), behind)
        of_visible = _same(around(radius, step), behind)
        both = torch.cat((around(colour, step), around(image, step)), dim=2)  # (B, 3, 18, H, W)
        dimmer = 1 / both.amax(1, keepdim=True).clamp(min=1)
        mean = weighted_mean(both, torch.cat((weight * of_hidden, weight * of_visible), dim=2) * dimmer)
        colour = torch.where(seen | (present == 0), colour, mean)
    return torch.cat((colour, present), dim=1)


def _same(radii: Tensor, radius: Tensor) -> Tensor:
    """Which neighbours `(B, 1, 9, H, W)` are on the surface of `radius`: 1 or 0."""
    return ((radii - radius[:, :, None]).abs() <= GAP_PX).to(radius)
