"""The training loop: what a recipe describes, step by step, so that a run that was cut off goes on as if it had not."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed import get_rank, get_world_size, is_initialized
from torch.nn.parallel import DistributedDataParallel

from sterefo_core.depth.guided import GuidedNetwork, widened
from sterefo_core.errors import SourceError, SterefoError
from sterefo_core.learning.architectures import Sequential, make_architecture
from sterefo_core.learning.checkpoint import (
    give,
    is_whole,
    load_tensors,
    named,
    optimizer_tensors,
    part_of,
    restore_optimizer,
    save_tensors,
)
from sterefo_core.learning.config import TrainingConfig
from sterefo_core.learning.datasets import open_labelled, open_samples
from sterefo_core.learning.objectives import Objective
from sterefo_core.learning.pairs import Batch, batches
from sterefo_core.learning.samples import StereoSample
from sterefo_core.learning.validation import Validation, held_out, validate

CHECKPOINT = "checkpoint.safetensors"
OnStep = Callable[[int, dict[str, float]], None]
OnValidation = Callable[[int, Validation], None]
_CLIP = 1.0


class Training:
    """One run in a folder: created from a recipe, or continued from the checkpoint that lies there.

    Attributes:
        model: the architecture being trained. average: the same with averaged weights.
        step: steps done.
    """

    def __init__(self, config: TrainingConfig, folder: Path, device: torch.device) -> None:
        check_data(config)
        torch.manual_seed(config.seed)
        self.config, self.folder, self.device = config, folder, device
        self.model = make_architecture(config.architecture, config.network).to(device)
        if config.start:
            start(self.model, Path(config.start))
        self.average = make_architecture(config.architecture, config.network).to(device).eval().requires_grad_(False)
        self.average.load_state_dict(self.model.state_dict())
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), config.learning_rate, weight_decay=config.weight_decay, foreach=True
        )
        self.step = 0
        self._held_out: dict[str, list[StereoSample]] = {}
        if (folder / CHECKPOINT).exists():
            self._resume()

    def run(self, on_step: OnStep = lambda step, figures: None, on_validation: OnValidation | None = None) -> None:
        """Train to the recipe's last step.

        Args:
            on_step: is told of every step, counted from 1, and its figures.
            on_validation: is told of every validation, by the first process; without it there is none.
        """
        rank, world = (get_rank(), get_world_size()) if is_initialized() else (0, 1)
        objective: nn.Module = Objective(self.model, self.config)
        if is_initialized():
            unused = self.config.architecture != "sequential"  # heads, where only disparity is learned
            objective = DistributedDataParallel(objective, find_unused_parameters=unused)
        for batch in batches(self.config, self.step, rank, world):
            figures = self._learn(objective, {name: value.to(self.device) for name, value in batch.items()})
            self.step += 1
            on_step(self.step, figures)
            if rank == 0:
                self._pause(on_validation)

    def _pause(self, on_validation: OnValidation | None) -> None:
        """Save and validate where it is time."""
        at_end = self.step == self.config.steps
        if at_end or self.step % self.config.save_every == 0:
            self.save()
        if on_validation and (at_end or self.step % self.config.validate_every == 0):
            self._held_out = self._held_out or held_out(self.config.validation)
            on_validation(self.step, validate(self.average.stereo, self._held_out, self.device))

    def _learn(self, objective: nn.Module, batch: Batch) -> dict[str, float]:
        self._prepare()
        rate = learning_rate(self.config, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, disparity = objective(batch, self.step)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        self.optimizer.step()
        self._take_average()
        known = batch["valid"]
        error = ((disparity - batch["disparity"]).abs() * known).sum() / known.sum().clamp(min=1)
        return {"loss": float(loss.detach()), "epe": float(error), "rate": rate}

    def _prepare(self) -> None:
        self.model.train()
        if self.config.frozen_norm:
            for module in self.model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    @torch.no_grad()
    def _take_average(self) -> None:
        share = min(self.config.average, (1 + self.step) / (10 + self.step))
        for kept, new in zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - share)
            else:
                kept.copy_(new)

    @property
    def refocuses(self) -> bool:
        """Whether the architecture refocuses in a way of its own, not by the definition."""
        return type(self.model) is not Sequential

    def save_weights(self, target: Path, whole: bool = False) -> None:
        """Write the averaged weights: of the stereo network alone, as depth engines take them, or of all."""
        about = {"step": self.step, "config": json.loads(self.config.as_json())}
        save_tensors(target, (self.average if whole else self.average.stereo).state_dict(), about)

    def save(self) -> None:
        """Write the checkpoint: both sets of weights, the optimizer's state, the recipe and the step."""
        tensors: dict[str, Tensor] = {
            **named("model", self.model.state_dict()),
            **named("average", self.average.state_dict()),
            **named("optimizer", optimizer_tensors(self.optimizer)),
        }
        about: dict[str, Any] = {"step": self.step, "config": json.loads(self.config.as_json())}
        save_tensors(self.folder / CHECKPOINT, tensors, about)

    def _resume(self) -> None:
        tensors, about = load_tensors(self.folder / CHECKPOINT)
        try:
            self.model.load_state_dict(part_of(tensors, "model"))
        except RuntimeError as error:
            raise SterefoError(f"{self.folder} holds a run of another architecture: choose a new folder") from error
        try:
            self.average.load_state_dict(part_of(tensors, "average"))
            restore_optimizer(self.optimizer, part_of(tensors, "optimizer"))
            self.step = operator.index(about["step"])
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            raise SterefoError(f"{self.folder / CHECKPOINT} is no checkpoint: choose a new folder") from error


def check_data(config: TrainingConfig) -> None:
    """Raise SourceError where there is no data set, or none with a truth that the recipe needs: now, not in hours."""
    for address in config.data:
        needs_truth = config.labels == "true" and not config.self_supervised
        if not open_samples(address).labelled and needs_truth:
            raise SourceError(f'{address} has no true disparities: set labels = "matched", or self_supervised = true')
    for address in config.validation:
        open_labelled(address)


def start(model: Sequential, path: Path) -> None:
    """Give an architecture the weights of a file: of all of it, or of its stereo network. Raises SterefoError."""
    tensors, _ = load_tensors(path)
    whole = is_whole(tensors)
    if isinstance(model.stereo, GuidedNetwork) and not whole:
        tensors = widened(tensors)
    give(model if whole else model.stereo, tensors, path)


def learning_rate(config: TrainingConfig, step: int) -> float:
    """The rate of a step counted from 0: it rises, stays and falls, always linearly."""
    rise = min(1.0, (step + 1) / max(config.warmup, 1))
    fall = min(1.0, (config.steps - step) / max(config.decay, 1))
    return config.learning_rate * min(rise, fall)
