"""Depth engines: a rectified pair to the disparity of the left picture."""

from __future__ import annotations

from sterefo_core.errors import SterefoError
from sterefo_core.protocols import DepthEngine

ENGINES = ("sgm", "sgm-full")


def make_depth_engine(name: str = "sgm", device: str = "cpu") -> DepthEngine:
    """The engine of this name: "sgm", semi-global matching at half resolution, or "sgm-full", at full resolution.

    Both run on the CPU, whatever the device ("auto", "cpu" or "cuda"). Raises SterefoError for any other name.
    """
    if name not in ENGINES:
        raise SterefoError(f'there is no depth engine "{name}": choose one of {", ".join(ENGINES)}')
    from sterefo_core.depth.semi_global import SemiGlobalDepth  # numba takes half a second to import

    return SemiGlobalDepth(full_resolution=name == "sgm-full")
