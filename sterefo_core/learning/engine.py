"""An architecture as a part of the program: it finds depth, and refocuses by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from sterefo_core.colour import srgb_from_linear
from sterefo_core.depth.learned import LearnedDepth, network_of
from sterefo_core.depth.network import StereoPrediction
from sterefo_core.errors import SterefoError
from sterefo_core.learning.architectures import Sequential, make_architecture
from sterefo_core.learning.checkpoint import give, is_whole, load_tensors, recipe_of
from sterefo_core.lens import Lens
from sterefo_core.types import DisparityMap, StereoFrame


class RefocusingNetwork(LearnedDepth):
    """Implements DepthEngine and Renderer: the disparity of the network, and the picture of the architecture around it.

    Everything is computed at full size; a frame's stereo is kept until the next one, for its rendering.

    Args:
        model: with its weights.
    """

    def __init__(self, model: Sequential, device: str = "auto") -> None:
        parameters = sum(weights.numel() for weights in model.parameters())
        super().__init__(model.stereo, device)
        self.parameters = parameters
        self._model = model.eval().requires_grad_(False).to(self._device)
        self._seen: tuple[np.ndarray, np.ndarray, StereoPrediction] | None = None

    def _compute(self, frame: StereoFrame) -> DisparityMap:
        return self.disparity_map(self._predicted(frame.left, frame.right))

    def move(self, device: torch.device) -> None:
        """Go on on another device."""
        super().move(device)
        self._model.to(device)
        self._seen = None

    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB; the disparity given counts for nothing, the architecture has its own."""
        return self.sparing(lambda: self._render(image, image if right is None else right, focus_disparity, lens))

    @torch.inference_mode()
    def _render(self, image: np.ndarray, other: np.ndarray, focus_disparity: float, lens: Lens) -> np.ndarray:
        prediction = self._predicted(image, other)
        rendered = self._model.rendered(prediction, self.tensor(image), self.tensor(other), focus_disparity, lens)
        return srgb_from_linear(rendered.image[0].permute(1, 2, 0).float().clamp(0, 1).cpu().numpy())

    def _predicted(self, left: np.ndarray, right: np.ndarray) -> StereoPrediction:
        if self._seen is None or self._seen[0] is not left or self._seen[1] is not right:
            self._seen = (left, right, self.predict(self.tensor(left), self.tensor(right)))
        return self._seen[2]


def engine_of(path: Path, device: str = "auto") -> LearnedDepth:
    """The engine of what `run_app.py train` or `adapt` wrote: a stereo network, or an architecture that refocuses.

    Raises SterefoError for another file.
    """
    tensors, about = load_tensors(path)
    if not is_whole(tensors):
        return LearnedDepth(network_of(tensors, about, path), device)
    recipe = recipe_of(about)
    if not {"architecture", "network"} <= recipe.keys():
        raise SterefoError(f"{path} does not say of which architecture it is: take it as train wrote it")
    model = make_architecture(str(recipe["architecture"]), str(recipe["network"]))
    give(model, tensors, path)
    return RefocusingNetwork(model, device)
