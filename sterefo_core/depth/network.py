"""Our stereo network: correlation at 1/8, aggregated by a 2D hourglass, refined at 1/4, upsampled along edges.

Correlation in place of concatenated features keeps the volume thin, so that 2D convolutions can aggregate it, with a
thirtieth of the arithmetic of 3D ones. The volume finds the surface among 24 coarse disparities, 0 among them; the
refinement looks at the correlation around it once more, in pixels four times as small.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sterefo_core.depth.blocks import (
    Residual,
    bin_shares,
    conv,
    convex_upsampled,
    correlation_volume,
    expected_disparity,
    look_up,
    padded,
    row_correlation,
    standardised,
)

BIN_PX = 8
"""Bin k of a volume stands for a disparity of 8 k px."""

_QUARTER, _EIGHTH, _SIXTEENTH = 32, 48, 64  # channels of the features
_GROUPS = 4  # of the correlation at 1/8
_REACH = 4  # the refinement looks at 2 * 4 + 1 disparities, 4 px apart
_HINTS = 8  # of a guide, for each pixel of the refinement
_SAME_PX = 1.0


class StereoPrediction(NamedTuple):
    """What a stereo network says of a batch of pairs of `H` x `W` pixels.

    Attributes:
        disparity: `(B, 1, H, W)` px, >= 0.
        stages: maps `(B, 1, ...)` px, coarse to fine, for the loss; all cover the picture and what it was padded by.
        logits: `(B, D, ...)` at 1/8, padded likewise: how likely each bin of `BIN_PX` px is, before the softmax.
    """

    disparity: Tensor
    stages: tuple[Tensor, ...]
    logits: Tensor


class StereoNetwork(nn.Module):
    """Disparity of the left picture of a rectified pair of any size, colour or grey, on any scale of brightness.

    Args:
        bins: of the volume; what is nearer than `BIN_PX * bins` px is not found.
        guided: `forward` takes a guide.
    """

    def __init__(self, bins: int = 24, guided: bool = False) -> None:
        super().__init__()
        self.bins = bins
        self.features = Features()
        self.evidence = Evidence(_GROUPS + guided)
        self.hourglass = Hourglass((_GROUPS + guided) * bins + _EIGHTH, bins)
        self.refinement = Refinement(_HINTS * guided)

    def forward(self, left: Tensor, right: Tensor, guide: Tensor | None = None) -> StereoPrediction:
        """Match a batch of pairs, `(B, 1 or 3, H, W)` each, sRGB-encoded.

        Args:
            guide: `(B, 2, H, W)`, what is known of the disparity: px, and how far that is to be trusted, 0..1; what has
                1 stays.
        """
        height, width = left.shape[-2:]
        pair = padded(torch.cat((standardised(left), standardised(right))), 32)
        quarter, eighth = self.features(pair.contiguous(memory_format=torch.channels_last))
        (left_4, right_4), (left_8, right_8) = quarter.chunk(2), eighth.chunk(2)
        volume = correlation_volume(row_correlation(left_8, right_8, _GROUPS), self.bins).flatten(1, 2)
        known = None if guide is None else padded(guide, 32)
        hints = () if known is None else (bin_shares(known[:, :1], known[:, 1:], self.bins, BIN_PX),)
        logits, share = self.hourglass(torch.cat((volume, left_8, *hints), dim=1))
        logits = logits + self.evidence(torch.cat((volume, *hints), dim=1).unflatten(1, (-1, self.bins)))
        coarse = expected_disparity(logits)  # (B, 1, H/8, W/8) in bins
        half_way = convex_upsampled(coarse, share)  # (B, 1, H/4, W/4)
        fine_hints = () if known is None else (_differences(known, half_way),)
        refined, share = self.refinement(half_way, row_correlation(left_4, right_4), left_4, *fine_hints)
        fine = convex_upsampled(refined, share)
        fine = fine if known is None else _kept(known, fine)
        stages = (BIN_PX * coarse, 4 * half_way, 4 * refined, fine)
        return StereoPrediction(fine[..., :height, :width].clamp(min=0), stages, logits)


class Features(nn.Module):
    """`(B, 3, H, W)` to features at 1/4 and 1/8 that know what lies within some 100 px."""

    def __init__(self) -> None:
        super().__init__()
        self.to_quarter = nn.Sequential(conv(3, 16, stride=2), conv(16, _QUARTER, stride=2), Residual(_QUARTER))
        self.to_eighth = nn.Sequential(conv(_QUARTER, _EIGHTH, stride=2), Residual(_EIGHTH))
        self.to_sixteenth = nn.Sequential(conv(_EIGHTH, _SIXTEENTH, stride=2), Residual(_SIXTEENTH))
        self.down_to_eighth = nn.Conv2d(_SIXTEENTH, _EIGHTH, 1)
        self.down_to_quarter = nn.Conv2d(_EIGHTH, _QUARTER, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The features at 1/4 and at 1/8."""
        quarter = self.to_quarter(image)
        eighth = self.to_eighth(quarter)
        eighth = eighth + _enlarged(self.down_to_eighth(self.to_sixteenth(eighth)))
        return quarter + _enlarged(self.down_to_quarter(eighth)), eighth


class Evidence(nn.Module):
    """What speaks for each disparity by itself, told by one small network that all of them share.

    The hourglass has weights of its own for every disparity, and sees near ones seldom; this one has seen them all.
    """

    def __init__(self, groups: int, channels: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(groups, channels), conv(channels, channels), nn.Conv2d(channels, 1, 3, padding=1)
        )

    def forward(self, volume: Tensor) -> Tensor:
        """`(B, G, D, H, W)` to logits `(B, D, H, W)`."""
        each = volume.transpose(1, 2)  # (B, D, G, H, W)
        return self.body(each.flatten(0, 1)).reshape(each.shape[:2] + each.shape[3:])


class Hourglass(nn.Module):
    """Aggregates the volume at 1/8, with the context of 1/16 and 1/32."""

    def __init__(self, inputs: int, bins: int, widths: tuple[int, int, int] = (64, 80, 96)) -> None:
        super().__init__()
        eighth, sixteenth, least = widths
        self.bins = bins
        self.enter = nn.Sequential(conv(inputs, eighth, 1), Residual(eighth))
        self.halve = nn.Sequential(conv(eighth, sixteenth, stride=2), Residual(sixteenth))
        self.quarter = nn.Sequential(conv(sixteenth, least, stride=2), Residual(least))
        self.leave_quarter = conv(least, sixteenth, 1)
        self.leave_half = nn.Sequential(Residual(sixteenth), conv(sixteenth, eighth, 1))
        self.leave = nn.Sequential(conv(eighth, eighth), nn.Conv2d(eighth, bins + 9 * 4, 1))

    def forward(self, volume: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the bins, and weights of an upsampling by two."""
        eighth = self.enter(volume)
        sixteenth = self.halve(eighth)
        sixteenth = sixteenth + _enlarged(self.leave_quarter(self.quarter(sixteenth)))
        out = self.leave(eighth + _enlarged(self.leave_half(sixteenth)))
        return out[:, : self.bins], out[:, self.bins :]


class Refinement(nn.Module):
    """Corrects a map at 1/4 by the correlation around it."""

    def __init__(self, hints: int, channels: int = 32) -> None:
        super().__init__()
        taps = 2 * _REACH + 1
        self.body = nn.Sequential(conv(taps + 1 + _QUARTER + hints, channels), conv(channels, channels))
        self.leave = nn.Conv2d(channels, 1 + 9 * 16, 1)

    def forward(self, disparity: Tensor, correlation: Tensor, *about: Tensor) -> tuple[Tensor, Tensor]:
        """The corrected map, in pixels of 1/4, and weights of an upsampling by four."""
        around = look_up(correlation, disparity.detach(), _REACH)
        out = self.leave(self.body(torch.cat((around, 0.1 * disparity, *about), dim=1)))
        return disparity + out[:, :1], out[:, 1:]


def _kept(guide: Tensor, found: Tensor) -> Tensor:
    """The guide where it is to be trusted fully, averaged with what was found where both say the same; else that."""
    known, trust = guide.split(1, dim=1)
    agreed = torch.where((found - known).abs() < _SAME_PX, (found + known) / 2, known)
    return torch.where(trust >= 1, agreed, found)


def _differences(guide: Tensor, disparity: Tensor) -> Tensor:
    """What a guide says at four places within each pixel of a map at 1/4: where from there, and how surely."""
    known, trust = (F.pixel_unshuffle(plane[..., 1::2, 1::2], 2) for plane in guide.split(1, dim=1))
    return torch.cat((torch.tanh((known / 4 - disparity) / 2), trust), dim=1)


def _enlarged(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
