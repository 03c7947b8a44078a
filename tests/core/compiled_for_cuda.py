"""Compiles the Triton kernels for a CUDA device that need not be there, just as the program launches them.

`python -m tests.core.compiled_for_cuda` prints each kernel's registers and bytes of spilled ones, per thread.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from sterefo_core.refocus import (
    cuda,
    triton_collect,
    triton_hidden,
    triton_lamps,
    triton_rims,
    triton_spread,
    triton_surfaces,
    triton_tiles,
)
from sterefo_core.refocus.cuda_renderer import CudaRenderer
from sterefo_core.types import Lens

_LAUNCHED = (
    *("measure", "weigh_outlines", "unmix", "flood", "hide", "smooth"),
    *("fill_records", "find_disks", "widen_disks", "widen_lines", "spread", "collect"),
    *("start_spots", "join_spots", "measure_spots", "sum_rows", "sum_columns", "mark_lamps"),
)
HOPPER = GPUTarget("cuda", 90, 32)
_TYPES = {torch.float32: "*fp32", torch.int32: "*i32", torch.int64: "*i64", torch.uint8: "*u8", torch.int8: "*i8"}


class _CompileOnly:
    """Stands in for a kernel: a launch compiles it for `HOPPER` and runs nothing."""

    def __init__(self, kernel: triton.JITFunction, report: Callable[[str, bytes], None]) -> None:
        self._kernel, self._report = kernel, report

    def __getitem__(self, grid: tuple) -> Callable[..., None]:
        return self._launch

    def _launch(self, *values: object, num_warps: int, maxnreg: int | None = None, **constants: object) -> None:
        named = dict(zip(self._kernel.arg_names, values, strict=False)) | constants
        signature = {
            name: "constexpr" if name in constants else _TYPES[value.dtype] if isinstance(value, torch.Tensor) else
            {int: "i32", float: "fp32"}[type(value)]
            for name, value in named.items()
        }  # fmt: skip
        source = ASTSource(self._kernel, signature, constexprs=constants)
        compiled = triton.compile(source, target=HOPPER, options={"num_warps": num_warps, "maxnreg": maxnreg})
        self._report(self._kernel.__name__, compiled.asm["cubin"])


def compile_all(report: Callable[[str, bytes], None]) -> None:
    """Launch every kernel once, as training and rendering do, and hand its name and cubin to `report`."""
    modules = triton_rims, triton_lamps, triton_hidden, triton_surfaces, triton_tiles, triton_spread, triton_collect
    for module in modules:
        for name, kernel in list(vars(module).items()):
            if isinstance(kernel, triton.JITFunction) and name in _LAUNCHED:
                setattr(module, name, _CompileOnly(kernel, report))
    image, disparity = torch.rand(2, 3, 9, 20, requires_grad=True), torch.rand(2, 1, 9, 20)
    lens = Lens(max_radius_px=25.0, highlights=0.0)
    cuda.refocus(image, disparity, 3.0, lens).sum().backward()
    cuda.refocus(image.detach(), disparity, 3.0, lens)
    picture, depth, renderer = np.zeros((9, 20, 3), np.uint8), np.ones((9, 20), np.float32), CudaRenderer("cpu")
    renderer.render(picture, depth, 3.0, lens, None)
    renderer.render(picture, depth, 3.0, lens, picture)
    renderer.render(picture, depth, 3.0, replace(lens, cats_eye=0.1, highlights=1.0), None)


def resources(cubin: bytes) -> tuple[int, int]:
    """Registers and spilled bytes per thread of a compiled kernel."""
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        text = subprocess.run([tool, "-res-usage", file.name], capture_output=True, text=True, check=True).stdout
    registers, local = re.search(r"REG:(\d+)", text), re.search(r"LOCAL:(\d+)", text)
    assert registers and local
    return int(registers[1]), int(local[1])


if __name__ == "__main__":
    compile_all(lambda name, cubin: print(f"{name}: %d registers, %d bytes spilled" % resources(cubin)))
