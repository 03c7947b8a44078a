"""`run_app.py info`: what a source is, without rendering anything."""

from __future__ import annotations

import argparse
from contextlib import closing

from app import arguments
from sterefo_core import optics
from sterefo_core.protocols import Source
from sterefo_core.sources import open_source


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `info` to the command line."""
    parser = commands.add_parser("info", help="say what an address holds", description="Say what an address holds.")
    parser.add_argument("address", help="'demo', a data folder, a stereo video, or LEFT,RIGHT")
    arguments.add_layout(parser)
    parser.set_defaults(run=run, layout="auto")


def run(given: argparse.Namespace) -> int:
    """Print one fact a line."""
    with closing(open_source(given.address, given.layout)) as source:
        for name, value in describe(source):
            print(f"{name:<12} {value}")
    return 0


def describe(source: Source) -> list[tuple[str, str]]:
    """Names and values, as a person reads them; metres are "-" without a calibration. Raises for a bad first frame."""
    source.read(0)
    last_s = source.timestamp_s(len(source) - 1)
    rate = f"{(len(source) - 1) / last_s:.2f} frames/s" if last_s > 0 else "-"
    truth = source.truth(0)
    known = [name for name, value in (("disparity", truth.disparity), ("boxes", truth.boxes)) if value]
    return [
        ("source", source.name),
        ("kind", source.kind),
        ("frames", f"{len(source)}, 0..{len(source) - 1}"),
        ("size", "{}x{} px".format(*source.size)),
        ("duration", f"{last_s:.3f} s, {rate}"),
        *_calibration_rows(source),
        ("truth", " and ".join(known) or "-"),
        ("audio", str(source.audio) if source.audio else "-"),
    ]


def _calibration_rows(source: Source) -> list[tuple[str, str]]:
    calibration = source.calibration
    if calibration is None:
        return [("calibration", "- (distances in px of disparity only)")]
    metres = optics.metres_from_disparity(10.0, calibration)
    return [
        ("calibration", f"focal length {calibration.focal_px:.2f} px, baseline {calibration.baseline_m:.4f} m"),
        ("distance", f"10 px of disparity is {metres:.2f} m"),
    ]
