"""The refocusing stage: `make_renderer` for 8-bit pictures; `functional.refocus` is the differentiable definition."""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable
from functools import partial

from sterefo_core.protocols import Renderer


def make_renderer(device: str = "auto", threads: int | None = None) -> Renderer:
    """The renderer for a device: "auto" (CUDA where there is one), "cpu" or "cuda".

    On a CPU it takes so many threads, by default one for each core; the pictures do not depend on them. torch is
    imported only where there may be CUDA. Raises SterefoError where CUDA is asked for and not there.
    """
    from sterefo_core.refocus.cpu import CpuRenderer

    return _cuda_renderer() if _runs_on_cuda(device) else CpuRenderer(threads)


def _runs_on_cuda(device: str) -> bool:
    if device == "cpu" or (device == "auto" and not _has_driver()):
        return False  # so much can be said without torch, which takes seconds to import
    from sterefo_core.refocus.renderer import torch_device

    return torch_device(device).type == "cuda"


def _has_driver() -> bool:
    """Whether NVIDIA's driver is installed: nothing runs on CUDA without it."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _cuda_renderer() -> Renderer:
    """The fast renderer where its kernels run, else the definition; with less memory where that is full."""
    from sterefo_core.refocus.cpu import CpuRenderer
    from sterefo_core.refocus.sparing import SparingRenderer

    others: list[tuple[str, Callable[[], Renderer]]] = [("on the CPU", CpuRenderer)]
    try:
        from sterefo_core.refocus.cuda_renderer import CudaRenderer, tried_out

        strips = [(f"in {parts} strips", partial(CudaRenderer, parts=parts)) for parts in (4, 16)]
        return SparingRenderer(tried_out(), strips + others)
    except Exception as error:  # Triton is missing, or any part of its tool chain does not fit this machine
        logging.getLogger(__name__).warning("refocusing on CUDA is slow: its Triton kernels do not run (%s)", error)
        from sterefo_core.refocus.renderer import DefinitionRenderer

        return SparingRenderer(DefinitionRenderer("cuda"), others)
