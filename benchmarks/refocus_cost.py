"""What refocusing costs on the CPU: `python -m benchmarks.refocus_cost --plot assets/refocus_cost.svg`.

Against the largest radius, the size of the picture, and the number of layers in it. Times are of all threads together,
the median over turns that the renderers take; they hold on a busy machine better than those by the clock.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from benchmarks.line_plot import Panel, svg
from benchmarks.refocus import contenders, measure, timed_in_turns
from sterefo_core.lens import Lens

SIZE, RADIUS_PX = (1242, 375), 12.0
RADII_PX = (2.0, 4.0, 8.0, 12.0, 25.0, 50.0)
SIZES = ((621, 188), SIZE, (1920, 1080), (3840, 2160))
LAYERS = (1, 2, 4, 8, 16, 32)
CELL_PX = 75
ENDS_MS = 10.0, 20000.0


def boards(layers: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise on a mosaic of boards at so many disparities: blur radii of 4 to 12 px, of 8 on the average."""
    generator = np.random.default_rng(0)
    width, height = SIZE
    image = generator.integers(0, 256, (height, width, 3)).astype(np.uint8)
    radii = np.linspace(4, RADIUS_PX, layers) if layers > 1 else np.array([8.0])
    cells = np.arange(-(-height // CELL_PX) * -(-width // CELL_PX)) % layers
    mosaic = radii[generator.permutation(cells)].reshape(-1, -(-width // CELL_PX))
    disparity = np.repeat(np.repeat(mosaic, CELL_PX, 0), CELL_PX, 1)[:height, :width]
    return image, disparity.astype(np.float32)


def measure_layers(layers: int, rounds: int) -> Iterator[tuple[str, float]]:
    """Renderers and their ms, all threads together, for a mosaic of so many layers behind the focal plane."""
    image, radius = boards(layers)
    lens = Lens(aperture=1.0, max_radius_px=RADIUS_PX, highlights=0.0)
    works = {
        name: partial(renderer.render, image, 40 - radius, 40.0, replace(lens, quality=quality), None)
        for name, (renderer, quality) in contenders(SIZE, definition=False).items()
    }
    for name, times in timed_in_turns(works, rounds).items():
        yield name, median(cpu for _, cpu in times)


def measured(rounds: int) -> Iterator[tuple[str, float, str, float]]:
    """Panel, place in it, renderer and ms."""
    for record in measure(SIZE, rounds, False, RADII_PX):
        yield "radius", record["radius_px"], record["renderer"], record["cpu_ms"]
    for size in SIZES:
        for record in measure(size, rounds, False, (RADIUS_PX,)):
            yield "size", round(size[0] * size[1] / 1e6, 2), record["renderer"], record["cpu_ms"]
    for layers in LAYERS:
        for name, spent in measure_layers(layers, rounds):
            yield "layers", layers, name, spent


def main() -> None:
    """Print the table; write the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="turns that each renderer takes (default 5)")
    parser.add_argument("--plot", type=Path, help="write the plot to this SVG file")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    lines: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for panel, place, name, spent in measured(options.rounds):
        print(f"{panel:>8} {place:>6g} {name:>10} {spent:8.1f} ms, all threads together", flush=True)
        lines.setdefault(panel, {}).setdefault(name, []).append((place, spent))
    if options.plot:
        size = "x".join(map(str, SIZE))
        panels = (
            Panel(f"{size}, a street", "largest blur radius, px", lines["radius"]),
            Panel(f"radius {RADIUS_PX:g}, a street", "megapixels", lines["size"]),
            Panel(f"radius 4 to {RADIUS_PX:g}, {size}", "layers of depth", lines["layers"]),
        )
        options.plot.write_text(svg(panels, "processor time, ms", *ENDS_MS), encoding="utf-8")


if __name__ == "__main__":
    main()
