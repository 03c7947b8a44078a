"""Training on several devices or machines: what `torchrun` says of this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed

from sterefo_core.refocus.renderer import torch_device


@contextmanager
def joined(device: str) -> Iterator[torch.device]:
    """The device of this process, which has joined the others where `torchrun` started it; it leaves them afterwards.

    Args:
        device: "auto", "cpu" or "cuda". Raises SterefoError for others, and for a missing CUDA.
    """
    chosen = torch_device(device)
    if "WORLD_SIZE" not in os.environ:
        yield chosen
        return
    if chosen.type == "cuda":
        chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(chosen)
    distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield chosen
    finally:
        distributed.destroy_process_group()


def is_first() -> bool:
    """Whether this process is the one that writes files and speaks."""
    return not distributed.is_initialized() or distributed.get_rank() == 0
