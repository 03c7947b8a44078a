"""Speed of the whole way of a frame beside yardsticks: `python -m benchmarks.way [--data SEQUENCE --track F:x,y,w,h]`.

The demo, drawn at 1242x375 and kept as pairs of PNG, and a sequence of yours. In a round the stages and the yardsticks
take turns on every frame; then the whole way, the window's preview and an export play these frames. A first round warms
up. Figures are the quarter, the median and three quarters; ratios are of one round, for those hold on a busy machine.

    decode .. hand-over  the stages alone, one after the other
    CSRT                 an update of OpenCV's CSRT on the same box: the yardstick of the whole way
    StereoSGBM           OpenCV's, at full size
    paper                the paper's refocusing: in torch where there is CUDA
    copy                 a pair to the CUDA device and a picture back, from and to pinned memory
    whole way            `Pipeline.run` with default settings in preview quality, every picture handed over
    preview              the window's thread, playing every frame in full size as fast as it can
    delay                of the preview, from asking for a frame to handing it over
    export               to H.264, in final quality

Periods are from the first picture to the last that still had a frame ahead of it to be looked at.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from app import arguments
from app.mailbox import Mailbox
from app.plates import plate
from app.preview_state import PreviewLook
from app.workshop import make_pipeline, open_project
from benchmarks.machine import line, machine, spread
from benchmarks.stages import STAGES, YARDSTICKS, Turns
from benchmarks.window_thread import period_ms, played_by_the_window
from sterefo_core.export import ExportSettings, export
from sterefo_core.picture_writer import PictureWriter
from sterefo_core.project import Project
from sterefo_core.sources import open_source
from sterefo_core.sources.synthetic import SyntheticSource
from sterefo_core.types import Follow, Quality

SIZE = (1242, 375)
GOAL, BEST, LONGEST_DELAY = 2.0, 1.2, 3.0
"""Period of the whole way in updates of CSRT: to be reached, and splendid. Delay in periods of the preview."""
WAYS = ("whole way", "preview", "delay", "export")


@contextmanager
def drawn_demo(frames: int) -> Iterator[tuple[str, Follow]]:
    """The address of the demo as two folders of pictures of `SIZE`, and the pedestrian."""
    demo = SyntheticSource(SIZE, frames)
    with TemporaryDirectory() as folder:
        eyes = Path(folder, "left"), Path(folder, "right")
        for eye in eyes:
            eye.mkdir()
        left, right = (PictureWriter(eye) for eye in eyes)
        for index in range(frames):
            frame = demo.read(index)
            left.write(frame.left, index)
            right.write(frame.right, index)
        yield ",".join(map(str, eyes)), Follow(0, demo.subject.box)


def whole_way(project: Project) -> tuple[float, float]:
    """Period of a frame in ms, and how many cores were busy."""
    mailbox: Mailbox[object] = Mailbox(lambda: None)
    with closing(open_project(project)) as source, make_pipeline(source, project) as pipeline:
        came = []
        for done in pipeline.run(project):
            mailbox.put(plate(done, 0.0, PreviewLook(), project))
            came.append((perf_counter(), process_time()))
    walls_s, cpus_s = zip(*came, strict=True)
    return period_ms(walls_s, project), period_ms(cpus_s, project) / period_ms(walls_s, project)


def exported(project: Project) -> float:
    """Period of a frame in ms."""
    came: list[float] = []
    with (
        TemporaryDirectory() as folder,
        closing(open_project(project)) as source,
        make_pipeline(source, project) as pipeline,
    ):
        export(
            source, project, pipeline, ExportSettings(Path(folder, "way.mp4")), lambda _: came.append(perf_counter())
        )
    return period_ms(came, project)


def measure(project: Project, follow: Follow, rounds: int) -> dict:
    """The record of one sequence: size and frames, ms by name as `spread`, ratios and cores as medians of rounds."""
    ms, per_round = dict[str, list[float]](), []
    with closing(open_source(project.source, project.layout)) as source:
        frames, size = project.range_in(source), source.size
        for turn in range(rounds + 1):
            turns = Turns(source, _preview(project), follow)
            alone = [turns.on(index) for index in frames]
            period, cores = whole_way(_preview(project))
            shown, delay = played_by_the_window(_preview(project))
            written = exported(project)
            if turn == 0:
                continue
            for name in (*STAGES, *YARDSTICKS):
                ms.setdefault(name, []).extend(times[name] for times in alone if name in times)
            for name, value in zip(WAYS, (period, shown, delay, written), strict=True):
                ms.setdefault(name, []).append(value)
            csrt = median(times["CSRT"] for times in alone if "CSRT" in times)
            per_round.append((period / csrt, cores, delay / shown, written / shown))
    names = ("csrt_updates", "cores", "delay_periods", "export_to_preview")
    figures = {name: round(median(of_all), 2) for name, of_all in zip(names, zip(*per_round, strict=True), strict=True)}
    return {"size": size, "frames": len(frames), "ms": {n: spread(v) for n, v in ms.items() if v}, **figures}


def table(name: str, record: dict) -> Iterator[str]:
    """The lines of one sequence."""
    width, height = record["size"]
    yield f"{name}, {width}x{height}, {record['frames']} frames"
    for part, (low, middle, high) in record["ms"].items():
        yield f"  {part:12} {middle:8.1f} ms  ({low:.1f} .. {high:.1f})"
    rate, updates = 1000 / record["ms"]["whole way"][1], record["csrt_updates"]
    yield f"  whole way {rate:.1f} frames/s on {record['cores']:.2f} cores: {updates:.2f} updates of CSRT a frame"
    yield f"  goal {GOAL:g} ({_met(updates <= GOAL)}), splendid {BEST:g} ({_met(updates <= BEST)})"
    delay, export_share = record["delay_periods"], record["export_to_preview"]
    yield f"  delay {delay:.2f} periods of {LONGEST_DELAY:g} ({_met(delay <= LONGEST_DELAY)})"
    yield f"  export takes {export_share:.2f} of the preview's time ({_met(export_share <= 1)})"


def _met(reached: bool) -> str:
    return "met" if reached else "not met"


def _preview(project: Project) -> Project:
    return replace(project, lens=replace(project.lens, quality=Quality.PREVIEW))


def _ranged(project: Project, frames: int) -> Project:
    with closing(open_project(project)) as source:
        return replace(project, last_frame=min(frames, len(source)) - 1)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="a sequence to play, too, such as KITTI's")
    parser.add_argument("--track", type=arguments.track, help="the object to follow in it, F:x,y,w,h")
    parser.add_argument("--frames", type=int, default=20, help="frames to play (default 20)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to time (default 5)")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    if (options.data is None) != (options.track is None):
        parser.error("--data and --track go together")
    facts = machine("numpy", "opencv-contrib-python", "numba", "torch", "av")
    print(line(facts))
    records = {}
    with drawn_demo(options.frames) as demo:
        sequences = {"demo": demo}
        if options.data:
            sequences[Path(options.data).name] = options.data, options.track
        for name, (address, follow) in sequences.items():
            project = _ranged(Project(address, decisions=(follow,)), options.frames)
            records[name] = measure(project, follow, options.rounds)
            print("\n".join(table(name, records[name])), flush=True)
    if options.json:
        options.json.write_text(json.dumps({**facts, "rounds": options.rounds, "results": records}, indent=1))


if __name__ == "__main__":
    main()
