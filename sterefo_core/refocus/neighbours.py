"""The eight pixels around each pixel, and what counts as a depth edge between them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad, unfold


def around(values: Tensor, step: int = 1) -> Tensor:
    """`(B, C, 9, H, W)`: the 3 x 3 pixels `step` apart around each pixel, row by row; the border is repeated."""
    batch, channels, height, width = values.shape
    stacked = unfold(pad(values, (step, step, step, step), mode="replicate"), kernel_size=3, dilation=step)
    return stacked.view(batch, channels, 9, height, width)


def gaps(radius: Tensor, step: int = 1) -> Tensor:
    """`(B, 1, 9, H, W)`: by how many px of signed radius each neighbour is nearer; no gradient."""
    fixed = radius.detach()
    return around(fixed, step) - fixed[:, :, None]


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean over the neighbours, `(B, C, 9, H, W)` and `(B, 1, 9, H, W)` to `(B, C, H, W)`; 0 where all weights are."""
    return (values * weights).sum(2) / weights.sum(2).clamp(min=torch.finfo(values.dtype).tiny)
