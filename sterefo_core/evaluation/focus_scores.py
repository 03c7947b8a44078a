"""How well the focus finds its object, against exact boxes and exact disparity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sterefo_core.colour import srgb_from_linear
from sterefo_core.measuring import measure_disparity, measure_object
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.protocols import DepthEngine, Source
from sterefo_core.scenes.layers import LEFT_EYE, RIGHT_EYE, exact_maps, render_view
from sterefo_core.scenes.studies import KINDS, study_scene
from sterefo_core.types import Box, DisparityMap, Follow, LabelledBox, Lens, StereoFrame

DRAWN = (1.0, 1.6)
"""Boxes as they are, and drawn too large by this factor."""
_SIZE = (832, 320)
_NOISE_BYTES = 1.5
_LEAST_PIXELS = 250  # of an object: smaller ones nobody would click
_WIDEST = 0.6  # of the picture: what is wider is surroundings
_LAGS = np.arange(0, 5, 0.25)


@dataclass(frozen=True)
class Measured:
    """The focus measured in one true box drawn `drawn` times as large, by the median and by `measure_object`; px."""

    name: str
    drawn: float
    median: float | None
    measured: float | None
    true: float


@dataclass(frozen=True)
class Followed:
    """One frame of an object that was followed from its first true box; disparities in px, None while not known."""

    name: str
    overlap: float
    true: float
    measured: float | None
    focus: float | None


class Unrendered:
    """Implements `Renderer` by leaving the picture as it is: for figures that need focus and track only."""

    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """The picture itself."""
        return image


def measure_objects(source: Source, depth: DepthEngine) -> Iterator[Measured]:
    """Measure the focus in every true box of the source that has true disparity in it."""
    for index in range(len(source)):
        truth = source.truth(index)
        if truth.disparity is None or not truth.boxes:
            continue
        disparity = depth.compute(source.read(index))
        for label in truth.boxes:
            true = measure_disparity(truth.disparity, label.box)
            if true is not None:
                yield from _measured(label.name, disparity, label.box, true)


def measure_rendered(seeds: Sequence[int], depth: DepthEngine, kinds: Sequence[str] = KINDS) -> Iterator[Measured]:
    """The same in rendered scenes: thin things, behind fences, half covered; the truth is of the visible pixels."""
    for kind in kinds:
        for seed in seeds:
            scene, sensor = study_scene(kind, _SIZE, seed), np.random.default_rng(seed)
            left, right = (_sensed(render_view(scene, eye, _SIZE), sensor) for eye in (LEFT_EYE, RIGHT_EYE))
            disparity = depth.compute(StereoFrame(0, 0.0, left, right))
            exact, ids = exact_maps(scene, _SIZE)
            for number in np.unique(ids[ids > 0]):
                rows, columns = np.nonzero(ids == number)
                width, height = float(np.ptp(columns)) + 1, float(np.ptp(rows)) + 1
                if rows.size >= _LEAST_PIXELS and width <= _WIDEST * _SIZE[0]:
                    box = Box(float(columns.min()), float(rows.min()), width, height)
                    yield from _measured(kind, disparity, box, float(np.median(exact[rows, columns])))


def _measured(name: str, disparity: DisparityMap, box: Box, true: float) -> Iterator[Measured]:
    for drawn in DRAWN:
        larger = box.central(drawn)
        median, measured = measure_disparity(disparity, larger), measure_object(disparity, larger)
        yield Measured(name, drawn, median, measured, true)


def _sensed(linear: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What an 8-bit camera makes of the light."""
    return np.clip(srgb_from_linear(linear) + rng.normal(0, _NOISE_BYTES, linear.shape), 0, 255).astype(np.uint8)


def follow_object(source: Source, pipeline: Pipeline, start: LabelledBox) -> Iterator[Followed]:
    """Follow an object from its true box in frame 0, and compare box and focus with the truth wherever it is seen."""
    for shot in pipeline.run(Project(decisions=(Follow(0, start.box),), transition_s=0.0)):
        truth = source.truth(shot.frame.index)
        label = next((label for label in truth.boxes if label.object_id == start.object_id), None)
        if label is None or truth.disparity is None:
            continue
        overlap = shot.track.box.overlap(label.box) if shot.track.box else 0.0
        true = measure_disparity(truth.disparity, label.box)
        if true is not None:
            yield Followed(label.name, overlap, true, shot.focus.measured, shot.focus.disparity)


def measured_table(rows: Sequence[Measured]) -> str:
    """For boxes as they are and too large ones, by both rules: objects within 1 and 2 px, and the errors, as text."""
    lines = [
        f"{'focus in true boxes':22} {'rule':8} {'within 1 px':>11} {'2 px':>6} {'median error':>13} {'mean':>6} none"
    ]
    for drawn in DRAWN:
        some = [row for row in rows if row.drawn == drawn]
        for rule, values in (("median", [row.median for row in some]), ("object", [row.measured for row in some])):
            pairs = zip(values, some, strict=True)
            errors = np.array([value - row.true for value, row in pairs if value is not None])
            if errors.size:
                within = [(np.abs(errors) <= limit).sum() / len(some) for limit in (1, 2)]
                lines.append(
                    f"{f'{len(some)}, drawn x{drawn:g}':22} {rule:8} {within[0]:11.1%} {within[1]:6.1%} "
                    f"{np.median(errors):+10.2f} px {np.abs(errors).mean():6.2f} {len(some) - errors.size:4}"
                )
    return "\n".join(lines)


def followed_table(rows: Sequence[Followed]) -> str:
    """Overlap, error, flicker and lag of the focus on one followed object, measured and as the lens gets it, as text.

    Flicker is the mean change from frame to frame of the distance from the truth; lag is the delay of the truth that
    fits best, in frames.
    """
    overlaps = np.array([row.overlap for row in rows])
    true = np.array([row.true for row in rows])
    measured = np.array([np.nan if row.measured is None else row.measured for row in rows])
    focus = np.array([np.nan if row.focus is None else row.focus for row in rows])
    focus[np.isnan(measured)] = np.nan  # held meanwhile
    wrong, jumps = np.abs(focus - true), (_flicker(measured - true), _flicker(focus - true))
    return (
        f"{rows[0].name}, {len(rows)} frames: overlap mean {overlaps.mean():.2f}, least {overlaps.min():.2f}; focus "
        f"error median {np.nanmedian(wrong):.2f} px, 95th percentile {np.nanpercentile(wrong, 95):.2f} px; flicker "
        f"{jumps[0]:.3f} px a frame as measured, {jumps[1]:.3f} as focused; lag {_lag(measured, true):.2f} and "
        f"{_lag(focus, true):.2f} frames"
    )


def _flicker(wrong: np.ndarray) -> float:
    return float(np.nanmean(np.abs(np.diff(wrong))))


def _lag(values: np.ndarray, true: np.ndarray) -> float:
    frames = np.arange(len(true))
    wrong = [np.nanmean(np.abs(np.interp(frames - lag, frames, true) - values)) for lag in _LAGS]
    return float(_LAGS[int(np.argmin(wrong))])
