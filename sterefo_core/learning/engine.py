"""An architecture as a part of the program: it finds depth, and refocuses by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from sterefo_core.colour import srgb_from_linear
from sterefo_core.depth.learned import WEIGHTS, LearnedDepth
from sterefo_core.depth.network import StereoPrediction
from sterefo_core.learning.architectures import make_architecture
from sterefo_core.learning.checkpoint import load_tensors
from sterefo_core.lens import Lens
from sterefo_core.types import DisparityMap, StereoFrame

FOLDER = WEIGHTS.parent / "architectures"
"""What each architecture has learned beyond the shipped stereo network; one without a file has nothing to learn."""


class RefocusingNetwork(LearnedDepth):
    """Implements DepthEngine and Renderer: the disparity of the network, and the picture of the architecture around it.

    Everything is computed at full size; a frame's stereo is kept until the next one, for its rendering.

    Args:
        name: one of `learning.architectures.ARCHITECTURES`.
    """

    def __init__(self, name: str, device: str = "auto", weights: Path = WEIGHTS) -> None:
        super().__init__(device, weights)
        self._model = make_architecture(name, "compact")
        learned = FOLDER / f"{name}.safetensors"
        if learned.exists():
            self._model.load_state_dict(load_tensors(learned)[0], strict=False)
        self._model.stereo = self.network
        self._model.eval().requires_grad_(False).to(self._device)
        self._seen: tuple[np.ndarray, np.ndarray, StereoPrediction] | None = None

    def compute(self, frame: StereoFrame) -> DisparityMap:
        """Disparity of `frame.left`. Raises SterefoError where the pair is none: no right picture or another size."""
        return self.disparity_map(self._predicted(frame.left, frame.right))

    @torch.inference_mode()
    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB; the disparity given counts for nothing, the architecture has its own."""
        other = image if right is None else right
        prediction = self._predicted(image, other)
        rendered = self._model.rendered(prediction, self.tensor(image), self.tensor(other), focus_disparity, lens)
        return srgb_from_linear(rendered.image[0].permute(1, 2, 0).float().clamp(0, 1).cpu().numpy())

    def _predicted(self, left: np.ndarray, right: np.ndarray) -> StereoPrediction:
        if self._seen is None or self._seen[0] is not left or self._seen[1] is not right:
            self._seen = (left, right, self.predict(self.tensor(left), self.tensor(right)))
        return self._seen[2]
