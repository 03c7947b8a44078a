"""How well the focus finds its object, against exact boxes and exact disparity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sterefo_core.measuring import measure_disparity
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.protocols import DepthEngine, Source
from sterefo_core.types import Follow, LabelledBox, Lens


@dataclass(frozen=True)
class Measured:
    """The focus measured in one true box, beside the same rule on the true disparity; px."""

    frame: int
    name: str
    measured: float | None
    true: float


@dataclass(frozen=True)
class Followed:
    """One frame of an object that was followed from its first true box; the error is None while nothing is known."""

    frame: int
    name: str
    overlap: float
    focus_error: float | None


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
                yield Measured(index, label.name, measure_disparity(disparity, label.box), true)


def follow_object(source: Source, pipeline: Pipeline, start: LabelledBox) -> Iterator[Followed]:
    """Follow an object from its true box in frame 0, and compare box and focus with the truth wherever it is seen."""
    for shot in pipeline.run(Project(decisions=(Follow(0, start.box),), transition_s=0.0)):
        truth = source.truth(shot.frame.index)
        label = next((label for label in truth.boxes if label.object_id == start.object_id), None)
        if label is None or truth.disparity is None:
            continue
        overlap = shot.track.box.overlap(label.box) if shot.track.box else 0.0
        true, focus = measure_disparity(truth.disparity, label.box), shot.focus.disparity
        error = None if true is None or focus is None else focus - true
        yield Followed(shot.frame.index, label.name, overlap, error)


def measured_table(rows: list[Measured]) -> str:
    """The share of objects within 1 and 2 px, as text."""
    errors = np.array([row.measured - row.true for row in rows if row.measured is not None])
    missing = len(rows) - errors.size
    if not errors.size:
        return "no object was measured"
    shares = ", ".join(f"{(np.abs(errors) <= limit).mean():.1%} within {limit} px" for limit in (1, 2))
    return (
        f"focus in {len(rows)} true boxes: {shares}; median error {np.median(errors):+.2f} px, "
        f"largest {np.abs(errors).max():.1f} px, {missing} not measured"
    )


def followed_table(rows: list[Followed]) -> str:
    """Overlap and focus error of one followed object, as text."""
    overlaps = np.array([row.overlap for row in rows])
    errors = np.abs([row.focus_error for row in rows if row.focus_error is not None])
    return (
        f"{rows[0].name}, {len(rows)} frames: overlap mean {overlaps.mean():.2f}, least {overlaps.min():.2f}; "
        f"focus error median {np.median(errors):.2f} px, 95th percentile {np.percentile(errors, 95):.2f} px"
    )
