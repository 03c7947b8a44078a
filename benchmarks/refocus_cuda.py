"""Times refocusing on CUDA: `python -m benchmarks.refocus_cuda`.

Prints, for each size and largest radius, milliseconds for a frame that is already on the device, as a multiple of
copying its input and output there, and beside the paper's algorithm and the definition in the same run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from sterefo_core.refocus.functional import refocus
from sterefo_core.refocus.paper import LARGEST_KERNEL_RADIUS, LAYERS
from sterefo_core.types import Lens

SETTINGS = (((375, 1242), 12.0), ((375, 1242), 25.0), ((2160, 3840), 25.0))
ROUNDS = 30


def street(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Noise, `(H, W, 3)` bytes, on ground that comes nearer towards the bottom, with upright boxes; disparity 0..80."""
    generator = torch.Generator().manual_seed(1)
    image = torch.randint(0, 256, (height, width, 3), generator=generator, dtype=torch.uint8)
    disparity = torch.linspace(-80, 80, height).clamp(min=2)[:, None].repeat(1, width)
    for index, near in enumerate(torch.linspace(10, 70, 12).tolist()):
        left, bottom = index * width // 12, int(height * (0.5 + near / 160))
        disparity[bottom - height // 4 : bottom, left : left + width // 20] = near
    return image.cuda(), disparity.cuda()


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


def milliseconds(*candidates: Callable[[], object]) -> list[float]:
    """Median device time of each, in turns, after two rounds to warm up."""
    times: list[list[float]] = [[] for _ in candidates]
    for _ in range(ROUNDS + 2):
        for run, taken in zip(candidates, times, strict=True):
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            run()
            end.record()
            end.synchronize()
            taken.append(start.elapsed_time(end))
    return [median(taken[2:]) for taken in times]


def report(size: tuple[int, int], radius: float) -> None:
    """Time one setting and print its line."""
    from sterefo_core.refocus.cuda_renderer import Buffers

    image, disparity = street(*size)
    lens, focus = Lens(aperture=radius / 40, max_radius_px=radius), 40.0
    buffers = Buffers(*size, radius, image.device)
    buffers.image.copy_(image)
    buffers.right.copy_(image)
    buffers.disparity.copy_(disparity)
    frame = (image.flatten(), image.flatten(), image.flatten(), disparity.flatten().view(torch.uint8))
    source = torch.cat(frame)  # both pictures and the disparity in, a picture out
    target = torch.empty_like(source)
    light, depth = (image.permute(2, 0, 1)[None] / 255.0), disparity[None, None]
    ours, copy, baseline, definition = milliseconds(
        lambda: buffers.refocus(focus, lens, with_right=True),
        lambda: target.copy_(source),
        lambda: paper(image, disparity, focus, lens.aperture, radius),
        lambda: refocus(light, depth, focus, lens, light),
    )
    print(
        f"{size[1]}x{size[0]} radius {radius:g}: {ours:.2f} ms, {1000 / ours:.0f} frames/s, {ours / copy:.0f} copies; "
        f"the paper's algorithm {baseline / ours:.1f} x as long, the definition {definition / ours:.1f} x"
    )


@torch.no_grad()
def main() -> int:
    """Print the table; 1 where there is no CUDA."""
    if not torch.cuda.is_available():
        print("no CUDA device was found: nothing was timed", file=sys.stderr)
        return 1
    print(f"{torch.cuda.get_device_name()}, {ROUNDS} rounds in turns, medians; right image used")
    for size, radius in SETTINGS:
        report(size, radius)
    return 0


if __name__ == "__main__":
    sys.exit(main())
