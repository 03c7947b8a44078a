"""What stereo networks are made of: convolutions, correlation along rows, regression in a volume, upsampling."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm and ReLU; in evaluation the norm folds into the convolution."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two 3 x 3 convolutions whose result is added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """`(B, C, H, W)` to the same."""
        return F.relu(x + self.second(self.first(x)))


def standardised(image: Tensor) -> Tensor:
    """Three channels of mean 0 and deviation 1 over each picture, so that the exposure of an eye hardly matters.

    Args:
        image: `(B, 1 or 3, H, W)` on any scale.
    """
    mean = image.mean(dim=(1, 2, 3), keepdim=True)
    deviation = (image - mean).square().mean(dim=(1, 2, 3), keepdim=True).sqrt()  # std_mean takes ten times as long
    return ((image - mean) / (deviation + 1e-3)).expand(-1, 3, -1, -1)


def padded(image: Tensor, multiple: int) -> Tensor:
    """The picture continued to the right and below until both sides are multiples; its outermost pixels repeat."""
    height, width = image.shape[-2:]
    return F.pad(image, (0, -width % multiple, 0, -height % multiple), mode="replicate")


def row_correlation(left: Tensor, right: Tensor, groups: int = 1) -> Tensor:
    """How much each pixel of the left features resembles each of its row in the right ones: cosines of `groups` parts.

    Args:
        left, right: `(B, C, H, W)`.

    Returns:
        `(B, groups, H, W, W)`; the last axis is the column of the right picture.
    """
    batch, channels, height, width = left.shape
    rows = [
        F.normalize(f.permute(0, 2, 3, 1).reshape(batch, height, width, groups, channels // groups), dim=4)
        .transpose(2, 3)
        .reshape(batch * height * groups, width, channels // groups)
        for f in (left, right)
    ]
    correlation = rows[0] @ rows[1].transpose(1, 2)
    return correlation.reshape(batch, height, groups, width, width).transpose(1, 2)


def look_up(correlation: Tensor, disparity: Tensor) -> Tensor:
    """The correlation at given disparities, interpolated between columns; 0 where the right picture ends.

    Args:
        correlation: `(B, G, H, W, W)` of `row_correlation`.
        disparity: `(1 or B, N, H, W)` in pixels of the features.

    Returns:
        `(B, G * N, H, W)`.
    """
    batch, groups, _, width = correlation.shape[:4]
    column = torch.arange(width, device=disparity.device).reshape(1, 1, 1, -1) - disparity  # (B, N, H, W)
    column = column.permute(0, 2, 3, 1).unsqueeze(1)  # (B, 1, H, W, N)
    start = column.floor()
    values = torch.zeros_like(column[..., :1])
    for index, weight in ((start, 1 - (column - start)), (start + 1, column - start)):
        inside = (index >= 0) & (index <= width - 1)
        nearest = index.clamp(0, width - 1).long().expand(batch, groups, -1, -1, -1)
        values = values + torch.gather(correlation, 4, nearest) * (weight * inside)
    return values.permute(0, 1, 4, 2, 3).flatten(1, 2)


def expected_disparity(logits: Tensor, radius: int = 1) -> Tensor:
    """Mean of the softmax over the bins around the most likely one, in bins: the far side of an edge has no say.

    Args:
        logits: `(B, D, H, W)`; bin k stands for disparity k.

    Returns:
        `(B, 1, H, W)` in 0..D - 1.
    """
    best = logits.argmax(dim=1, keepdim=True)
    bins = best + torch.arange(-radius, radius + 1, device=logits.device).reshape(1, -1, 1, 1)
    last = logits.shape[1] - 1
    near = torch.gather(logits, 1, bins.clamp(0, last))
    near = near.masked_fill((bins < 0) | (bins > last), float("-inf"))
    return (near.softmax(dim=1) * bins).sum(dim=1, keepdim=True)


def convex_upsampled(disparity: Tensor, weights: Tensor) -> Tensor:
    """A map of more pixels, each a mean of the 3 x 3 nearest coarse ones with weights of its own (Teed and Deng 2020).

    Values are multiplied by the factor, for they are in pixels.

    Args:
        disparity: `(B, 1, H, W)`.
        weights: `(B, 9 * factor**2, H, W)` before the softmax.

    Returns:
        `(B, 1, factor * H, factor * W)`.
    """
    batch, _, height, width = disparity.shape
    factor = math.isqrt(int(weights.shape[1]) // 9)
    share = weights.reshape(batch, 9, factor**2, height, width).softmax(dim=1)
    edge = F.pad(disparity, (1, 1, 1, 1), mode="replicate")
    around = [edge[:, :, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    fine = (share * torch.stack(around, dim=1)).sum(dim=1)  # (B, factor^2, H, W)
    return factor * F.pixel_shuffle(fine, factor)
