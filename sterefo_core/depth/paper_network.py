"""The paper's stereo network, as StereoNet (Khamis et al. 2018): 3D convolutions of a volume at 1/8, then refinement.

Three things differ from the code that was published with it: disparity 0 is in the volume, so far things can be found;
groups of channels are normalised in place of batches, which works on a single pair; and the loss leaves out what is
nearer than the volume reaches.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sterefo_core.depth.blocks import padded, standardised
from sterefo_core.depth.network import BIN_PX, StereoPrediction

_CHANNELS = 32
_SLOPE = 0.2  # of the leaky ReLU
_DILATIONS = (1, 2, 4, 8, 1, 1)


class PaperNetwork(nn.Module):
    """Disparity of the left picture of a rectified pair of any size, colour or grey, on any scale of brightness.

    Args:
        bins: of the volume; what is nearer than `BIN_PX * bins` px is not found.
    """

    def __init__(self, bins: int = 24) -> None:
        super().__init__()
        self.bins = bins
        halvings = [nn.Conv2d(3 if i == 0 else _CHANNELS, _CHANNELS, 5, 2, 2) for i in range(3)]
        self.tower = nn.Sequential(
            *halvings, *(_Dilated(1) for _ in range(6)), nn.Conv2d(_CHANNELS, _CHANNELS, 3, 1, 1)
        )
        self.aggregation = nn.Sequential(*(_conv3d() for _ in range(4)), nn.Conv3d(_CHANNELS, 1, 3, 1, 1))
        self.refinements = nn.ModuleList(_Refinement() for _ in range(3))

    def forward(self, left: Tensor, right: Tensor) -> StereoPrediction:
        """Match a batch of pairs, `(B, 1 or 3, H, W)` each, sRGB-encoded."""
        height, width = left.shape[-2:]
        image, other = padded(standardised(left), 8), padded(standardised(right), 8)
        volume = differences(self.tower(image), self.tower(other), self.bins)
        logits = self.aggregation(volume).squeeze(1)  # (B, D, H/8, W/8)
        bins = torch.arange(self.bins, device=left.device, dtype=logits.dtype).reshape(1, -1, 1, 1)
        disparity = BIN_PX * (logits.softmax(dim=1) * bins).sum(dim=1, keepdim=True)
        stages = [disparity]
        for refine in self.refinements:
            guide = _resized(image, 2 * disparity.shape[-2], 2 * disparity.shape[-1])
            disparity = refine(_resized(disparity, *guide.shape[-2:]), guide)
            stages.append(disparity)
        return StereoPrediction(disparity[..., :height, :width], tuple(stages), logits)


def differences(left: Tensor, right: Tensor, bins: int) -> Tensor:
    """How the features of the left picture differ from those of the right one, shifted by 0 to `bins - 1` pixels.

    `(B, C, H, W)` each to `(B, C, bins, H, W)`; where the right picture ends, its features count as 0.
    """
    width = left.shape[-1]
    shifted = [F.pad(right, (d, 0))[..., :width] for d in range(bins)]
    return left.unsqueeze(2) - torch.stack(shifted, dim=2)


class _Dilated(nn.Module):
    """A residual block of one dilated convolution."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(_CHANNELS, _CHANNELS, 3, 1, dilation, dilation, bias=False), nn.GroupNorm(8, _CHANNELS)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + self.body(x), _SLOPE)


class _Refinement(nn.Module):
    """What has to be added to a disparity that was enlarged, seen in the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(4, _CHANNELS, 3, 1, 1), *map(_Dilated, _DILATIONS), nn.Conv2d(_CHANNELS, 1, 3, 1, 1)
        )

    def forward(self, disparity: Tensor, image: Tensor) -> Tensor:
        return F.relu(disparity + self.body(torch.cat((disparity / BIN_PX, image), dim=1)))


def _conv3d() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(_CHANNELS, _CHANNELS, 3, 1, 1, bias=False),
        nn.GroupNorm(8, _CHANNELS),
        nn.LeakyReLU(_SLOPE, inplace=True),
    )


def _resized(x: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)
