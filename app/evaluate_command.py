"""`run_app.py evaluate`: figures against the truth."""

from __future__ import annotations

import argparse
from contextlib import closing

from sterefo_core.depth import make_depth_engine
from sterefo_core.errors import SourceError
from sterefo_core.evaluation.focus_scores import (
    Unrendered,
    follow_object,
    followed_table,
    measure_objects,
    measured_table,
)
from sterefo_core.pipeline import Pipeline
from sterefo_core.sources import open_source
from trackers import make_tracker


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `evaluate` and its subjects to the command line."""
    parser = commands.add_parser("evaluate", help="print figures against the truth", description="Figures, measured.")
    subjects = parser.add_subparsers(title="subjects", metavar="", required=True)
    focus = subjects.add_parser(
        "focus",
        help="focus and tracked box against true boxes and disparity",
        description="Measure the focus in every true box; follow the objects of the first frame where it is a video.",
    )
    focus.add_argument("address", help="'demo', or a KITTI stereo folder with its truth")
    focus.add_argument("--depth", default="sgm", metavar="ENGINE")
    focus.set_defaults(run=run_focus)


def run_focus(given: argparse.Namespace) -> int:
    """Print how well the focus finds its objects."""
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
