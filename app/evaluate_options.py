"""The options that subjects of `run_app.py evaluate` share, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
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


@contextmanager
def report_files(given: argparse.Namespace) -> Iterator[Callable[[Sequence[Record], Callable[[], str]], None]]:
    """What writes those that were asked for, each whole or not at all, from records and a maker of the report.

    Raises ExportError where one cannot be written: at once, not after the minutes that measuring takes.
    """
    paths = {kind: getattr(given, kind) for kind in ("json", "csv", "html") if getattr(given, kind)}
    with ExitStack() as stack:
        parts = {kind: stack.enter_context(part_file(path)) for kind, path in paths.items()}

        def write(records: Sequence[Record], report: Callable[[], str]) -> None:
            texts = {"json": lambda: as_json(records), "csv": lambda: as_csv(records), "html": report}
            for kind, part in parts.items():
                with writing(paths[kind]):
                    part.write_text(texts[kind](), encoding="utf-8")

        yield write
