"""When a GPU's memory is full in mid-run: the picture is rendered in smaller parts, then on the CPU."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import numpy as np
import torch

from sterefo_core.lens import Lens
from sterefo_core.protocols import Renderer


class SparingRenderer:
    """Renders with the first of several renderers whose memory suffices, and says when it goes on with the next.

    What once was too large is not tried again. The Renderer protocol says what `render` takes.
    """

    def __init__(self, renderer: Renderer, others: Iterable[tuple[str, Callable[[], Renderer]]]) -> None:
        """`others` need less memory each, and are made when they are needed; their names say how they render."""
        self._renderer = renderer
        self._others = iter(others)

    @property
    def renderer(self) -> Renderer:
        """The one that renders now."""
        return self._renderer

    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB, focused at `focus_disparity` px. Raises what the renderer raises, but for memory."""
        renderer = self._renderer
        while True:
            try:
                return renderer.render(image, disparity, focus_disparity, lens, right)
            except RuntimeError as error:
                following = next(self._others, None) if is_out_of_memory(error) else None
                if following is None:
                    raise
            name, make = following  # outside of the handler, whose traceback holds what is to be freed
            logging.getLogger(__name__).warning("the GPU's memory is full: refocusing goes on %s", name)
            del renderer
            self._renderer = renderer = make()
            torch.cuda.empty_cache()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a GPU's memory is full: by torch's own type, or as CUDA and Triton say it."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error)
