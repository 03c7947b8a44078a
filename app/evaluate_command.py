"""`run_app.py evaluate`: figures against the truth."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path

import cv2

from app import arguments
from app.evaluate_calibration import add_calibration
from app.evaluate_refocus import add_refocus
from app.evaluate_speed import add_speed
from app.evaluate_stereo import add_stereo
from sterefo_core.depth import make_depth_engine
from sterefo_core.errors import SourceError
from sterefo_core.evaluation.focus_scores import (
    Unrendered,
    follow_object,
    followed_table,
    measure_objects,
    measure_rendered,
    measured_table,
)
from sterefo_core.evaluation.tracking_report import tracking_summary, tracking_table
from sterefo_core.evaluation.tracking_scenes import KINDS as MOTIONS
from sterefo_core.evaluation.tracking_scenes import rendered_sequence
from sterefo_core.evaluation.tracking_scores import evaluate_tracking
from sterefo_core.evaluation.tracking_sequences import (
    TrackingSequence,
    drawn_sequences,
    labelled_sequences,
    otb_sequence,
)
from sterefo_core.pipeline import Pipeline
from sterefo_core.sources import open_source
from trackers import NETWORKS, TRACKERS, make_tracker

RENDERED = "rendered"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `evaluate` and its subjects to the command line."""
    parser = commands.add_parser("evaluate", help="print figures against the truth", description="Figures, measured.")
    subjects = parser.add_subparsers(title="subjects", dest="subject", metavar="SUBJECT", required=True)
    focus = subjects.add_parser(
        "focus",
        help="focus and tracked box against true boxes and disparity",
        description="Measure the focus in every true box; follow the objects of the first frame where it is a video.",
    )
    focus.add_argument("address", help=f"'demo', a KITTI stereo folder with its truth, or '{RENDERED}' scenes")
    arguments.add_seeds(focus, [0, 1, 2], "rendered scenes of each kind")
    focus.add_argument("--depth", default="sgm", metavar="ENGINE", help="as export takes it (default: %(default)s)")
    focus.set_defaults(run=run_focus)
    add_stereo(subjects)
    add_speed(subjects)
    add_calibration(subjects)
    add_refocus(subjects)
    _add_tracking(subjects)


def _add_tracking(subjects: argparse._SubParsersAction) -> None:
    tracking = subjects.add_parser(
        "tracking",
        help="trackers against true boxes",
        description="Compare trackers on rendered scenes with exact truth, KITTI tracking and OTB-style folders.",
    )
    tracking.add_argument(
        "addresses", nargs="*", default=[RENDERED], help=f"folders, or drawn boxes *.json (default: {RENDERED})"
    )
    tracking.add_argument(
        "--trackers", nargs="+", type=arguments.tracker, default=["opencv-csrt", "stereo"], metavar="NAME",
        help=f"{', '.join([*TRACKERS, *NETWORKS.values()])} (default: opencv-csrt stereo)",
    )  # fmt: skip
    arguments.add_seeds(tracking, [0, 1], "rendered scenes of each kind")
    tracking.set_defaults(run=run_tracking)


def run_tracking(given: argparse.Namespace) -> int:
    """Print a row for each tracker and sequence, and their means."""
    cv2.setNumThreads(1)  # CSRT takes twice the processor time with two
    makers = {name: partial(make_tracker, name) for name in given.trackers}
    sequences = chain.from_iterable(_sequences(address, given.seeds) for address in given.addresses)
    scores = evaluate_tracking(makers, sequences, make_depth_engine("sgm"))
    if not scores:
        raise SourceError("there is no object with true boxes to follow: give KITTI tracking or OTB-style folders")
    print(f"{tracking_table(scores)}\n\n{tracking_summary(scores)}")
    return 0


def _sequences(address: str, seeds: list[int]) -> Iterator[TrackingSequence]:
    if address == RENDERED:
        yield from (rendered_sequence(kind, seed) for kind in MOTIONS for seed in seeds)
    elif address.endswith(".json"):
        yield from drawn_sequences(Path(address))
    elif (Path(address) / "groundtruth_rect.txt").is_file():
        yield otb_sequence(Path(address))
    else:
        with closing(open_source(address)) as source:
            yield from labelled_sequences(source)


def run_focus(given: argparse.Namespace) -> int:
    """Print how well the focus finds its objects."""
    if given.address == RENDERED:
        print(measured_table(list(measure_rendered(given.seeds, make_depth_engine(given.depth)))))
        return 0
    with closing(open_source(given.address)) as source:
        depth = make_depth_engine(given.depth)
        rows = list(measure_objects(source, depth))
        if not rows:
            raise SourceError(f"{given.address} has no true boxes with true disparity: try demo, or KITTI stereo 2015")
        print(measured_table(rows))
        later = {label.object_id for index in range(1, len(source)) for label in source.truth(index).boxes}
        for label in source.truth(0).boxes:
            if label.object_id in later:
                with Pipeline(source, depth, Unrendered(), make_tracker) as pipeline:
                    print(followed_table(list(follow_object(source, pipeline, label))))
    return 0
