"""The report of `refocus_scores`: its table, and of some cases the input, the truth, the pictures and differences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from sterefo_core.colour import disparity_colours, srgb_from_linear
from sterefo_core.evaluation.refocus_scores import EVERYWHERE, RefocusScore
from sterefo_core.evaluation.report import Figure, Section, html_report
from sterefo_core.evaluation.thin_lens import RefocusCase

_HEAD = ("renderer", "where", "PSNR dB", "SSIM", "FLIP", "LPIPS")
_DIFFERENCE_GAIN = 4


def case_section(case: RefocusCase, pictures: Mapping[str, np.ndarray]) -> Section:
    """Input, disparity and truth of one case, and each renderer's picture and how it differs."""
    truth = srgb_from_linear(case.truth)
    disparity = disparity_colours(case.disparity, float(case.disparity.max()) + 1)
    figures = [Figure("left", srgb_from_linear(case.left)), Figure("true disparity", disparity), Figure("truth", truth)]
    for name, picture in pictures.items():
        difference = cv2.convertScaleAbs(cv2.absdiff(picture, truth), alpha=_DIFFERENCE_GAIN)
        figures += [Figure(name, picture), Figure(f"{name}: {_DIFFERENCE_GAIN} times the difference", difference)]
    title = f"{case.kind} {case.seed}, focus {case.focus} ({case.focus_disparity:.1f} px), radius {case.radius_px:g} px"
    return Section(title, (), figures)


def refocus_report(scores: Sequence[RefocusScore], cases: Sequence[Section]) -> str:
    """The HTML file: means by renderer and region."""
    groups = defaultdict(list)
    for score in scores:
        groups[score.renderer, score.region].append(score)
    rows = [[*key, *_means(group)] for key, group in sorted(groups.items(), key=lambda item: item[0][1] != EVERYWHERE)]
    return html_report("Refocusing", [Section("Scores", [_HEAD, *rows]), *cases])


def _means(scores: Sequence[RefocusScore]) -> list[str]:
    means = [f"{np.mean([getattr(s, name) for s in scores]):.{places}f}" for name, places in _PLACES]
    seen = [score.lpips for score in scores if score.lpips is not None]
    return [*means, f"{np.mean(seen):.3f}" if seen else "-"]


_PLACES = (("psnr", 2), ("ssim", 4), ("flip", 3))
