"""What the right image shows of the surfaces that are hidden in the left one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from sterefo_core.refocus.rules import SAME_PX


def seen_from_right(right: Tensor, disparity: Tensor, hidden_disparity: Tensor) -> tuple[Tensor, Tensor]:
    """The colour of hidden points in the right image, and whether they can be seen there.

    They cannot where something nearer stands at that place in the right view or right beside it, outside the picture,
    and towards its right border, where things may stand that the left image does not show.

    Args:
        right: `(B, 3, H, W)` linear light. disparity: `(B, 1, H, W)` px, of what the left image shows.
        hidden_disparity: `(B, 1, H, W)` px, of the hidden point behind each left pixel.

    Returns:
        Colour `(B, 3, H, W)`, differentiable, and visibility `(B, 1, H, W)` bool.
    """
    width = right.shape[-1]
    column = torch.arange(width, device=right.device) - hidden_disparity  # in the right image
    whole = column.detach().floor().clamp(0, max(width - 2, 0))
    part = (column - whole).clamp(0, 1)
    left_tap = whole.long().expand(-1, 3, -1, -1)
    colour = right.gather(-1, left_tap) * (1 - part) + right.gather(-1, (left_tap + 1).clamp(max=width - 1)) * part
    nearest = max_pool2d(_disparity_in_right(disparity), (1, 3), stride=1, padding=(0, 1))
    blocked = nearest.gather(-1, column.detach().round().clamp(0, width - 1).long()) > hidden_disparity + SAME_PX
    known_until = width - 1 - disparity.detach().amax((1, 2, 3), keepdim=True)
    return colour, ~blocked & (column >= 0) & (column <= known_until)


def _disparity_in_right(disparity: Tensor) -> Tensor:
    """Disparity of the nearest left pixel that falls on or beside each pixel of the right view; lowest where none."""
    values = disparity.detach()
    width = values.shape[-1]
    column = torch.arange(width, device=values.device) - values
    lowest = torch.finfo(values.dtype).min
    seen = torch.full_like(values, lowest)
    for whole in (column.floor(), column.ceil()):
        inside = (whole >= 0) & (whole < width)
        landing = whole.clamp(0, width - 1).long()
        seen = seen.scatter_reduce(-1, landing, torch.where(inside, values, lowest), "amax")
    return seen
