"""`run_app.py evaluate speed`: milliseconds a frame."""

from __future__ import annotations

import argparse

from app import arguments
from app.evaluate_options import add_files, named_engine, report_files
from sterefo_core.depth import ENGINES
from sterefo_core.evaluation.report import Section, html_report, text_table
from sterefo_core.evaluation.speed import evaluate_speed, frame_of_size, speed_cells, speed_rows
from sterefo_core.protocols import DepthEngine
from sterefo_core.refocus import make_renderer

PAPER, CAPTURED = "paper", "net-captured"


def add_speed(subjects: argparse._SubParsersAction) -> None:
    """Add the subject to the command line."""
    speed = subjects.add_parser(
        "speed",
        help="time for a frame: depth, refocusing and both",
        description="Time depth engines, each followed by refocusing, on a synthetic pair: medians of rounds in which "
        "they take turns, warmed up, and synchronised on CUDA. Also parameters and arithmetic of networks.",
    )
    speed.add_argument(
        "--engines", default=",".join(ENGINES), metavar="NAMES",
        help=f"with commas between (default: %(default)s); '{PAPER}' is the paper's network, with random weights, "
        f"'{CAPTURED}' is 'net' replayed as a CUDA graph",
    )  # fmt: skip
    arguments.add_size(speed)
    speed.add_argument("--rounds", type=arguments.count, default=5, metavar="N", help="default: %(default)s")
    arguments.add_device(speed)
    add_files(speed)
    speed.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print the table and write the files that were asked for."""
    engines = {name: _engine(name, given.device) for name in given.engines.split(",")}
    with report_files(given) as write:
        scores = evaluate_speed(engines, make_renderer(given.device), frame_of_size(*given.size), given.rounds)
        cells = speed_cells(scores)
        print(text_table(cells))
        title = "Speed at {}x{}".format(*given.size)
        write(speed_rows(scores), lambda: html_report(title, [Section("Time for a frame", cells)]))
    return 0


def _engine(name: str, device: str) -> DepthEngine:
    if name not in (PAPER, CAPTURED):
        return named_engine(name, device)
    from sterefo_core.depth.learned import LearnedDepth, load_network
    from sterefo_core.depth.paper_network import PaperNetwork

    return LearnedDepth(load_network() if name == CAPTURED else PaperNetwork(), device, captured=name == CAPTURED)
