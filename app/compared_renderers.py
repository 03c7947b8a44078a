"""What `evaluate refocus` compares: the definition on linear light, and renderers on 8-bit pictures as cameras give."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sterefo_core.colour import linear_from_srgb, srgb_from_linear
from sterefo_core.evaluation.refocus_scores import LinearRenderer, eight_bit
from sterefo_core.evaluation.thin_lens import RefocusCase
from sterefo_core.protocols import Renderer
from sterefo_core.types import Lens, StereoFrame


def _definition(with_right: bool) -> LinearRenderer:
    """The differentiable definition on the scene's own linear light, without or with the right image."""
    import torch

    from sterefo_core.refocus.functional import refocus

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.atleast_3d(values)).permute(2, 0, 1)[None]

    @torch.no_grad()
    def render(case: RefocusCase) -> np.ndarray:
        lens = Lens(aperture=case.aperture, max_radius_px=case.radius_px)
        right = tensor(case.right) if with_right else None
        picture = refocus(tensor(case.left), tensor(case.disparity), case.focus_disparity, lens, right)
        return picture[0].permute(1, 2, 0).numpy()

    return render


def _paper() -> LinearRenderer:
    from sterefo_core.refocus.paper import PaperRenderer

    return eight_bit(PaperRenderer(), with_right=False)


def _program() -> LinearRenderer:
    from sterefo_core.refocus import make_renderer

    return eight_bit(make_renderer("cpu"), with_right=True)


def _from_stereo(engine: str) -> LinearRenderer:
    """The program as it is used: with the disparity that a depth engine finds, or an architecture's own picture."""
    from sterefo_core.depth import make_depth_engine
    from sterefo_core.refocus import make_renderer

    depth = make_depth_engine(engine)
    renderer = depth if isinstance(depth, Renderer) else make_renderer("cpu")

    def render(case: RefocusCase) -> np.ndarray:
        left, right = srgb_from_linear(case.left), srgb_from_linear(case.right)
        disparity = depth.compute(StereoFrame(0, 0.0, left, right)).values
        lens = Lens(aperture=case.aperture, max_radius_px=case.radius_px)
        return linear_from_srgb(renderer.render(left, disparity, case.focus_disparity, lens, right))

    return render


RENDERERS: dict[str, Callable[[], LinearRenderer]] = {
    "unprocessed": lambda: lambda case: case.left,
    "paper": _paper,
    "definition": lambda: _definition(with_right=False),
    "definition-right": lambda: _definition(with_right=True),
    "program": _program,
}
"""Makers by name. The paper's algorithm and the program see clipped 8-bit pictures, the others linear light."""


def make_compared(name: str) -> LinearRenderer:
    """One of `RENDERERS`, or what does not know the true disparity, by the name of a depth engine."""
    return RENDERERS[name]() if name in RENDERERS else _from_stereo(name)
