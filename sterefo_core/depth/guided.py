"""The stereo network with semi-global matching for a guide: what was measured there stays, the network finds the rest.

The guide is given where the network decides: as a share of each bin of the volume, and as a difference from the map
that is refined (Poggi et al., "Guided Stereo Matching", 2019, guide by sparse depth that was measured).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sterefo_core.depth.network import StereoNetwork, StereoPrediction
from sterefo_core.depth.semi_global import SemiGlobalDepth
from sterefo_core.types import StereoFrame

_FILLED = 0.25  # trust in what was not measured but continued from its surroundings


class GuidedNetwork(StereoNetwork):
    """Called like the plain network; semi-global matching takes its time on the CPU, wherever the network is."""

    def __init__(self) -> None:
        super().__init__(guided=True)
        self._matching = SemiGlobalDepth()

    def forward(self, left: Tensor, right: Tensor, guide: Tensor | None = None) -> StereoPrediction:
        """Match a batch of pairs, `(B, 1 or 3, H, W)` each, in 0..1."""
        return super().forward(left, right, self.guide(left, right) if guide is None else guide)

    @torch.no_grad()
    def guide(self, left: Tensor, right: Tensor) -> Tensor:
        """`(B, 2, H, W)`: disparity, and how far it is to be trusted."""
        pairs = zip(_pictures(left), _pictures(right), strict=True)
        maps = [self._matching.compute(StereoFrame(0, 0.0, *pair)) for pair in pairs]
        planes = [np.stack((found.values, np.where(found.valid, 1, _FILLED))) for found in maps]
        return torch.from_numpy(np.stack(planes).astype(np.float32)).to(left.device)


def widened(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of the plain network as those of a guided one that does not heed its guide yet."""
    wider = StereoNetwork(guided=True).state_dict()
    for name, tensor in weights.items():
        if name in wider and tensor.ndim == 4:
            wider[name] = torch.zeros_like(wider[name])
            wider[name][:, : tensor.shape[1]] = tensor
        else:
            wider[name] = tensor
    return wider


def _pictures(batch: Tensor) -> list[np.ndarray]:
    """`(B, 1 or 3, H, W)` in 0..1 as `(H, W, 3)` uint8 each."""
    pixels = (255 * batch.expand(-1, 3, -1, -1).permute(0, 2, 3, 1)).round_().clamp_(0, 255).to(torch.uint8)
    return list(pixels.contiguous().cpu().numpy())
