"""Depth engines: a rectified pair to the disparity of the left picture."""

from __future__ import annotations

from pathlib import Path

from sterefo_core.errors import SterefoError
from sterefo_core.protocols import DepthEngine, Source

_ASSETS = Path(__file__).parents[2] / "assets"
ARCHITECTURES = _ASSETS / "architectures"
"""The weights of whole architectures, by their names; `README.md` there says how they were made."""
WEIGHTS, GUIDED_WEIGHTS = _ASSETS / "stereo.safetensors", _ASSETS / "guided.safetensors"
"""Those of the networks that ship; `stereo.md` and `guided.md` there say how they were made."""
LEARNED = {
    "net": WEIGHTS,
    "net-half": WEIGHTS,
    "guided": GUIDED_WEIGHTS,
    "net-aperture": ARCHITECTURES / "aperture.safetensors",
}
"""Engines of a network, each with its weights."""
REFOCUSING = {
    f"net-{name}": ARCHITECTURES / f"{name}.safetensors" for name in ("volume", "volume-refinement", "blur-refinement")
}
"""Engines that refocus by themselves, architectures of `learning.architectures`, each with its weights."""
ENGINES = ("sgm", "sgm-full", *LEARNED, *REFOCUSING)
OWN_WEIGHTS = "net="


def make_depth_engine(name: str = "sgm", device: str = "cpu") -> DepthEngine:
    """The engine of this name.

    "sgm" is semi-global matching at half resolution and "sgm-full" at full resolution; both run on the CPU, whatever
    the device ("auto", "cpu" or "cuda"). "net" is the stereo network, at full size, "net-half" at half size and
    "guided" with semi-global matching for a guide; "net-aperture" has weights trained through the refocused picture,
    "net=FILE" is what `run_app.py train` or `adapt` made; those of `REFOCUSING`, and architectures in files, are
    renderers, too. Raises SterefoError for other names.
    """
    if name in REFOCUSING or name.startswith(OWN_WEIGHTS):
        from sterefo_core.learning.engine import engine_of

        return engine_of(REFOCUSING.get(name) or Path(name.removeprefix(OWN_WEIGHTS)), device)
    if name in LEARNED:
        from sterefo_core.depth.learned import LearnedDepth, load_network  # imports torch

        return LearnedDepth(load_network(LEARNED[name]), device, half_size=name == "net-half")
    if name not in ENGINES:
        raise SterefoError(f'there is no depth engine "{name}": choose one of {", ".join(ENGINES)} or net=FILE')
    from sterefo_core.depth.semi_global import SemiGlobalDepth  # numba takes half a second to import

    return SemiGlobalDepth(full_resolution=name == "sgm-full")


def steadied(engine: DepthEngine, source: Source) -> DepthEngine:
    """The engine with its disparity of `source` averaged over frames, so that it does not flicker."""
    from sterefo_core.depth.steady import SteadyDepth  # numba takes half a second to import

    return SteadyDepth(engine, source)
