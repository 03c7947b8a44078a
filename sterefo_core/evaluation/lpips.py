"""LPIPS with AlexNet (Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018).

The weights are the user's: torchvision's `alexnet-owt-7be5be79.pth` and `alex.pth` of the package lpips (its folder
weights/v0.1). Nothing in those files is executed.
"""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sterefo_core.errors import SterefoError

_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of the pictures in -1..1
_LAYERS = (
    (0, 3, 64, 11, 4, 2),
    (3, 64, 192, 5, 1, 2),
    (6, 192, 384, 3, 1, 1),
    (8, 384, 256, 3, 1, 1),
    (10, 256, 256, 3, 1, 1),
)
"""Of AlexNet's convolutions: number in the file, channels in and out, size, stride and padding."""
_POOLED = (0, 3)  # halved after these


class Lpips:
    """How different two pictures look, as a map. Raises SterefoError where a file is something else.

    Args:
        alexnet, linear: the files.
    """

    def __init__(self, alexnet: Path, linear: Path) -> None:
        features, weights = _read(alexnet), _read(linear)
        self._layers: list[tuple[nn.Conv2d, bool, Tensor]] = []
        try:
            for place, (number, inputs, outputs, size, stride, padding) in enumerate(_LAYERS):
                layer = nn.Conv2d(inputs, outputs, size, stride, padding).requires_grad_(False)
                layer.load_state_dict({kind: features[f"features.{number}.{kind}"] for kind in ("weight", "bias")})
                self._layers.append((layer, number in _POOLED, weights[f"lin{place}.model.1.weight"].float()))
        except (KeyError, RuntimeError, AttributeError) as error:
            raise SterefoError(f"{alexnet} and {linear} are not AlexNet's weights and those of LPIPS on it") from error

    @torch.inference_mode()
    def __call__(self, picture: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """`(H, W)` float32, 0 where both look the same; pictures are `(H, W, 3)` uint8 sRGB of at least 64 x 64."""
        pair = torch.stack([torch.from_numpy(np.ascontiguousarray(image)) for image in (picture, truth)])
        x = pair.permute(0, 3, 1, 2).float() / 127.5 - 1
        x = (x - torch.tensor(_SHIFT).reshape(1, 3, 1, 1)) / torch.tensor(_SCALE).reshape(1, 3, 1, 1)
        total = torch.zeros(1, 1, *truth.shape[:2])
        for layer, pooled, weight in self._layers:
            x = F.relu(layer(x))
            ours, true = (x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)).chunk(2)
            difference = F.conv2d((ours - true).square(), weight)
            total += F.interpolate(difference, size=truth.shape[:2], mode="bilinear", align_corners=False)
            x = F.max_pool2d(x, 3, 2) if pooled else x
        return total[0, 0].numpy()


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, UnpicklingError) as error:
        raise SterefoError(f"{path} cannot be read as weights: give files of LPIPS and AlexNet") from error
