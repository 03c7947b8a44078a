"""One pair of pictures of the board: its corners in both, how it is held, and whether the picture is sharp there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sterefo_core.calibration.board import Board, Corners

FEWEST_CORNERS = 8
"""Corners that both eyes must see for a pair to say anything about how they stand to each other."""

_PATCH_PX = 5  # to each side of a corner: there the edges of its four squares cross
_WIDEST_EDGE = 1 / 200  # of the picture's width: from black to white in a picture that is not sharp


@dataclass(frozen=True, eq=False)
class BoardView:
    """The corners of a board in both pictures of a pair; at least `FEWEST_CORNERS` are in both."""

    left: Corners
    right: Corners

    @property
    def common(self) -> np.ndarray:
        """The ids of the corners that both eyes see, rising."""
        return np.intersect1d(self.left.ids, self.right.ids)


@dataclass(frozen=True)
class Pose:
    """How the board is held, as the left eye sees it; approximate, for its lens is not yet known.

    Attributes:
        x, y: middle of the board, 0..1 of the picture. size: root of the part of the picture that it covers.
        left_nearer, top_nearer: degrees by which that side is tilted towards the camera; negative: the other side.
    """

    x: float
    y: float
    size: float
    left_nearer: float
    top_nearer: float

    def differs_from(self, other: Pose) -> bool:
        """Whether a view of this pose adds something to one of the other."""
        moved = max(abs(self.x - other.x), abs(self.y - other.y)) > 0.1
        nearer = max(self.size, other.size) > 1.25 * min(self.size, other.size)
        tilts = (self.left_nearer - other.left_nearer, self.top_nearer - other.top_nearer)
        return moved or nearer or max(map(abs, tilts)) > 12


def seen_by_both(view: BoardView, board: Board) -> bool:
    """Whether enough corners are in both pictures, and not all in one or two lines."""
    ids = view.common
    if len(ids) < FEWEST_CORNERS:
        return False
    return all(len(np.unique(axis)) > 2 for axis in np.divmod(ids, board.columns - 1))


def pose_of(view: BoardView, board: Board, size: tuple[int, int]) -> Pose:
    """How the board is held in a view that both eyes see."""
    width, height = size
    rough = np.array([[width, 0, width / 2], [0, width, height / 2], [0, 0, 1.0]])  # a usual lens: 53 degrees wide
    points = board.points_m(view.left.ids)
    _, turn, place = cv2.solvePnP(points, view.left.pixels, rough, None, flags=cv2.SOLVEPNP_IPPE)
    across, down = board.size_m
    outline = np.array([[0, 0, 0], [across, 0, 0], [across, down, 0], [0, down, 0]], np.float64)
    corners = cv2.projectPoints(outline, turn, place, rough, None)[0].reshape(-1, 2)
    x, y = corners.mean(axis=0) / size
    normal = cv2.Rodrigues(turn)[0][:, 2]
    left_nearer, top_nearer = np.degrees(np.arctan2(-normal[:2] * np.sign(normal[2]), abs(normal[2])))
    covered = cv2.contourArea(corners.astype(np.float32)) / (width * height)
    return Pose(float(x), float(y), float(np.sqrt(covered)), float(left_nearer), float(top_nearer))


def is_sharp(picture: np.ndarray, corners: Corners) -> bool:
    """Whether the edges of the squares are narrow, in both directions: neither out of focus nor moved."""
    grey = (picture if picture.ndim == 2 else picture[..., 1]).astype(np.float32)
    steepest = 1 / max(4.0, picture.shape[1] * _WIDEST_EDGE)
    steepness = [_steepness(grey, round(x), round(y)) for x, y in corners.pixels.tolist()]
    return bool(np.median(steepness) > steepest)


def _steepness(grey: np.ndarray, x: int, y: int) -> float:
    """Largest step from pixel to pixel as a part of the contrast, in the direction where it is smaller."""
    patch = grey[max(y - _PATCH_PX, 0) : y + _PATCH_PX + 1, max(x - _PATCH_PX, 0) : x + _PATCH_PX + 1]
    if min(patch.shape) < 3:
        return 0.0
    steps = (np.abs(np.diff(patch, axis=axis)).max() for axis in (0, 1))
    return float(min(steps) / max(np.ptp(patch), 1.0))
