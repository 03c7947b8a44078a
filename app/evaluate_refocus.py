"""`run_app.py evaluate refocus`: refocused pictures against the true lens, or against the true disparity."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import numpy as np
from platformdirs import user_cache_dir
from tqdm import tqdm

from app import arguments
from app.compared_renderers import RENDERERS, make_compared
from app.evaluate_options import add_files, add_pairs, evenly_spread, report_files
from app.export_command import PROGRESS
from sterefo_core.depth import ENGINES, OWN_WEIGHTS
from sterefo_core.evaluation.focus_planes import PLANES, focus_plane_cases
from sterefo_core.evaluation.refocus_report import case_section, refocus_report
from sterefo_core.evaluation.refocus_scores import Grouping, evaluate_refocus, score_cells, score_rows
from sterefo_core.evaluation.report import Section, text_table
from sterefo_core.evaluation.thin_lens import FOCUSES, RADII_PX, RefocusCase, thin_lens_cases
from sterefo_core.learning.datasets import open_labelled
from sterefo_core.refocus import make_renderer
from sterefo_core.scenes.studies import KINDS

_PICTURED = 12  # cases in the report
_WITHOUT_TRUTH = ("unprocessed", "sgm", "guided", "net")  # given the truth, the program is what it is compared with


def add_refocus(subjects: argparse._SubParsersAction) -> None:
    """Add the subject to the command line."""
    refocus = subjects.add_parser(
        "refocus",
        help="refocused pictures against the true lens",
        description="Score the refocusing against pictures that hundreds of rays through a true lens have made of "
        "rendered scenes: PSNR in dB, SSIM, FLIP (lower is better). Truths are kept for the next time. With --data, "
        "against the same renderer on true disparity instead, focused on six planes: the paper's protocol.",
    )
    refocus.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND",
        help=f"of scenes: {', '.join(KINDS)} (default: all)",
    )  # fmt: skip
    arguments.add_seeds(refocus, [0], "scenes of each kind")
    arguments.add_size(refocus)
    refocus.add_argument("--data", nargs="+", metavar="FOLDER", help="data sets with true disparity, or 'synthetic'")
    add_pairs(refocus)
    refocus.add_argument(
        "--renderers", nargs="+", type=_renderer, metavar="NAME",
        help=f"{', '.join(RENDERERS)} (default: these), or the program with the disparity of {', '.join(ENGINES)} or "
        f"{OWN_WEIGHTS}FILE (default with --data: {' '.join(_WITHOUT_TRUTH)})",
    )  # fmt: skip
    refocus.add_argument(
        "--lpips", nargs=2, type=Path, metavar=("ALEXNET", "LINEAR"),
        help="score LPIPS, too, with your weights: alexnet-owt-7be5be79.pth of torchvision and alex.pth of lpips",
    )  # fmt: skip
    refocus.add_argument("--crops", type=Path, metavar="FOLDER", help="write the worst place of each picture there")
    add_files(refocus)
    refocus.set_defaults(run=run_refocus)


def run_refocus(given: argparse.Namespace) -> int:
    """Print the scores by region, kind, focus and radius."""
    names = given.renderers or (_WITHOUT_TRUTH if given.data else RENDERERS)
    renderers = {name: make_compared(name) for name in names}
    count, cases = _cases(given)
    sections: list[Section] = []
    shown = set(evenly_spread(count, _PICTURED) if given.html else ())
    turns = iter(range(count))

    def keep(case: RefocusCase, pictures: Mapping[str, np.ndarray]) -> None:
        progress.update()
        if next(turns) in shown:
            sections.append(case_section(case, pictures))

    with report_files(given) as write:
        with tqdm(total=count, **PROGRESS) as progress:
            scores = evaluate_refocus(renderers, cases, given.crops, lpips=_lpips(given.lpips), pictured=keep)
        for by in get_args(Grouping):
            print(text_table(score_cells(scores, by)), end="\n\n")
        write(score_rows(scores), lambda: refocus_report(scores, sections))
    return 0


def _renderer(text: str) -> str:
    return text if text in RENDERERS else arguments.engine(text)


def _cases(given: argparse.Namespace) -> tuple[int, Iterator[RefocusCase]]:
    """How many cases there are at most, and they themselves."""
    if given.data:
        return _data_cases(given.data, given.pairs)
    cache = Path(user_cache_dir("sterefo", appauthor=False)) / "thin_lens"
    cases = thin_lens_cases(given.size, kinds=tuple(given.kinds), seeds=tuple(given.seeds), cache=cache)
    return len(given.kinds) * len(given.seeds) * len(FOCUSES) * len(RADII_PX), cases


def _data_cases(addresses: list[str], pairs: int | None) -> tuple[int, Iterator[RefocusCase]]:
    sets = [(samples, evenly_spread(len(samples), pairs)) for samples in map(open_labelled, addresses)]
    renderer = make_renderer("cpu")
    cases = (case for samples, indices in sets for case in focus_plane_cases(samples, indices, renderer))
    return PLANES * sum(len(indices) for _, indices in sets), cases


def _lpips(files: list[Path] | None):
    if files is None:
        return None
    from sterefo_core.evaluation.lpips import Lpips  # imports torch

    return Lpips(*files)
