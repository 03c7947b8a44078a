"""Weights and states of training runs as safetensors with JSON inside: nothing in them is ever executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from sterefo_core.errors import SterefoError
from sterefo_core.part_file import part_file, writing

_ABOUT = "about"


def save_tensors(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    """Write a file, whole or not at all; `about` is what JSON can hold. Raises ExportError where that fails."""
    flat = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with part_file(path) as part, writing(path):
        part.write_bytes(save(flat, {_ABOUT: json.dumps(about)}))  # save_file tells of a full disk in its own way


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save_tensors` wrote. Raises SterefoError where the file is missing or something else."""
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get(_ABOUT, "{}"))
            if not isinstance(about, dict):
                raise ValueError("what is said about them is no table")
            return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise SterefoError(f"{path} cannot be read as weights: {error}") from error


def recipe_of(about: dict[str, Any]) -> dict[str, Any]:
    """The recipe by which tensors were made, as far as is said of them."""
    recipe = about.get("config")
    return recipe if isinstance(recipe, dict) else {}


def is_whole(tensors: dict[str, Tensor]) -> bool:
    """Whether these are of a whole architecture, not of its stereo network alone."""
    return any(name.startswith("stereo.") for name in tensors)


def give(module: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Give a module weights that were read from `path`. Raises SterefoError where they are of another one."""
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise SterefoError(f"{path} holds weights of another network or architecture") from error


def part_of(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix.`, without it."""
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


def named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The opposite of `part_of`."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The state of every parameter, named `number.what`; all of an AdamW that the recipe does not say."""
    states = optimizer.state_dict()["state"]
    return {f"{number}.{what}": value for number, state in states.items() for what, value in state.items()}


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimizer the state that `optimizer_tensors` took from its like."""
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, what = name.split(".", 1)
        states.setdefault(int(number), {})[what] = tensor
    optimizer.load_state_dict({"state": states, "param_groups": optimizer.state_dict()["param_groups"]})
