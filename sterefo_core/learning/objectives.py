"""What a recipe minimises on a batch: the error of the disparity, of the refocused picture, or of the warped one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from sterefo_core.depth.network import StereoPrediction
from sterefo_core.learning.architectures import Sequential, linear_light
from sterefo_core.learning.config import TrainingConfig
from sterefo_core.learning.losses import paper_loss, stereo_loss
from sterefo_core.learning.pairs import Batch
from sterefo_core.learning.self_supervision import mirrored_pair, self_supervised_loss
from sterefo_core.lens import Lens
from sterefo_core.refocus.functional import refocus

LOSSES = {"compact": stereo_loss, "guided": stereo_loss, "paper": paper_loss}
"""Of the disparity, by network."""
_LARGEST_RADIUS_PX = 10.0
_LIGHT_WEIGHT = 10.0  # light differs by hundredths where disparity differs by pixels


class Objective(nn.Module):
    """The loss of an architecture as a module, so that gradients of several processes can be gathered around it."""

    def __init__(self, model: Sequential, config: TrainingConfig) -> None:
        super().__init__()
        self.model, self._config = model, config

    def forward(self, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """The loss of a batch, and the disparity that it came of; the lens is that of the step."""
        prediction = self._stereo(batch["left"], batch["right"])
        if self._config.self_supervised:
            loss = self._self_supervised(batch["left"], batch["right"], prediction)
        else:
            loss = self._supervised(batch, prediction, step)
        return loss, prediction.disparity.detach()

    def _supervised(self, batch: Batch, prediction: StereoPrediction, step: int) -> Tensor:
        config, loss = self._config, batch["left"].new_zeros(())
        if config.stereo_weight:
            truth = batch["disparity"], batch["valid"], batch["occluded"]
            loss = loss + config.stereo_weight * LOSSES[config.network](prediction, *truth)
        if config.refocus_weight:
            focus, lens = random_lens(batch, config.seed, step)
            loss = loss + config.refocus_weight * refocus_loss(self.model, prediction, batch, focus, lens)
        return loss

    def _self_supervised(self, left: Tensor, right: Tensor, prediction: StereoPrediction) -> Tensor:
        mirrored = self._stereo(*mirrored_pair(left, right))
        return self_supervised_loss(left, right, prediction, mirrored)

    def _stereo(self, left: Tensor, right: Tensor) -> StereoPrediction:
        with torch.autocast(left.device.type, torch.bfloat16, enabled=self._config.mixed_precision):
            return self.model.stereo(left, right)


def refocus_loss(model: Sequential, prediction: StereoPrediction, batch: Batch, focus: Tensor, lens: Lens) -> Tensor:
    """Mean difference of light between the architecture's picture and that of the true disparity, where it is known."""
    with torch.no_grad():
        light = linear_light(batch["left"])
        truth = refocus(light, batch["disparity"], focus, lens, linear_light(batch["right"]))
    image = model.rendered(prediction, batch["left"], batch["right"], focus, lens).image
    known = batch["valid"].expand_as(image)
    return _LIGHT_WEIGHT * ((image - truth).abs() * known).sum() / known.sum().clamp(min=1)


def random_lens(batch: Batch, seed: int, step: int) -> tuple[Tensor, Lens]:
    """Focus `(B,)` on a random known pixel of each picture, and a lens that blurs the rest well: the step's own."""
    rng = np.random.default_rng((seed, step, 7))
    focus = []
    for disparity, valid in zip(batch["disparity"], batch["valid"], strict=True):
        known = disparity[valid]
        focus.append(known[int(rng.integers(known.numel()))] if known.numel() else disparity.new_zeros(()))
    return torch.stack(focus), Lens(aperture=float(rng.uniform(0.1, 0.6)), max_radius_px=_LARGEST_RADIUS_PX)
