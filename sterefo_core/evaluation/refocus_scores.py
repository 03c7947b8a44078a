"""Renderers scored against the true lens: overall, by kind of scene, by focus and by what makes a place difficult."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from sterefo_core.colour import linear_from_srgb, srgb_from_linear
from sterefo_core.evaluation.metrics import flip, psnr, squared_error, ssim
from sterefo_core.evaluation.records import Record
from sterefo_core.evaluation.thin_lens import RefocusCase
from sterefo_core.protocols import Renderer
from sterefo_core.types import Lens

EVERYWHERE = "everywhere"
REGIONS = ("rest", "sharp foreground", "edge before blur", "see-through rim", "highlights")
"""Later ones win where they overlap; `region_map` says what they are."""
Grouping = Literal["region", "kind", "focus", "radius_px"]
_SHARP_PX, _BLURRED_PX = 1.0, 2.0
_CROP = 96

Metric = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""A map `(H, W)` of how far the first of two `(H, W, 3)` uint8 pictures is from the second, the truth."""
Pictured = Callable[[RefocusCase, Mapping[str, np.ndarray]], None]
LinearRenderer = Callable[[RefocusCase], np.ndarray]
"""Renders a case from what a renderer may know of it: `(H, W, 3)` float32 linear light, which may exceed 1."""


@dataclass(frozen=True)
class RefocusScore:
    """How one renderer did on one region of one case.

    PSNR in dB, SSIM 0..1, FLIP 0..1 (lower is better), LPIPS (lower is better) or None without its weights.
    """

    renderer: str
    kind: str
    seed: int
    focus: str
    radius_px: float
    region: str
    psnr: float
    ssim: float
    flip: float
    lpips: float | None = None


def evaluate_refocus(
    renderers: Mapping[str, LinearRenderer],
    cases: Iterable[RefocusCase],
    crops: Path | None = None,
    progress: Callable[[str], None] = lambda text: None,
    *,
    lpips: Metric | None = None,
    pictured: Pictured = lambda case, pictures: None,
) -> list[RefocusScore]:
    """Score every renderer on every case, overall and by region (those with pixels only).

    Into the folder `crops`, made if absent, goes each renderer's worst place of each case, picture | truth |
    difference, named so that the worst comes first in the listing. `progress` is told of each picture, `pictured` of
    each case and the pictures of all renderers, `(H, W, 3)` uint8.
    """
    scores = []
    for case in cases:
        truth, pictures = srgb_from_linear(case.truth), {}
        places = _places(case)
        for name, render in renderers.items():
            picture = pictures[name] = srgb_from_linear(render(case))
            found = _scores_of(name, case, _maps(picture, truth, lpips), places)
            progress(f"{name}, {case.kind} {case.seed}, {case.focus}, {case.radius_px:g} px: {found[0].psnr:.1f} dB")
            scores += found
            if crops is not None:
                _write_worst_crop(crops, found[0], picture, truth)
        pictured(case, pictures)
    return scores


def eight_bit(renderer: Renderer, with_right: bool) -> LinearRenderer:
    """The program's 8-bit renderer as it meets clipped, rounded pictures; its highlights cannot be right."""

    def render(case: RefocusCase) -> np.ndarray:
        right = srgb_from_linear(case.right) if with_right else None
        lens = Lens(aperture=case.aperture, max_radius_px=case.radius_px)
        picture = renderer.render(srgb_from_linear(case.left), case.disparity, case.focus_disparity, lens, right)
        return linear_from_srgb(picture)

    return render


def region_map(case: RefocusCase) -> np.ndarray:
    """`(H, W)` uint8 index into REGIONS: what is difficult about each pixel.

    - highlights: where light above white falls, sharp or blurred;
    - see-through rim: around the outline of a blurred surface before a sharper one, as far as it is blurred;
    - edge before blur: around the outline of an in-focus surface before a blurred one, as far as that is blurred;
    - sharp foreground: in focus, elsewhere.
    """
    radius = (case.aperture * (case.disparity - case.focus_disparity)).astype(np.float32)
    regions = np.zeros(radius.shape, np.uint8)
    regions[np.abs(radius) < _SHARP_PX] = REGIONS.index("sharp foreground")
    nearer = cv2.dilate(radius, np.ones((3, 3), np.uint8))
    outline = nearer - radius > _SHARP_PX  # pixels of the farther surface
    before_blur = outline & (np.abs(nearer) < _SHARP_PX) & (radius < -_BLURRED_PX)
    rim = outline & (nearer > _BLURRED_PX) & (nearer > np.abs(radius))
    lit = case.left.max(axis=2) > 1
    for name, where, reach in (
        ("edge before blur", before_blur, radius),
        ("see-through rim", rim, nearer),
        ("highlights", lit, radius),
    ):
        for y, x in np.argwhere(where):
            cv2.circle(regions, (int(x), int(y)), round(abs(float(reach[y, x]))) + 1, REGIONS.index(name), cv2.FILLED)
    return regions


def score_cells(scores: Sequence[RefocusScore], by: Grouping) -> list[list[str]]:
    """Means as a table: a head, a row for each renderer, a column for each value of `by`.

    Columns other than regions are of the whole picture. The first is the mean over everything.
    """
    whole = [score for score in scores if score.region == EVERYWHERE]
    cells = defaultdict(list)
    for score in whole:
        cells[score.renderer, EVERYWHERE].append(score)
    for score in scores if by == "region" else whole:
        if by != "region" or score.region != EVERYWHERE:
            cells[score.renderer, str(getattr(score, by))].append(score)
    names = list(dict.fromkeys(name for name, _ in cells))
    columns = list(dict.fromkeys(column for _, column in cells))
    also = ", LPIPS" if any(score.lpips is not None for score in scores) else ""
    head = [f"PSNR dB, SSIM, FLIP{also}", *columns]
    return [head, *([name, *(_cell(cells[name, column]) for column in columns)] for name in names)]


def score_rows(scores: Sequence[RefocusScore]) -> list[Record]:
    """All scores as records with the fields of `RefocusScore`."""
    return [asdict(score) for score in scores]


def _cell(scores: Sequence[RefocusScore]) -> str:
    if not scores:
        return "-"
    psnr_mean, ssim_mean, flip_mean = np.mean([(s.psnr, s.ssim, s.flip) for s in scores], axis=0)
    seen = [s.lpips for s in scores if s.lpips is not None]
    also = f" {np.mean(seen):.3f}" if seen else ""
    return f"{psnr_mean:.2f} {ssim_mean:.4f} {flip_mean:.3f}{also}"


def _places(case: RefocusCase) -> list[tuple[str, np.ndarray]]:
    """Everywhere that the truth is known, and the regions of it."""
    known = np.ones(case.disparity.shape, bool) if case.known is None else case.known
    regions = region_map(case)
    return [(EVERYWHERE, known), *((region, known & (regions == index)) for index, region in enumerate(REGIONS))]


def _maps(picture: np.ndarray, truth: np.ndarray, lpips: Metric | None) -> list[np.ndarray]:
    metrics = (squared_error, ssim, flip, *((lpips,) if lpips else ()))
    return [metric(picture, truth) for metric in metrics]


def _scores_of(
    name: str, case: RefocusCase, maps: Sequence[np.ndarray], places: Sequence[tuple[str, np.ndarray]]
) -> list[RefocusScore]:
    scores = []
    for region, where in places:
        if where.any():
            error, *others = (float(values[where].mean()) for values in maps)
            lens = (case.kind, case.seed, case.focus, case.radius_px)
            scores.append(RefocusScore(name, *lens, region, psnr(error), *others))
    return scores


def _write_worst_crop(folder: Path, score: RefocusScore, picture: np.ndarray, truth: np.ndarray) -> None:
    height, width = (min(_CROP, side) for side in truth.shape[:2])
    error = cv2.boxFilter(squared_error(picture, truth), -1, (width, height), anchor=(0, 0))
    error = error[: truth.shape[0] - height + 1, : truth.shape[1] - width + 1]
    top, left = np.unravel_index(int(error.argmax()), error.shape)
    ours, true = (image[top : top + height, left : left + width] for image in (picture, truth))
    strip = np.hstack([ours, true, cv2.absdiff(ours, true)]).repeat(4, axis=0).repeat(4, axis=1)
    worst = psnr(float(error[top, left]))
    name = f"{worst:05.2f}dB_{score.renderer}_{score.kind}{score.seed}_{score.focus}_{score.radius_px:g}px.png"
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / name.replace(" ", "_")), cv2.cvtColor(strip, cv2.COLOR_RGB2BGR))
