"""The stereo network as an ONNX file, for other programs and devices: on a CPU, ONNX Runtime takes 1.4 times as long.

Needs the packages of requirements-extra.txt.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from sterefo_core.depth import WEIGHTS
from sterefo_core.depth.guided import GuidedNetwork
from sterefo_core.depth.learned import folded, load_network, matched
from sterefo_core.errors import SterefoError
from sterefo_core.part_file import part_file, writing

_OPSET = 17
_INSTALL = "pip install -r requirements-extra.txt"


class _Answers(nn.Module):
    """The network without what only training needs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        prediction = self.network(left, right)
        return prediction.disparity, matched(prediction)


def export_onnx(target: Path, width: int, height: int, weights: Path = WEIGHTS) -> None:
    """Write the network for pictures of one size: `(1, 3, H, W)` each in, disparity and validity `(1, 1, H, W)` out.

    Raises SterefoError where onnx is not installed.
    """
    try:
        import onnx  # noqa: F401 - torch needs it, and says so in many lines
    except ImportError as error:
        raise SterefoError(f"writing ONNX needs a package that is not installed: {_INSTALL}") from error
    network = load_network(weights)
    if isinstance(network, GuidedNetwork):
        raise SterefoError(f"{weights} holds a guided network, whose guide ONNX cannot express: choose one without")
    pair = tuple(torch.rand(2, 1, 3, height, width))
    answers = _Answers(folded(network.eval())).eval()
    with part_file(target) as part, writing(target), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: what it says may vary does not, for pictures of one size
        torch.onnx.export(
            answers, pair, str(part), input_names=["left", "right"], output_names=["disparity", "valid"],
            opset_version=_OPSET, dynamo=False,
        )  # fmt: skip
