"""How stereo and refocusing are put together: one table of differentiable graphs.

Every one takes a rectified pair and a lens and gives the refocused picture and what its stereo network said; the error
of the picture reaches the weights of the stereo network through every one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sterefo_core.depth.blocks import conv
from sterefo_core.depth.guided import GuidedNetwork
from sterefo_core.depth.network import BIN_PX, StereoNetwork, StereoPrediction
from sterefo_core.depth.paper_network import PaperNetwork
from sterefo_core.errors import SterefoError
from sterefo_core.learning.slices import refocused_slices
from sterefo_core.lens import Lens
from sterefo_core.refocus.functional import refocus, signed_radius


class Refocusing(NamedTuple):
    """A refocused batch, `(B, 3, H, W)` linear light, and the stereo it came of."""

    image: Tensor
    prediction: StereoPrediction


class Sequential(nn.Module):
    """Disparity first, then `refocus`, the definition.

    All architectures are called like it: `left`, `right` are `(B, 3, H, W)` sRGB-encoded in 0..1, `focus_disparity` is
    a number or `(B,)` px, and the aperture of `lens` may be a tensor.
    """

    def __init__(self, stereo: nn.Module) -> None:
        super().__init__()
        self.stereo = stereo

    def forward(self, left: Tensor, right: Tensor, focus_disparity: float | Tensor, lens: Lens) -> Refocusing:
        """Refocus a batch."""
        return self.rendered(self.stereo(left, right), left, right, focus_disparity, lens)

    def rendered(
        self, prediction: StereoPrediction, left: Tensor, right: Tensor, focus_disparity: float | Tensor, lens: Lens
    ) -> Refocusing:
        """The second half of `forward`, for stereo that is there already."""
        disparity = prediction.disparity.to(left.dtype)
        image = refocus(linear_light(left), disparity, focus_disparity, lens, linear_light(right))
        return Refocusing(image, prediction)


class VolumeRefocusing(Sequential):
    """The slices of the softmaxed volume are the layers: each blurred as its disparity asks, and composited."""

    def rendered(
        self, prediction: StereoPrediction, left: Tensor, right: Tensor, focus_disparity: float | Tensor, lens: Lens
    ) -> Refocusing:
        """The picture from the volume; where the most likely disparity lies decides nothing."""
        share = self.slices(prediction.logits, left).softmax(dim=1)
        return Refocusing(refocused_slices(linear_light(left), share, focus_disparity, lens), prediction)

    def slices(self, logits: Tensor, left: Tensor) -> Tensor:
        """The logits `(B, D, H, W)` of every pixel."""
        return _cut(F.interpolate(logits.float(), scale_factor=float(BIN_PX), mode="bilinear"), left)


class VolumeRefinement(VolumeRefocusing):
    """The same with every slice refined first, by one small network that all slices share and that sees the picture."""

    def __init__(self, stereo: nn.Module, channels: int = 8) -> None:
        super().__init__(stereo)
        self.enter = nn.Conv2d(1, channels, 3, 1, 1)
        self.guide = nn.Sequential(conv(3, channels), nn.Conv2d(channels, channels, 3, 1, 1))
        self.leave = _from_zero(nn.Conv2d(channels, 1, 3, 1, 1))

    def slices(self, logits: Tensor, left: Tensor) -> Tensor:
        """The refined logits; refining happens at half size."""
        batch, bins = logits.shape[:2]
        image = F.avg_pool2d(left, 2, ceil_mode=True)
        half = _cut(F.interpolate(logits.float(), scale_factor=BIN_PX / 2, mode="bilinear"), image)
        each = half.reshape(batch * bins, 1, *half.shape[-2:])
        guide = self.guide(image - 0.5).repeat_interleave(bins, dim=0)
        refined = each + self.leave(F.relu(self.enter(each) + guide))
        return _cut(F.interpolate(refined.reshape(half.shape), scale_factor=2.0, mode="bilinear"), left)


class BlurRefinement(Sequential):
    """Refocused at half size; what is in focus comes from the picture itself, and a small network mends the rest."""

    def __init__(self, stereo: nn.Module, channels: int = 16) -> None:
        super().__init__(stereo)
        self.residual = nn.Sequential(
            conv(3 + 3 + 1, channels), conv(channels, channels), _from_zero(nn.Conv2d(channels, 3, 3, 1, 1))
        )

    def rendered(
        self, prediction: StereoPrediction, left: Tensor, right: Tensor, focus_disparity: float | Tensor, lens: Lens
    ) -> Refocusing:
        """The picture, enlarged from half of it."""
        disparity, light = prediction.disparity.to(left.dtype), linear_light(left)
        small = [F.avg_pool2d(x, 2, ceil_mode=True) for x in (light, disparity, linear_light(right))]
        half_focus = torch.as_tensor(focus_disparity) / 2
        half_lens = replace(lens, max_radius_px=lens.max_radius_px / 2)
        blurred = refocus(small[0], small[1] / 2, half_focus, half_lens, small[2])
        blurred = _cut(F.interpolate(blurred, scale_factor=2.0, mode="bilinear"), left)
        radius = signed_radius(disparity, focus_disparity, lens)
        guided = blurred + (1 - radius.abs()).clamp(min=0) * (light - blurred)
        residual = self.residual(torch.cat((guided, light, radius / 8), dim=1))
        return Refocusing(guided + residual, prediction)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "compact": StereoNetwork,
    "guided": GuidedNetwork,
    "paper": PaperNetwork,
}
ARCHITECTURES: dict[str, Callable[[nn.Module], Sequential]] = {
    "sequential": Sequential,
    "aperture": Sequential,  # the same graph, trained through the refocused picture
    "volume": VolumeRefocusing,
    "volume-refinement": VolumeRefinement,
    "blur-refinement": BlurRefinement,
}


def make_architecture(name: str, network: str) -> Sequential:
    """The architecture of this name around a fresh network of this name. Raises SterefoError for others."""
    for kind, given, table in (("architecture", name, ARCHITECTURES), ("network", network, NETWORKS)):
        if given not in table:
            raise SterefoError(f'there is no {kind} "{given}": choose one of {", ".join(table)}')
    return ARCHITECTURES[name](NETWORKS[network]())


def linear_light(encoded: Tensor) -> Tensor:
    """sRGB-encoded 0..1 to linear light, any shape."""
    return torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded.clamp(min=0.04) + 0.055) / 1.055) ** 2.4)


def _cut(x: Tensor, like: Tensor) -> Tensor:
    return x[..., : like.shape[-2], : like.shape[-1]]


def _from_zero(layer: nn.Conv2d) -> nn.Conv2d:
    """A last layer that adds nothing before it has learned anything."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
