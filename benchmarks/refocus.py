"""Speed of refocusing on the CPU: `python -m benchmarks.refocus`, beside the paper's algorithm and the definition.

Renderers take turns on every picture; a time is the median over the turns, a ratio the median of each turn's ratios,
for ratios hold on a busy machine. `--json FILE` keeps the figures. `cpu` is the time of all threads together.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np

from benchmarks.machine import line, machine
from sterefo_core.colour import srgb_from_linear
from sterefo_core.evaluation.thin_lens import focus_disparities
from sterefo_core.protocols import Renderer
from sterefo_core.refocus.cpu import CpuRenderer
from sterefo_core.refocus.cpu_plan import plan_for
from sterefo_core.refocus.paper import PaperRenderer
from sterefo_core.refocus.renderer import DefinitionRenderer
from sterefo_core.scenes.layers import RIGHT_EYE, render_left, render_view
from sterefo_core.scenes.studies import study_scene
from sterefo_core.types import Lens, Quality

SIZES = ((640, 192), (1242, 375), (1920, 1080))
RADII_PX = (4.0, 8.0, 12.0, 25.0)
KIND = "street"  # a ground plane, so that every radius occurs, with objects before it
YARDSTICK = "paper"
_DEFINITION_UP_TO = 1242 * 375  # it takes seconds for a larger picture


def contenders(size: tuple[int, int], definition: bool) -> dict[str, tuple[Renderer, Quality]]:
    """Renderers by name, each with the quality that it is asked for."""
    fast = CpuRenderer()
    found: dict[str, tuple[Renderer, Quality]] = {
        YARDSTICK: (PaperRenderer(), Quality.FINAL),
        "preview": (fast, Quality.PREVIEW),
        "final": (CpuRenderer(), Quality.FINAL),
    }
    if definition and size[0] * size[1] <= _DEFINITION_UP_TO:
        found["definition"] = (DefinitionRenderer("cpu"), Quality.FINAL)
    return found


def measure(
    size: tuple[int, int], rounds: int, definition: bool, radii_px: Sequence[float] = RADII_PX
) -> Iterator[dict]:
    """A record for every radius and renderer: median ms, cpu ms, and how many times faster than the paper's it is."""
    scene = study_scene(KIND, size, 0)
    view, right = render_left(scene, size), srgb_from_linear(render_view(scene, RIGHT_EYE, size))
    image, plane = srgb_from_linear(view.image), focus_disparities(view)["middle"]
    aperture_of_1px = 1 / float(np.abs(view.disparity - plane).max())
    renderers = contenders(size, definition)
    for radius in radii_px:
        lens = Lens(aperture=radius * aperture_of_1px, max_radius_px=radius)
        works = {
            name: partial(renderer.render, image, view.disparity, plane, replace(lens, quality=quality), right)
            for name, (renderer, quality) in renderers.items()
        }
        times = timed_in_turns(works, rounds)
        for name, spent in times.items():
            speedups = [ours[0] / theirs[0] for ours, theirs in zip(times[YARDSTICK], spent, strict=True)]
            yield {
                "size": size,
                "radius_px": radius,
                "slices": len(plan_for(radius, Quality.FINAL).low),
                "renderer": name,
                "ms": round(median(wall for wall, _ in spent), 1),
                "cpu_ms": round(median(cpu for _, cpu in spent), 1),
                "times_faster": round(median(speedups), 2),
            }


def timed_in_turns(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds, by the clock and of all threads together, of every turn of every work; a first turn warms up."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            wall, cpu = perf_counter(), process_time()
            work()
            if turn:
                times[name].append((1000 * (perf_counter() - wall), 1000 * (process_time() - cpu)))
    return times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="turns that each renderer takes (default 7)")
    parser.add_argument("--no-definition", action="store_true", help="leave the slow definition out")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    facts = machine("numba", "numpy", "torch")
    print(line(facts))
    print(
        f"{'size':>10} {'radius':>6} {'slices':>6} {'renderer':>10} {'ms':>8} {'cpu ms':>8} {'x faster than paper':>20}"
    )
    records = []
    for size in SIZES:
        shape = "x".join(map(str, size))
        for record in measure(size, options.rounds, not options.no_definition):
            records.append(record)
            print(
                f"{shape:>10} {record['radius_px']:6g} {record['slices']:6} {record['renderer']:>10} "
                f"{record['ms']:8.1f} {record['cpu_ms']:8.1f} {record['times_faster']:20.1f}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps({**facts, "results": records}, indent=1))


if __name__ == "__main__":
    main()
