"""The refocusing stage: `make_renderer` for 8-bit pictures; `functional.refocus` is the differentiable definition."""

from __future__ import annotations

from sterefo_core.types import Renderer


def make_renderer(device: str = "auto") -> Renderer:
    """The renderer for a device: "auto" (CUDA where there is one), "cpu" or "cuda".

    Importing this package does not import torch; making a renderer does. Raises SterefoError where CUDA is asked for
    and not there.
    """
    from sterefo_core.refocus.renderer import DefinitionRenderer

    return DefinitionRenderer(device)
