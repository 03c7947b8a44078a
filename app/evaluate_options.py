"""The options that subjects of `run_app.py evaluate` share, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from app import arguments
from sterefo_core.depth import make_depth_engine
from sterefo_core.evaluation.baselines import BASELINES, OpenCvDepth
from sterefo_core.evaluation.records import Record, as_csv, as_json
from sterefo_core.part_file import part_file, writing
from sterefo_core.protocols import DepthEngine


def named_engine(name: str, device: str) -> DepthEngine:
    """A depth engine, or what it is compared with. Raises SterefoError where there is none of this name."""
    return OpenCvDepth(filtered=name == "opencv-wls") if name in BASELINES else make_depth_engine(name, device)


def add_pairs(parser: argparse.ArgumentParser) -> None:
    """Add `--pairs`, None for all."""
    about = "at most so many of each data set, evenly spread"
    parser.add_argument("--pairs", type=arguments.count, metavar="N", help=about)


def evenly_spread(count: int, most: int | None) -> list[int]:
    """At most so many numbers below `count`, evenly spread."""
    return sorted(set(np.linspace(0, count - 1, min(count, most or count)).round().astype(int).tolist()))


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add `--json`, `--csv` and `--html`."""
    for kind, what in (("json", "every score"), ("csv", "every score"), ("html", "a report")):
        parser.add_argument(f"--{kind}", type=Path, metavar="FILE", help=f"write {what} there")


def write_files(given: argparse.Namespace, records: Sequence[Record], report: Callable[[], str]) -> None:
    """Write those that were asked for, each whole or not at all."""
    for path, text in (
        (given.json, lambda: as_json(records)),
        (given.csv, lambda: as_csv(records)),
        (given.html, report),
    ):
        if path:
            with part_file(path) as part, writing(path):
                part.write_text(text(), encoding="utf-8")
