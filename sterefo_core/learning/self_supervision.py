"""Learning from pictures alone: what the right camera saw, moved by the disparity, must look like the left picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sterefo_core.depth.network import StereoPrediction

_SSIM_SHARE = 0.85  # Godard, Mac Aodha and Brostow 2017
_SMOOTHNESS, _AGREEMENT = 0.02, 0.1
_HIDDEN_PX = 2.0  # where the two eyes' disparities differ by more, one of them does not see the point


def warped(right: Tensor, disparity: Tensor) -> tuple[Tensor, Tensor]:
    """The right picture (or map) as the left eye would see it, and where it saw anything there.

    Args:
        right: `(B, C, H, W)`. disparity: `(B, 1, H, W)` px of the left picture.
    """
    height, width = right.shape[-2:]
    x = torch.arange(width, device=right.device, dtype=right.dtype) - disparity[:, 0]  # (B, H, W)
    y = torch.arange(height, device=right.device, dtype=right.dtype).reshape(1, -1, 1).expand_as(x)
    grid = torch.stack((2 * (x + 0.5) / width - 1, 2 * (y + 0.5) / height - 1), dim=-1)
    seen = ((x >= 0) & (x <= width - 1)).unsqueeze(1)
    return F.grid_sample(right, grid, padding_mode="border", align_corners=False), seen


def self_supervised_loss(left: Tensor, right: Tensor, ours: StereoPrediction, mirrored: StereoPrediction) -> Tensor:
    """Difference of the pictures where both eyes see, disagreement of the eyes, and roughness where nothing is seen.

    Args:
        left, right: `(B, 3, H, W)`.
        ours: of (left, right). mirrored: of both pictures flipped left to right and exchanged.
    """
    disparity, other = ours.disparity, mirrored.disparity.flip(-1)
    picture, inside = warped(right, disparity)
    elsewhere, _ = warped(other, disparity)
    disagreement = (elsewhere - disparity).abs()
    seen = (inside & (disagreement < _HIDDEN_PX)).detach().to(left.dtype)
    photometric = _SSIM_SHARE * _dissimilarity(picture, left) + (1 - _SSIM_SHARE) * (picture - left).abs()
    loss = (seen * photometric.mean(dim=1, keepdim=True)).sum() / seen.sum().clamp(min=1)
    agreement = (inside * torch.log1p(disagreement)).mean()
    return loss + _AGREEMENT * agreement + _SMOOTHNESS * _roughness(disparity, left)


def mirrored_pair(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """The pair for which a stereo network finds the disparity of the right picture, mirrored."""
    return right.flip(-1), left.flip(-1)


def _dissimilarity(x: Tensor, y: Tensor) -> Tensor:
    """(1 - SSIM) / 2 over windows of 3 x 3, 0..1."""
    mean_x, mean_y = _window(x), _window(y)
    variance_x, variance_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4)
    ssim = likeness / ((mean_x**2 + mean_y**2 + 1e-4) * (variance_x + variance_y + 9e-4))
    return ((1 - ssim) / 2).clamp(0, 1)


def _window(x: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), 3, 1)


def _roughness(disparity: Tensor, image: Tensor) -> Tensor:
    """Mean slope of the disparity, which edges of the picture excuse."""
    total = disparity.new_zeros(())
    for axis in (-1, -2):
        slope = disparity.diff(dim=axis).abs()
        edge = image.diff(dim=axis).abs().mean(dim=1, keepdim=True)
        total = total + (slope * torch.exp(-10 * edge)).mean()
    return total
