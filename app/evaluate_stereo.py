"""`run_app.py evaluate stereo`: depth engines against true disparities."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from tqdm import tqdm

from app import arguments
from app.evaluate_options import add_files, add_pairs, evenly_spread, named_engine, report_files
from app.export_command import PROGRESS
from sterefo_core.depth import ENGINES, REFOCUSING
from sterefo_core.evaluation.baselines import BASELINES
from sterefo_core.evaluation.report import Section, text_table
from sterefo_core.evaluation.stereo_evaluation import (
    EngineScores,
    evaluate_stereo,
    scores_cells,
    scores_rows,
)
from sterefo_core.evaluation.stereo_report import pair_section, stereo_report
from sterefo_core.learning.datasets import Samples, open_labelled
from sterefo_core.learning.samples import StereoSample
from sterefo_core.types import DisparityMap

_PICTURED = 4  # pairs of each data set in the report


def add_stereo(subjects: argparse._SubParsersAction) -> None:
    """Add the subject to the command line."""
    stereo = subjects.add_parser(
        "stereo",
        help="disparities against true ones",
        description="Score depth engines: EPE, bad-1, bad-2, bad-3, D1 (errors above 3 px and 5 %), split by "
        "occlusion, foreground and nearness to depth edges; density, and time for a pair. Disparities are clipped to "
        "0..192 px first.",
    )
    stereo.add_argument(
        "--data", nargs="+", required=True, metavar="FOLDER",
        help="SceneFlow, KITTI stereo, Cityscapes or Middlebury folders, or 'synthetic'",
    )  # fmt: skip
    every = ",".join(name for name in (*ENGINES, *BASELINES) if name not in REFOCUSING)
    stereo.add_argument("--engines", default=every, metavar="NAMES", help=f"with commas between (default: {every})")
    arguments.add_device(stereo, "cpu")
    add_pairs(stereo)
    add_files(stereo)
    stereo.set_defaults(run=run_stereo)


def run_stereo(given: argparse.Namespace) -> int:
    """Print the table and write the files that were asked for."""
    engines = {name: named_engine(name, given.device) for name in given.engines.split(",")}
    scores: list[EngineScores] = []
    sections: list[Section] = []
    sets = [open_labelled(address) for address in given.data]
    with report_files(given) as write:
        for samples in sets:
            indices = evenly_spread(len(samples), given.pairs)
            shown = set(evenly_spread(len(indices), _PICTURED) if given.html else ())
            with tqdm(total=len(indices), **PROGRESS) as progress:
                scores += evaluate_stereo(engines, samples, indices, _keeper(samples, shown, sections, progress))
        print(text_table(scores_cells(scores)))
        write(scores_rows(scores), lambda: stereo_report(scores, sections))
    return 0


def _keeper(samples: Samples, shown: set[int], sections: list[Section], progress: tqdm):
    """What puts the pairs at some places of the evaluation into the report."""
    turns = iter(range(len(samples)))

    def keep(index: int, sample: StereoSample, maps: Mapping[str, DisparityMap]) -> None:
        progress.update()
        if next(turns) in shown:
            sections.append(pair_section(f"{samples.name}, pair {index}", sample, maps))

    return keep
