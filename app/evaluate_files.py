"""The files that every `run_app.py evaluate` can write beside its table."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from sterefo_core.evaluation.records import Record, as_csv, as_json
from sterefo_core.part_file import part_file, writing


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
