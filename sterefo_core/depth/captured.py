"""A network whose work on CUDA is recorded once and replayed as a graph: hundreds of small launches become one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sterefo_core.depth.network import StereoPrediction

_TO_WARM_UP = 3  # calls, in which cuDNN chooses its kernels


class Captured:
    """Calls a stereo network by its recorded graph; it is recorded anew for pictures of another size.

    A prediction lies in the graph's own memory: the next call overwrites it.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._pair: tuple[Tensor, Tensor] | None = None

    def __call__(self, left: Tensor, right: Tensor) -> StereoPrediction:
        """The prediction for a pair on CUDA."""
        if self._pair is None or self._pair[0].shape != left.shape:
            self._record(left.clone(), right.clone())
        for kept, new in zip(self._pair or (), (left, right), strict=True):
            kept.copy_(new)
        self._graph.replay()
        return self._prediction

    def _record(self, left: Tensor, right: Tensor) -> None:
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(_TO_WARM_UP):
                self._network(left, right)
        torch.cuda.current_stream().wait_stream(beside)
        self._pair, self._graph = (left, right), torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):  # other threads go on refocusing
            self._prediction = self._network(left, right)
