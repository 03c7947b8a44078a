"""What stereo networks are trained by: cross-entropy of the volume, robust errors of every stage, refocused light."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sterefo_core.depth.blocks import bin_shares
from sterefo_core.depth.network import BIN_PX, StereoPrediction

_STAGE_WEIGHTS = (0.25, 0.35, 0.4, 1.0)  # the last stages count; the ones before them are only helped on their way
_EDGE_WEIGHT, _EDGE_REACH, _EDGE_JUMP_PX = 3.0, 5, 3.0
_OCCLUDED_WEIGHT = 0.6
_VOLUME_WEIGHT = 0.5


def stereo_loss(
    prediction: StereoPrediction, disparity: Tensor, valid: Tensor, occluded: Tensor | None = None
) -> Tensor:
    """Volume and stages against the truth; a scalar. What is nearer than the volume reaches does not count.

    Args:
        disparity: `(B, 1, H, W)` px, H and W multiples of 32. valid: the same, bool.
        occluded: the same, bool: what the right camera does not see can only be guessed, and counts for less.
    """
    bins = prediction.logits.shape[1]
    known = valid & (disparity <= BIN_PX * (bins - 1))
    trust = known.float() if occluded is None else known * (1 - (1 - _OCCLUDED_WEIGHT) * occluded.float())
    weight = trust * (1 + (_EDGE_WEIGHT - 1) * near_edges(disparity, known))
    loss = _VOLUME_WEIGHT * volume_loss(prediction.logits, disparity, trust)
    for share, stage in zip(_STAGE_WEIGHTS[-len(prediction.stages) :], prediction.stages, strict=True):
        error = (at_size(stage, disparity) - disparity).abs()
        loss = loss + share * (weight * torch.log1p(error)).sum() / weight.sum().clamp(min=1)
    return loss


def paper_loss(
    prediction: StereoPrediction, disparity: Tensor, valid: Tensor, occluded: Tensor | None = None
) -> Tensor:
    """StereoNet's: sqrt((e / 2)^2 + 1) - 1 of the error e of every stage, enlarged to full size, summed over stages.

    Takes what `stereo_loss` takes; hidden pixels count like others. What is nearer than the volume reaches does not.
    """
    known = valid & (disparity <= BIN_PX * (prediction.logits.shape[1] - 1))
    loss = disparity.new_zeros(())
    for stage in prediction.stages:
        full = F.interpolate(stage.float(), size=disparity.shape[-2:], mode="bilinear", align_corners=False)
        robust = ((full - disparity) / 2).square().add(1).sqrt() - 1  # Barron 2019 with alpha = 1, c = 2
        loss = loss + (robust * known).sum() / known.sum().clamp(min=1)
    return loss


def volume_loss(logits: Tensor, disparity: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy of the bins against the share that each has in the truth of its block of pixels."""
    labels = bin_shares(disparity, weight, logits.shape[1], BIN_PX)
    return -(labels * logits.float().log_softmax(dim=1)).sum() / labels.sum().clamp(min=1e-3)


def at_size(stage: Tensor, like: Tensor) -> Tensor:
    """A coarse map, each value repeated over its block of pixels of `like`, whose size is a multiple of its own."""
    factor = like.shape[-1] // stage.shape[-1]
    return F.interpolate(stage.float(), scale_factor=float(factor))


def near_edges(disparity: Tensor, known: Tensor) -> Tensor:
    """True within 5 columns of a jump by more than 3 px; along the row only, where a sloping road does not jump."""
    window, border = (1, 2 * _EDGE_REACH + 1), (0, _EDGE_REACH)
    nearest = F.max_pool2d(disparity.masked_fill(~known, -1e6), window, 1, border)
    farthest = -F.max_pool2d(-disparity.masked_fill(~known, 1e6), window, 1, border)
    return known & (nearest - farthest > _EDGE_JUMP_PX)
