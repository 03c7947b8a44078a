"""What the tests of the CUDA twin share: where it runs, and small scenes.

Where there is no CUDA the kernels run in Triton's interpreter, on small pictures.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read when the kernels are imported
pytest.importorskip("triton", reason="Triton is not installed: the CUDA kernels are not tested")

from sterefo_core.colour import linear_from_srgb
from sterefo_core.lens import Lens

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LENS = Lens(aperture=0.5, max_radius_px=2.0, highlights=0.0)


def scene(height: int, width: int, batch: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """A near square before ground that runs through focus (disparity 5); no radius lies on a kink of the definition."""
    image = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(7))
    disparity = torch.linspace(1.3, 7.1, height)[:, None].repeat(batch, 1, 1, width)
    disparity[..., height // 3 : height // 3 * 2, width // 3 : width // 3 * 2] = 10.3
    return image.to(DEVICE), disparity.to(DEVICE)


def photograph(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    image, disparity = scene(height, width)
    smooth = torch.nn.functional.avg_pool2d(image, 3, 1, 1)[0].permute(1, 2, 0)
    return (smooth.cpu().numpy() * 255).astype(np.uint8), disparity[0, 0].cpu().numpy()


def light_of(image: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(linear_from_srgb(image), device=DEVICE).permute(2, 0, 1)[None]
