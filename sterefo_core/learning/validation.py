"""How a network does on pairs that it does not learn from, while it learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from sterefo_core.colour import disparity_colours
from sterefo_core.evaluation.stereo_scores import stereo_scores
from sterefo_core.learning.datasets import open_labelled
from sterefo_core.learning.pairs import as_batch
from sterefo_core.learning.samples import StereoSample
from sterefo_core.types import DisparityMap

PAIRS = 8
"""Of each data set, evenly spread over it."""
_FARTHEST_PX = 192.0


class Validation(NamedTuple):
    """Figures by name, and the first pair of each set: left picture, disparity and truth beside each other."""

    figures: dict[str, float]
    pictures: list[np.ndarray]


def held_out(addresses: Sequence[str]) -> dict[str, list[StereoSample]]:
    """The pairs to validate on, by data set. Raises SourceError where one has no truth."""
    found = {}
    for address in addresses:
        samples = open_labelled(address)
        chosen = np.unique(np.linspace(0, len(samples) - 1, PAIRS).round().astype(int))
        found[samples.name] = [samples[int(i)] for i in chosen]
    return found


@torch.no_grad()
def validate(stereo: nn.Module, sets: dict[str, list[StereoSample]], device: torch.device) -> Validation:
    """Mean absolute error in px, and the share of outliers by KITTI's definition, of each set."""
    figures: dict[str, float] = {}
    pictures = []
    for name, samples in sets.items():
        maps = [_disparity(stereo, sample, device) for sample in samples]
        truths = [DisparityMap(s.disparity, s.valid & (s.disparity < _FARTHEST_PX)) for s in samples]
        scores = stereo_scores(zip(maps, truths, strict=True))
        figures |= {f"{name} EPE px": scores.epe_px, f"{name} D1 %": scores.d1_percent}
        shown = [disparity_colours(values, float(truths[0].values.max()) + 1) for values in (maps[0], truths[0].values)]
        pictures.append(np.hstack([samples[0].left.transpose(1, 2, 0), *shown]))
    return Validation(figures, pictures)


def _disparity(stereo: nn.Module, sample: StereoSample, device: torch.device) -> np.ndarray:
    batch: dict[str, Tensor] = {name: value[None].to(device) for name, value in as_batch(sample).items()}
    return stereo(batch["left"], batch["right"]).disparity[0, 0].clamp(0, _FARTHEST_PX).float().cpu().numpy()
