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
    square = torch.linalg.vector_norm(image, dim=(1, 2, 3), keepdim=True).square() / image[0].numel()
    scale = 1 / ((square - mean.square()).clamp(min=0).sqrt() + 1e-3)  # torch.std_mean takes ten times as long
    return (image * scale - mean * scale).expand(-1, 3, -1, -1)


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


def correlation_volume(correlation: Tensor, bins: int) -> Tensor:
    """The correlation at the disparities 0 to `bins - 1`; 0 where the right picture ends.

    Args:
        correlation: `(B, G, H, W, W)` of `row_correlation`.

    Returns:
        `(B, G, bins, H, W)`.
    """
    width = correlation.shape[-1]
    wider = F.pad(correlation, (bins - 1, 0, 0, 1))  # column x - d of the right picture lies at x - d + bins - 1
    each = width + bins  # read in rows longer by one, the diagonals stand upright
    upright = wider.flatten(3)[..., : width * each].unflatten(3, (width, each))
    return upright[..., :bins].flip(4).permute(0, 1, 4, 2, 3)


def look_up(correlation: Tensor, disparity: Tensor, reach: int) -> Tensor:
    """The correlation at whole steps around a map, interpolated between columns; 0 where the right picture ends.

    Args:
        correlation: `(B, 1, H, W, W)` of `row_correlation`.
        disparity: `(B, 1, H, W)` in pixels of the features.
        reach: to so many pixels less and more.

    Returns:
        `(B, 2 * reach + 1, H, W)`, the smallest disparity first.
    """
    width = correlation.shape[-1]
    column = torch.arange(width, device=disparity.device) - disparity[:, 0].float()  # (B, H, W)
    first = column.floor()
    index = first[..., None] + torch.arange(reach + 1, -reach - 1, -1, device=disparity.device)
    inside = (index >= 0) & (index <= width - 1)
    values = torch.gather(correlation[:, 0], 3, index.clamp(0, width - 1).long()) * inside
    share = (column - first)[..., None]
    return torch.lerp(values[..., 1:], values[..., :-1], share.to(values.dtype)).permute(0, 3, 1, 2)


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
    near = torch.gather(logits.float(), 1, bins.clamp(0, last))
    near = near.masked_fill((bins < 0) | (bins > last), float("-inf"))
    return (near.softmax(dim=1) * bins).sum(dim=1, keepdim=True)


def bin_shares(disparity: Tensor, weight: Tensor, bins: int, bin_px: int) -> Tensor:
    """The share that each bin of `bin_px` px has in every block of `bin_px` x `bin_px` pixels.

    A disparity is shared linearly between its two nearest bins, so a block across an edge has two surfaces.

    Args:
        disparity, weight: `(B, 1, H, W)`, whole blocks; px, and 0..1 how much a pixel counts.

    Returns:
        `(B, bins, H / bin_px, W / bin_px)`, the sum over bins is the mean weight of the block.
    """
    batch, _, height, width = disparity.shape
    rows, columns = height // bin_px, width // bin_px
    position = (disparity / bin_px).clamp(0, bins - 1)
    low = position.floor().clamp(max=bins - 2)
    y = torch.arange(height, device=disparity.device).reshape(1, 1, -1, 1) // bin_px
    x = torch.arange(width, device=disparity.device).reshape(1, 1, 1, -1) // bin_px
    picture = torch.arange(batch, device=disparity.device).reshape(-1, 1, 1, 1)
    shares = torch.zeros(batch * bins * rows * columns, device=disparity.device)
    for index, share in ((low, 1 - (position - low)), (low + 1, position - low)):
        cell = ((picture * bins + index.long()) * rows + y) * columns + x
        shares.scatter_add_(0, cell.flatten(), (share * weight).flatten().float())
    return shares.reshape(batch, bins, rows, columns) / bin_px**2


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
    each = weights.float().permute(0, 2, 3, 1).reshape(batch, height, width, 9, factor**2)
    edge = F.pad(disparity.float(), (1, 1, 1, 1), mode="replicate")[:, 0]
    around = torch.stack([edge[:, y : y + height, x : x + width] for y in range(3) for x in range(3)], dim=3)
    with torch.autocast(disparity.device.type, enabled=False):  # half precision would be wrong by tenths of a pixel
        fine = around[..., None, :] @ each.softmax(dim=3)  # (B, H, W, 1, factor^2)
    return factor * F.pixel_shuffle(fine[..., 0, :].permute(0, 3, 1, 2), factor)
