"""The endless row of examples that a run learns from: number i is the same whoever asks, so a run can be resumed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sterefo_core.depth import make_depth_engine
from sterefo_core.learning.augment import cropped, photographed
from sterefo_core.learning.config import TrainingConfig
from sterefo_core.learning.datasets import SYNTHETIC, Samples, open_samples
from sterefo_core.learning.samples import StereoSample
from sterefo_core.learning.synthetic import HELD_OUT, make_pair
from sterefo_core.types import StereoFrame

Batch = dict[str, Tensor]
"""left, right: `(B, 3, H, W)` in 0..1; disparity: `(B, 1, H, W)` px; valid, occluded: the same, bool."""

_REACH_PX = 184.0


class TrainingPairs(Dataset):
    """Example number i of the recipe: from one of its data sets at random, cut to its size, with two unlike cameras."""

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self._opened: dict[str, Samples] = {}

    def __getitem__(self, index: int) -> Batch:
        config = self._config
        rng = np.random.default_rng((config.seed, index))
        address = config.data[int(rng.integers(len(config.data)))] if len(config.data) > 1 else config.data[0]
        if address == SYNTHETIC:
            reach = _REACH_PX * 2 ** -rng.uniform(0, 2)  # in small crops too, most things are far away
            sample = make_pair((config.seed * 1_000_000_007 + index) % HELD_OUT, config.height, config.width, reach)
        else:
            samples = self._samples(address)
            sample = samples[int(rng.integers(len(samples)))]
            sample = cropped(
                matched(sample) if config.labels == "matched" else sample, rng, config.height, config.width
            )
        return as_batch(photographed(sample, rng))

    def _samples(self, address: str) -> Samples:
        """Opened by the process that reads them: decoders do not survive a fork."""
        if address not in self._opened:
            self._opened[address] = open_samples(address)
        return self._opened[address]


def matched(sample: StereoSample) -> StereoSample:
    """The pair labelled by semi-global matching, where both eyes agree and no second disparity fits nearly as well."""
    left, right = (np.ascontiguousarray(image.transpose(1, 2, 0)) for image in (sample.left, sample.right))
    found = make_depth_engine("sgm-full").compute(StereoFrame(0, 0.0, left, right))
    return replace(sample, disparity=found.values, valid=found.valid, occluded=None)


def as_batch(sample: StereoSample) -> Batch:
    """A sample as tensors, without the axis of the batch."""
    occluded = np.zeros_like(sample.valid) if sample.occluded is None else sample.occluded
    return {
        "left": torch.from_numpy(sample.left / np.float32(255)),
        "right": torch.from_numpy(sample.right / np.float32(255)),
        "disparity": torch.from_numpy(sample.disparity)[None],
        "valid": torch.from_numpy(sample.valid)[None],
        "occluded": torch.from_numpy(occluded)[None],
    }


def batches(config: TrainingConfig, first_step: int, rank: int = 0, world: int = 1) -> DataLoader:
    """The batches of the steps from `first_step` to the end, of one process of `world`."""
    starts = [(step * world + rank) * config.batch for step in range(first_step, config.steps)]
    order = [list(range(start, start + config.batch)) for start in starts]
    return DataLoader(
        TrainingPairs(config),
        batch_sampler=order,
        num_workers=config.workers,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_alone if config.workers else None,
    )


def _alone(_: int) -> None:
    torch.set_num_threads(1)
