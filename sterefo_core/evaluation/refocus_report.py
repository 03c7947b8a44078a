"""The report of `refocus_scores`: its tables, and of some cases the input, the truth, the pictures and differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import cv2
import numpy as np

from sterefo_core.colour import disparity_colours, srgb_from_linear
from sterefo_core.evaluation.refocus_scores import Grouping, RefocusScore, score_cells
from sterefo_core.evaluation.report import Figure, Section, html_report
from sterefo_core.evaluation.thin_lens import RefocusCase

_DIFFERENCE_GAIN = 4


def case_section(case: RefocusCase, pictures: Mapping[str, np.ndarray]) -> Section:
    """Input, disparity and truth of one case, and each renderer's picture and how it differs."""
    truth = srgb_from_linear(case.truth)
    disparity = disparity_colours(case.disparity, float(case.disparity.max()) + 1)
    rows = [[Figure("left", srgb_from_linear(case.left)), Figure("true disparity", disparity), Figure("truth", truth)]]
    for name, picture in pictures.items():
        difference = cv2.convertScaleAbs(cv2.absdiff(picture, truth), alpha=_DIFFERENCE_GAIN)
        rows.append([Figure(name, picture), Figure(f"{name}: {_DIFFERENCE_GAIN} times the difference", difference)])
    title = f"{case.kind} {case.seed}, focus {case.focus} ({case.focus_disparity:.1f} px), radius {case.radius_px:g} px"
    return Section(title, (), rows)


def refocus_report(scores: Sequence[RefocusScore], cases: Sequence[Section]) -> str:
    """The HTML file: means by what makes a place difficult, by kind of scene, by focus and by radius."""
    tables = [Section(f"Scores by {by.removesuffix('_px')}", score_cells(scores, by)) for by in get_args(Grouping)]
    return html_report("Refocusing", [*tables, *cases])
