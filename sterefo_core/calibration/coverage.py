"""What the views kept so far have covered, and where to hold the board next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sterefo_core.calibration.board_view import BoardView, Pose
from sterefo_core.types import Box

ENOUGH_VIEWS = 16
"""Views after which more hardly help, if they are different enough."""

_CELLS = 4  # along each side of a picture
_CORNERS_IN_CELL = 3
_TILTED_DEG = 12.0
_EACH_TILT = 2  # views
_LARGE = 0.33  # of the root of the picture's area
_DISTANCES = 1.4  # between the nearest and the farthest view
_WEIGHTS = (0.45, 0.2, 0.1, 0.25)  # of places, tilts, distances and number in the progress

_ROWS = ("top", "upper half", "lower half", "bottom")
_COLUMNS = ("left", "left half", "right half", "right")
_TILTS = ("left", "right", "top", "bottom")
_OUTER_FIRST = sorted(np.ndindex(_CELLS, _CELLS), key=lambda cell: -sum(abs(2 * place - 3) for place in cell))


@dataclass(frozen=True)
class Wish:
    """Where to hold the board next: a sentence, and the region of the left (or right) picture that it should reach."""

    text: str
    target: Box | None = None
    in_right: bool = False


class Coverage:
    """How much of what a good calibration needs is there. Args: the views, their poses, and the pictures' size."""

    def __init__(self, views: Sequence[BoardView], poses: Sequence[Pose], size: tuple[int, int]) -> None:
        self._size, self._count = size, len(views)
        eyes = ([view.left for view in views], [view.right for view in views])
        self._cells = [_filled_cells([corners.pixels for corners in eye], size) for eye in eyes]
        tilts = np.array([[p.left_nearer, -p.left_nearer, p.top_nearer, -p.top_nearer] for p in poses]).reshape(-1, 4)
        self._tilts = np.minimum((tilts > _TILTED_DEG).sum(axis=0), _EACH_TILT)
        self._sizes = [pose.size for pose in poses] or [0.0]

    @property
    def places(self) -> float:
        """Part of both pictures where corners were seen, 0..1."""
        return float(np.mean(self._cells))

    @property
    def tilted(self) -> float:
        """Part of the tilts that were held, 0..1."""
        return float(self._tilts.mean() / _EACH_TILT)

    @property
    def progress(self) -> float:
        """0 with no view, 1 when nothing is wished for any more."""
        distances = (self._near + self._far) / 2
        parts = (self.places, self.tilted, distances, min(self._count / ENOUGH_VIEWS, 1.0))
        return float(np.dot(_WEIGHTS, parts))

    @property
    def _near(self) -> bool:
        return max(self._sizes) >= _LARGE

    @property
    def _far(self) -> bool:
        return max(self._sizes) > _DISTANCES * min(self._sizes)

    def wish(self) -> Wish:
        """What is missing most; a part of the picture together with a tilt where both are."""
        tilt = next((name for name, count in zip(_TILTS, self._tilts, strict=True) if count < _EACH_TILT), None)
        tilting = f", its {tilt} edge tilted towards the cameras" if tilt else ""
        for in_right, cells in enumerate(self._cells):
            for row, column in _OUTER_FIRST:
                if not cells[row, column]:
                    place = f"{_ROWS[row]} and {_COLUMNS[column]} of the {'right' if in_right else 'left'} picture"
                    text = f"Hold the board so that it reaches the {place}{tilting}."
                    return Wish(text, self._box(row, column), bool(in_right))
        return Wish(self._wish_anywhere(tilting))

    def _wish_anywhere(self, tilting: str) -> str:
        if tilting:
            return f"Hold the board in the middle{tilting}."
        if not self._near:
            return "Hold the board nearer: it should fill a third of the picture."
        if not self._far:
            return "Hold the board half as far away again."
        if self._count < ENOUGH_VIEWS:
            return "Hold the board anywhere, in a new way."
        return "That is enough: the cameras can be calibrated."

    def _box(self, row: int, column: int) -> Box:
        width, height = (side / _CELLS for side in self._size)
        return Box(column * width, row * height, width, height)


def _filled_cells(pixels: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """`(4, 4)` bool: where enough corners were seen."""
    if not pixels:
        return np.zeros((_CELLS, _CELLS), bool)
    x, y = np.concatenate(pixels).T
    counts, _, _ = np.histogram2d(y, x, bins=_CELLS, range=((0, size[1]), (0, size[0])))
    return counts >= _CORNERS_IN_CELL
