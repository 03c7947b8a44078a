"""A training run, described: what a TOML file says, and what it means where it says nothing."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from sterefo_core.errors import SterefoError
from sterefo_core.learning.datasets import SYNTHETIC

_LEAST = {
    "seed": 0, "steps": 1, "batch": 1, "height": 32, "width": 32, "weight_decay": 0, "warmup": 0, "decay": 0,
    "average": 0, "stereo_weight": 0, "refocus_weight": 0, "validate_every": 1, "save_every": 1, "workers": 0,
}  # fmt: skip
"""What numbers of a recipe must not be less than."""


@dataclass(frozen=True)
class TrainingConfig:
    """All that a run depends on, beside the code and the machine.

    Attributes:
        architecture, network: names of `learning.architectures`.
        data, validation: "synthetic", or what else `learning.datasets.open_samples` opens; several are mixed evenly.
        labels: "true", or "matched": by semi-global matching, where data sets have no truth.
        seed: of the weights, the synthetic pairs, the crops and the lenses.
        steps: at which the run ends.
        batch: pairs a step, in each process.
        height, width: of the crops, px; multiples of 32.
        learning_rate: at its highest; it rises over `warmup` steps and falls to 0 over the last `decay` steps.
        average: of the weights, over about 1 / (1 - average) steps; the averaged weights are validated and shipped.
        frozen_norm: keep the statistics of the batch norms: for batches of 1, and to fit a trained network.
        mixed_precision: bfloat16 where it suffices.
        stereo_weight, refocus_weight: of the error of the disparity and of the refocused picture.
        self_supervised: learn from the pictures alone: what one eye sees must look like what the other one does.
        start: weights to begin with instead of random ones.
        validate_every, save_every: steps.
        workers: processes that make the data.
    """

    architecture: str = "sequential"
    network: str = "compact"
    data: tuple[str, ...] = (SYNTHETIC,)
    validation: tuple[str, ...] = (SYNTHETIC,)
    labels: str = "true"
    seed: int = 0
    steps: int = 20000
    batch: int = 4
    height: int = 256
    width: int = 512
    learning_rate: float = 8e-4
    weight_decay: float = 1e-4
    warmup: int = 300
    decay: int = 5000
    average: float = 0.999
    frozen_norm: bool = False
    mixed_precision: bool = False
    stereo_weight: float = 1.0
    refocus_weight: float = 0.0
    self_supervised: bool = False
    start: str | None = None
    validate_every: int = 500
    save_every: int = 250
    workers: int = 1

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise SterefoError(f"{name} must be at least {least}, not {getattr(self, name)}")
        for right, rule in (
            (self.height % 32 == 0 and self.width % 32 == 0, "height and width must be multiples of 32"),
            (self.learning_rate > 0, "learning_rate must be above 0"),
            (self.average < 1, "average must be below 1"),
            (self.data, 'data must name something to learn from, such as "synthetic"'),
            (self.labels in ("true", "matched"), f'labels are "true" or "matched", not "{self.labels}"'),
            (
                self.self_supervised or self.stereo_weight or self.refocus_weight,
                "stereo_weight or refocus_weight must be above 0",
            ),
        ):
            if not right:
                raise SterefoError(rule)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a TOML file. Raises SterefoError naming what it does not know or cannot read."""
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SterefoError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise SterefoError(f"{path} cannot be read as a training recipe: {error}") from error
        return cls.from_settings(given, str(path))

    @classmethod
    def from_settings(cls, given: dict[str, Any], where: str) -> Self:
        """Check names and types. Raises SterefoError."""
        defaults = {field.name: field.default for field in fields(cls)}
        for name, value in given.items():
            if name not in defaults:
                raise SterefoError(f'{where} has "{name}", which no recipe knows: choose from {", ".join(defaults)}')
            given[name] = _checked(name, value, defaults[name], where)
        try:
            return cls(**given)
        except SterefoError as error:
            raise SterefoError(f"{where}: {error}") from error

    def as_json(self) -> str:
        """For checkpoints; `from_settings` of it gives the same."""
        return json.dumps(asdict(self))


def _checked(name: str, value: Any, default: Any, where: str) -> Any:
    if isinstance(value, int | float) and not abs(value) < 2**63:  # nor is NaN
        raise SterefoError(f"{where}: {name} is a number that is not finite or far too large")
    if isinstance(default, tuple) and isinstance(value, (str, list)):
        return (value,) if isinstance(value, str) else tuple(map(str, value))
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    kind = str if default is None else type(default)
    if type(value) is kind or (value is None and default is None):
        return value
    raise SterefoError(f"{where}: {name} must be {kind.__name__}, not {value!r}")
