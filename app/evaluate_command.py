"""`run_app.py evaluate`: figures against the truth."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path

import cv2
from platformdirs import user_cache_dir
from tqdm import tqdm

from app import arguments
from app.compared_renderers import FROM_STEREO, RENDERERS
from app.evaluate_calibration import add_calibration
from app.evaluate_speed import add_speed
from app.evaluate_stereo import add_stereo
from app.export_command import PROGRESS
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
from sterefo_core.evaluation.refocus_scores import evaluate_refocus, score_table, scores_json
from sterefo_core.evaluation.thin_lens import FOCUSES, RADII_PX, thin_lens_cases
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
from sterefo_core.part_file import part_file, writing
from sterefo_core.pipeline import Pipeline
from sterefo_core.scenes.studies import KINDS
from sterefo_core.sources import open_source
from trackers import NETWORKS, TRACKERS, make_tracker

RENDERED = "rendered"
LENSES = len(FOCUSES) * len(RADII_PX)
"""Pictures of each scene."""


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
    focus.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="which rendered scenes of each kind")
    focus.add_argument("--depth", default="sgm", metavar="ENGINE")
    focus.set_defaults(run=run_focus)
    add_stereo(subjects)
    add_speed(subjects)
    add_calibration(subjects)
    _add_refocus(subjects)
    _add_tracking(subjects)


def _add_refocus(subjects: argparse._SubParsersAction) -> None:
    refocus = subjects.add_parser(
        "refocus",
        help="refocused pictures against the true lens",
        description="Score the refocusing against pictures that hundreds of rays through a true lens have made of "
        "rendered scenes: PSNR in dB, SSIM, FLIP (lower is better). Truths are kept for the next time.",
    )
    refocus.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="kinds of scene")
    refocus.add_argument("--seeds", nargs="+", type=int, default=[0], help="which scenes of each kind")
    refocus.add_argument("--size", type=arguments.size, default=(1242, 375), metavar="WxH")
    refocus.add_argument("--renderers", nargs="+", choices=[*RENDERERS, *FROM_STEREO], default=list(RENDERERS))
    refocus.add_argument("--crops", type=Path, metavar="FOLDER", help="write the worst place of each picture there")
    refocus.add_argument("--json", type=Path, metavar="FILE", help="write every score there")
    refocus.set_defaults(run=run_refocus)


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
        help=", ".join([*TRACKERS, *NETWORKS.values()]),
    )  # fmt: skip
    tracking.add_argument("--seeds", nargs="+", type=int, default=[0, 1], help="which rendered scenes of each kind")
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


def run_refocus(given: argparse.Namespace) -> int:
    """Print the scores by region, kind, focus and radius."""
    cache = Path(user_cache_dir("sterefo", appauthor=False)) / "thin_lens"
    cases = thin_lens_cases(given.size, kinds=tuple(given.kinds), seeds=tuple(given.seeds), cache=cache)
    renderers = {name: (RENDERERS | FROM_STEREO)[name]() for name in given.renderers}
    with tqdm(total=len(renderers) * len(given.kinds) * len(given.seeds) * LENSES, **PROGRESS) as progress:
        scores = evaluate_refocus(renderers, cases, given.crops, lambda text: progress.update() and None)
    for by in ("region", "kind", "focus", "radius_px"):
        print(score_table(scores, by), end="\n\n")
    if given.json:
        with part_file(given.json) as part, writing(given.json):
            part.write_text(scores_json(scores), encoding="utf-8")
    return 0
