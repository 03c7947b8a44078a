"""Speed of refocusing on CUDA: `python -m benchmarks.refocus_cuda`, beside a copy, the paper's algorithm and others.

Renderers take turns on the same pictures, after turns that warm up; the device is waited for before and after every
turn. Times are medians, with the quarter and three quarters of all turns beside them. `--json FILE` keeps the figures.

    device      the picture is on the device and stays there
    render      from host memory to host memory
    copy        both pictures and the disparity in, a picture out, on the device
    host copy   the same between pinned host memory and the device
    paper       the paper's algorithm, in torch on the device
    definition  `functional.refocus` on the device
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from time import perf_counter

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from benchmarks.machine import line, machine
from sterefo_core.colour import srgb_from_linear
from sterefo_core.evaluation.thin_lens import focus_disparities
from sterefo_core.lens import Lens
from sterefo_core.refocus.functional import refocus
from sterefo_core.refocus.paper import LARGEST_KERNEL_RADIUS, LAYERS
from sterefo_core.scenes.layers import RIGHT_EYE, render_left, render_view
from sterefo_core.scenes.studies import study_scene

KITTI, UHD = (1242, 375), (3840, 2160)
SETTINGS = ((KITTI, 12.0), (KITTI, 25.0), (UHD, 25.0))
KIND = "street"  # a ground plane, so that every radius occurs, with objects before it
WARM_UP = 3  # turns: compiled, recorded, replayed
IN_A_ROW = {"device": 10, "copy": 10, "host copy": 10}  # in a turn, without waiting between them


def paper(image: Tensor, disparity: Tensor, focus: float, aperture: float, largest: float) -> Tensor:
    """`paper.PaperRenderer` in torch: `(H, W, 3)` bytes."""
    edges = torch.linspace(float(disparity.min()), float(disparity.max()), LAYERS + 1, device=image.device)
    layer_of = torch.bucketize(disparity, edges[1:-1], right=True)
    opaque = pad(image.permute(2, 0, 1).float(), (0, 0, 0, 0, 0, 1), value=1.0)[None]
    result = torch.zeros_like(opaque)
    for layer, middle in enumerate(((edges[1:] + edges[:-1]) / 2).tolist()):
        radius = round(min(aperture * abs(middle - focus), largest))
        blurred = _disk_blur(opaque * (layer_of == layer), radius)
        result = blurred + result * (1 - blurred[:, 3:])
    return (result[0, :3] / result[0, 3:].clamp(min=1e-3)).round().clamp(0, 255).byte().permute(1, 2, 0).contiguous()


def _disk_blur(layer: Tensor, radius: int) -> Tensor:
    shrink = 1
    while radius > LARGEST_KERNEL_RADIUS * shrink:
        shrink *= 2
    small = avg_pool2d(layer, shrink, ceil_mode=True) if shrink > 1 else layer
    reach = round(radius / shrink)
    offset = torch.arange(-reach, reach + 1, device=layer.device)
    disk = (offset[:, None] ** 2 + offset**2 <= reach**2).float()
    kernel = (disk / disk.sum()).expand(4, 1, -1, -1)
    blurred = conv2d(pad(small, (reach,) * 4, mode="replicate") if reach else small, kernel, groups=4)
    return interpolate(blurred, layer.shape[-2:], mode="bilinear") if shrink > 1 else blurred


def contenders(size: tuple[int, int], radius: float) -> dict[str, Callable[[], object]]:
    """What takes turns, by name, for the street scene of a size, its farthest or nearest point blurred by `radius`."""
    from sterefo_core.refocus.cuda_renderer import CudaRenderer

    scene = study_scene(KIND, size, 0)
    view, right = render_left(scene, size), srgb_from_linear(render_view(scene, RIGHT_EYE, size))
    image, focus = srgb_from_linear(view.image), focus_disparities(view)["middle"]
    depth = np.ascontiguousarray(view.disparity, dtype=np.float32)
    lens = Lens(aperture=radius / float(np.abs(depth - focus).max()), max_radius_px=radius)
    given = [torch.as_tensor(array).cuda() for array in (image, depth, right)]
    light, other = (bytes_.permute(2, 0, 1)[None].float() / 255 for bytes_ in (given[0], given[2]))
    here, there = CudaRenderer(), CudaRenderer()
    copied, pinned = [torch.empty_like(tensor) for tensor in given], [tensor.cpu().pin_memory() for tensor in given]

    def copy(source: list[Tensor], target: list[Tensor], out: Tensor) -> None:
        for taken, to in zip(source, target, strict=True):
            to.copy_(taken, non_blocking=True)
        out.copy_(target[0], non_blocking=True)

    return {
        "device": lambda: here.render_on_device(given[0], given[1], focus, lens, given[2]),
        "render": lambda: there.render(image, depth, focus, lens, right),
        "copy": lambda: copy(given, copied, copied[2]),
        "host copy": lambda: copy(pinned, copied, pinned[0]),
        "paper": lambda: paper(given[0], given[1], focus, lens.aperture, radius),
        "definition": lambda: refocus(light, given[1][None, None], focus, lens, other),
    }


def measure(size: tuple[int, int], radius: float, rounds: int) -> dict:
    """The record of one setting: ms by renderer, `[quarter, median, three quarters]`."""
    renderers = contenders(size, radius)
    times: dict[str, list[float]] = {name: [] for name in renderers}
    for turn in range(rounds + WARM_UP):
        for name, run in renderers.items():
            torch.cuda.synchronize()
            start, times_run = perf_counter(), IN_A_ROW.get(name, 1)
            for _ in range(times_run):
                run()
            torch.cuda.synchronize()
            if turn >= WARM_UP:
                times[name].append(1000 * (perf_counter() - start) / times_run)
    spread = {name: [round(ms, 4) for ms in quantiles(taken, n=4)] for name, taken in times.items()}
    return {"size": size, "radius_px": radius, "ms": spread}


def goals(records: list[dict]) -> str:
    """One line: which of the goals of speed are met, on the device."""
    ms = {(tuple(record["size"]), record["radius_px"]): record["ms"] for record in records}
    kitti, uhd = ms[KITTI, 25.0], ms[UHD, 25.0]
    rate, large = 1000 / kitti["device"][1], 1000 / uhd["device"][1]
    copies, host = kitti["device"][1] / kitti["copy"][1], kitti["render"][1] / kitti["host copy"][1]
    return (
        f"goals: {rate:.0f} frames/s of 760 ({_met(rate >= 760)}), 4K {large:.0f} of 60 ({_met(large >= 60)}), "
        f"{copies:.1f} copies of 3 on the device ({_met(copies <= 3)}) and {host:.1f} from and to the host "
        f"({_met(host <= 3)})"
    )


def _met(reached: bool) -> str:
    return "met" if reached else "not met"


def _machine() -> dict[str, str]:
    return {
        "device": torch.cuda.get_device_name(),
        "cuda": str(torch.version.cuda),
        **machine("torch", "triton"),
    }


@torch.no_grad()
def main() -> int:
    """Print the table and the goals; 1 where there is no CUDA."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="turns that each renderer takes (default 30)")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("no CUDA device was found: nothing was timed", file=sys.stderr)
        return 1
    facts, records = _machine(), []
    print(line(facts))
    for size, radius in SETTINGS:
        records.append(measure(size, radius, options.rounds))
        for name, (low, middle, high) in records[-1]["ms"].items():
            shape = "x".join(map(str, size))
            print(f"{shape:>10} radius {radius:g} {name:>10} {middle:9.3f} ms ({low:.3f} .. {high:.3f})", flush=True)
    print(goals(records))
    if options.json:
        options.json.write_text(json.dumps({**facts, "rounds": options.rounds, "results": records}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
