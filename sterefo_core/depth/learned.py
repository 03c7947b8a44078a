"""The learned depth engine: a stereo network with the weights that ship, folded and ready to run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from sterefo_core.depth import WEIGHTS
from sterefo_core.depth.captured import Captured
from sterefo_core.depth.edges import doubled, even, halved, laid_on_outlines
from sterefo_core.depth.network import BIN_PX, StereoNetwork, StereoPrediction
from sterefo_core.depth.semi_global import check_pair
from sterefo_core.errors import SterefoError
from sterefo_core.learning.architectures import NETWORKS
from sterefo_core.learning.checkpoint import give, load_tensors, recipe_of
from sterefo_core.refocus.renderer import torch_device
from sterefo_core.refocus.sparing import is_out_of_memory
from sterefo_core.types import DisparityMap, StereoFrame

Result = TypeVar("Result")
_CONFIDENT = 0.5  # of the likelihood lies in three neighbouring bins where something was matched


class LearnedDepth:
    """A stereo network as a depth engine; in half precision on CUDA, whose memory may prove full: then on the CPU.

    The edges of what it finds are laid on those of the picture, which brings maps and refocused pictures nearer to the
    truth.

    Args:
        network: with its weights, as `load_network` gives it.
        device: "auto", "cpu" or "cuda".
        half_size: look at pictures of half the size: 4 times as quick, and coarser.
        captured: replay the network's work on CUDA as a recorded graph. Raises SterefoError on a CPU.

    Attributes:
        parameters: how many numbers were learned.
    """

    def __init__(
        self, network: nn.Module, device: str = "auto", half_size: bool = False, *, captured: bool = False
    ) -> None:
        self._device, self._halves = torch_device(device), half_size
        if captured and self._device.type != "cuda":
            raise SterefoError("only CUDA can replay a recorded graph: choose --device cuda, or an engine without it")
        self.parameters = sum(weights.numel() for weights in network.parameters())
        self.network = folded(network.eval()).requires_grad_(False).to(self._device)
        self._predictor: Callable[[Tensor, Tensor], StereoPrediction] = (
            Captured(self.network) if captured else self.network
        )
        self._spared = False

    def compute(self, frame: StereoFrame) -> DisparityMap:
        """Disparity of `frame.left`. Raises SterefoError where the pair is none: no right picture or another size."""
        return self.sparing(lambda: self._compute(frame))

    def sparing(self, work: Callable[[], Result]) -> Result:
        """The result of work with the network, which goes on on the CPU where the GPU's memory is full."""
        try:
            return work()
        except RuntimeError as error:
            if self._spared or not is_out_of_memory(error):
                raise
        self._spared = True  # outside of the handler, whose traceback holds what is to be freed
        logging.getLogger(__name__).warning("the GPU's memory is full: depth goes on on the CPU")
        self.move(torch.device("cpu"))
        torch.cuda.empty_cache()
        return work()

    def move(self, device: torch.device) -> None:
        """Go on on another device."""
        self._device = device
        self._predictor = self.network.to(device)

    def _compute(self, frame: StereoFrame) -> DisparityMap:
        check_pair(frame)
        height, width = frame.left.shape[:2]
        pair = (halved(even(eye)) if self._halves else eye for eye in (frame.left, frame.right))
        found = self.disparity_map(self.predict(*(self.tensor(image) for image in pair)))
        if self._halves:
            values, valid = doubled(found.values), found.valid.repeat(2, axis=0).repeat(2, axis=1)
            found = DisparityMap(values[:height, :width], valid[:height, :width])
        return laid_on_outlines(found, frame.left)

    @staticmethod
    def disparity_map(prediction: StereoPrediction) -> DisparityMap:
        """The first prediction of a batch."""
        disparity, valid = prediction.disparity[0, 0].float(), matched(prediction)[0, 0]
        return DisparityMap(disparity.cpu().numpy(), valid.cpu().numpy())

    def tensor(self, image: np.ndarray) -> Tensor:
        """`(H, W, 3)` uint8 to `(1, 3, H, W)` in 0..1 on the engine's device."""
        return torch.from_numpy(np.ascontiguousarray(image)).to(self._device).permute(2, 0, 1)[None] / 255

    @torch.inference_mode()
    def predict(self, left: Tensor, right: Tensor) -> StereoPrediction:
        """What the network says of a pair of tensors."""
        with half_precision(self._device):
            return self._predictor(left, right)


def half_precision(device: torch.device) -> torch.autocast:
    """Where the device is quicker for it: on CUDA, and on CPUs that compute bfloat16, by 0.05 px less exactly."""
    half = torch.float16 if device.type == "cuda" else torch.bfloat16
    quicker = device.type == "cuda" or torch.cpu.get_capabilities().get("avx512_bf16", False)
    return torch.autocast(device.type, half, enabled=quicker, cache_enabled=False)  # graphs hold no weights cast once


def matched(prediction: StereoPrediction) -> Tensor:
    """`(B, 1, H, W)` bool: where the volume is of one mind, and the right picture reaches."""
    height, width = prediction.disparity.shape[-2:]
    likely = prediction.logits.float().softmax(dim=1)
    sure = nn.functional.avg_pool3d(likely[:, None], (3, 1, 1), 1, (1, 0, 0))[:, 0].amax(dim=1, keepdim=True)
    sure = nn.functional.interpolate(3 * sure, scale_factor=float(BIN_PX))[..., :height, :width] > _CONFIDENT
    column = torch.arange(width, device=sure.device)
    return sure & (prediction.disparity <= column)


def load_network(path: Path = WEIGHTS) -> nn.Module:
    """A stereo network with the weights that `run_app.py train` or `adapt` made. Raises SterefoError for others."""
    return network_of(*load_tensors(path), path)


def network_of(tensors: dict[str, Tensor], about: dict[str, Any], path: Path) -> nn.Module:
    """The same with what was read from `path`."""
    network = NETWORKS.get(str(recipe_of(about).get("network")), StereoNetwork)()
    give(network, tensors, path)
    return network


def folded(network: nn.Module) -> nn.Module:
    """Every batch norm made part of the convolution before it, in place; for evaluation only."""
    for module in network.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for i in range(len(module) - 1):
            layer, norm = module[i], module[i + 1]
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[i], module[i + 1] = fuse_conv_bn_eval(layer, norm), nn.Identity()
    return network
