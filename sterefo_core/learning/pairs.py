"""The endless row of examples that a run learns from: number i is the same whoever asks, so a run can be resumed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sterefo_core.learning.augment import photographed
from sterefo_core.learning.config import TrainingConfig
from sterefo_core.learning.samples import StereoSample
from sterefo_core.learning.synthetic import make_pair

Batch = dict[str, Tensor]
"""left, right: `(B, 3, H, W)` in 0..1; disparity: `(B, 1, H, W)` px; valid: the same, bool."""

_REACH_PX = 184.0

HELD_OUT = 1_000_000_000
"""Synthetic seeds from here on are for validation."""


class TrainingPairs(Dataset):
    """Example number i of the recipe, cut to its size and photographed by two unlike cameras."""

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    def __getitem__(self, index: int) -> Batch:
        config = self._config
        seed = config.seed * 100_000_000 + index
        rng = np.random.default_rng((seed, 1))
        reach = _REACH_PX * 2 ** -rng.uniform(0, 1.5)  # crops are small, and far things many
        return as_batch(photographed(make_pair(seed, config.height, config.width, reach), rng))


def as_batch(sample: StereoSample) -> Batch:
    """A sample as tensors, without the axis of the batch."""
    return {
        "left": torch.from_numpy(sample.left / np.float32(255)),
        "right": torch.from_numpy(sample.right / np.float32(255)),
        "disparity": torch.from_numpy(sample.disparity)[None],
        "valid": torch.from_numpy(sample.valid)[None],
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
        worker_init_fn=lambda _: torch.set_num_threads(1),
    )
