"""Calibrating with a person who holds a board: which pictures are taken, and what is said meanwhile. No window here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sterefo_core.calibration.board import NO_CORNERS, Board, Corners
from sterefo_core.calibration.board_view import BoardView, Pose, is_sharp, pose_of, seen_by_both
from sterefo_core.calibration.coverage import Coverage
from sterefo_core.calibration.rectify import check_pair
from sterefo_core.calibration.solve import Solution, solve
from sterefo_core.types import Box

MOST_VIEWS = 60
"""Views that are kept at most; by then a session has long been complete, and solving would only take longer."""

_STILL = 0.02  # widths of the picture per second: two webcams take their pictures up to 16 ms apart
_LATEST_S = 1.5  # ago: an older pair says nothing about how the board moves


@dataclass(frozen=True, eq=False)
class Guidance:
    """What to show after a pair.

    Attributes:
        text: one sentence: what to do next, or what is in the way.
        left, right: the corners found in the two pictures.
        target: where in the left (`in_right`: the right) picture the board should be held next, or None.
        progress: 0..1; at 1 nothing is missing.
        captured: whether this pair was kept. views: how many were.
    """

    text: str
    left: Corners = NO_CORNERS
    right: Corners = NO_CORNERS
    target: Box | None = None
    in_right: bool = False
    progress: float = 0.0
    captured: bool = False
    views: int = 0


class CalibrationSession:
    """Takes the pairs of one stereo camera and keeps the sharp, still and different views of the board.

    Args:
        board: what is held. size: width and height of each picture.
    """

    def __init__(self, board: Board, size: tuple[int, int]) -> None:
        self._board, self._size = board, size
        self._views: list[BoardView] = []
        self._poses: list[Pose] = []
        self._latest: tuple[Corners, float] = (NO_CORNERS, 0.0)
        self._coverage = Coverage([], [], size)

    @property
    def board(self) -> Board:
        """What is held."""
        return self._board

    def offer(self, left: np.ndarray, right: np.ndarray, timestamp_s: float | None) -> Guidance:
        """Look at a pair, `(H, W, 3)` uint8 each, and keep it where it helps.

        Args:
            timestamp_s: when it was taken: the board must be still. None: a picture taken by itself.

        Raises:
            SourceError: the pictures are of another size.
        """
        check_pair(left, right, self._size)
        view = BoardView(*self._board.find_both(left, right))
        still = self._is_still(view.left, timestamp_s)
        problem = self._problem(view, left, right, still)
        if problem is None:
            self._keep(view)
        wish = self._coverage.wish()
        return Guidance(
            text=problem or wish.text,
            left=view.left,
            right=view.right,
            target=wish.target,
            in_right=wish.in_right,
            progress=self._coverage.progress,
            captured=problem is None,
            views=len(self._views),
        )

    def solve(self) -> Solution:
        """The calibration that the views so far give. Takes seconds. Raises CalibrationError where they cannot."""
        return solve(self._board, self._size, self._views, self._coverage)

    def _keep(self, view: BoardView) -> None:
        self._views.append(view)
        self._poses.append(pose_of(view, self._board, self._size))
        self._coverage = Coverage(self._views, self._poses, self._size)

    def _problem(self, view: BoardView, left: np.ndarray, right: np.ndarray, still: bool) -> str | None:
        """Why this pair is not kept; None where it is."""
        if not seen_by_both(view, self._board):
            return _unseen(view)
        if not still:
            return "Hold the board still."
        if not (is_sharp(left, view.left) and is_sharp(right, view.right)):
            return "The board is not sharp: hold it still, with more light, or farther away."
        pose = pose_of(view, self._board, self._size)
        if len(self._views) >= MOST_VIEWS or not all(pose.differs_from(kept) for kept in self._poses):
            return self._coverage.wish().text
        return None

    def _is_still(self, corners: Corners, timestamp_s: float | None) -> bool:
        if timestamp_s is None:
            return True
        (before, then_s), self._latest = self._latest, (corners, timestamp_s)
        common = np.intersect1d(before.ids, corners.ids)
        passed_s = timestamp_s - then_s
        if len(common) == 0 or not 0 < passed_s < _LATEST_S:
            return False
        moved_px = np.linalg.norm(corners.chosen(common) - before.chosen(common), axis=1).mean()
        return bool(moved_px / passed_s < _STILL * self._size[0])


def _unseen(view: BoardView) -> str:
    if len(view.left) == len(view.right) == 0:
        return "Hold the board so that both cameras see it."
    blind = "left" if len(view.left) < len(view.right) else "right"
    return f"The {blind} camera sees too little of the board: move it into the picture, or nearer."
