"""`run_app.py evaluate calibration`: rendered sessions with known cameras."""

from __future__ import annotations

import argparse

from app import arguments
from sterefo_core.evaluation.calibration_scores import calibration_table, evaluate_calibration


def add_calibration(subjects: argparse._SubParsersAction) -> None:
    """Add the subject to the command line."""
    calibration = subjects.add_parser(
        "calibration",
        help="calibrations against the true cameras",
        description="Render calibration sessions of 18 views through two known lenses, with two views shaken and two "
        "out of step, calibrate from them, and compare what is found with what is true.",
    )
    arguments.add_seeds(calibration, [0, 1, 2], "sessions")
    arguments.add_size(calibration, "1280x720")
    calibration.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print a row for each session."""
    print(calibration_table([evaluate_calibration(given.size, seed) for seed in given.seeds]))
    return 0
