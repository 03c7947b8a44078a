"""Depth engines: a rectified pair to the disparity of the left picture."""

from __future__ import annotations

from pathlib import Path

from sterefo_core.errors import SterefoError
from sterefo_core.protocols import DepthEngine

ENGINES = ("sgm", "sgm-full", "net")
OWN_WEIGHTS = "net="


def make_depth_engine(name: str = "sgm", device: str = "cpu") -> DepthEngine:
    """The engine of this name.

    "sgm" is semi-global matching at half resolution and "sgm-full" at full resolution; both run on the CPU, whatever
    the device ("auto", "cpu" or "cuda"). "net" is the stereo network, "net=FILE" the same with other weights. Raises
    SterefoError for any other name.
    """
    if name == "net" or name.startswith(OWN_WEIGHTS):
        from sterefo_core.depth.learned import WEIGHTS, LearnedDepth  # torch takes a second to import

        return LearnedDepth(device, Path(name.removeprefix(OWN_WEIGHTS)) if name != "net" else WEIGHTS)
    if name not in ENGINES:
        raise SterefoError(f'there is no depth engine "{name}": choose one of {", ".join(ENGINES)} or net=FILE')
    from sterefo_core.depth.semi_global import SemiGlobalDepth  # numba takes half a second to import

    return SemiGlobalDepth(full_resolution=name == "sgm-full")
