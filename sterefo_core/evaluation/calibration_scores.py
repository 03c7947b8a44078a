"""How well a rendered calibration session finds the cameras that it was rendered through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from sterefo_core.calibration.board import Board
from sterefo_core.calibration.rectify import Rectifier
from sterefo_core.calibration.rig import StereoRig
from sterefo_core.calibration.session import CalibrationSession
from sterefo_core.evaluation.board_views import BoardPose, board_views, known_rig, session_poses

_VIEWS = 18
_SHAKY, _OUT_OF_STEP = (5, 11), (3, 14)  # poses that are spoilt, as happens to people
_MOVED_M = (0.003, 0.001, 0.0)
_LATE_M = (0.0, 0.006, 0.0)
_SPACE_M = ((-0.35, -0.25, 0.7), (0.35, 0.25, 1.5))


@dataclass(frozen=True)
class CalibrationScores:
    """What a session of 18 views, two of them shaken and two out of step, came to.

    Attributes:
        focal_percent: error of the worst of the four focal lengths. baseline_percent: of the baseline.
        epipolar_px: what the report says. row_px: largest true difference of rows, 0.7 to 1.5 m before the cameras.
        used, offered: numbers of views.
    """

    focal_percent: float
    baseline_percent: float
    epipolar_px: float
    row_px: float
    used: int
    offered: int


def evaluate_calibration(size: tuple[int, int], seed: int) -> CalibrationScores:
    """Render a session with known cameras and pictures of this size, and calibrate from it."""
    rig, board = known_rig(size), Board(square_m=0.03, marker_m=0.0225)
    session = CalibrationSession(board, size)
    for number, pose in enumerate(session_poses(rig, board, _VIEWS, seed)):
        session.offer(*_taken(rig, board, pose, number), timestamp_s=None)
    solution = session.solve()
    found = solution.rig
    focal = [
        abs(mine.matrix[axis, axis] / true.matrix[axis, axis] - 1)
        for mine, true in ((found.left, rig.left), (found.right, rig.right))
        for axis in (0, 1)
    ]
    baseline_percent = 100 * abs(found.baseline_m / rig.baseline_m - 1)
    epipolar_px = found.epipolar_px or 0.0
    return CalibrationScores(
        100 * float(max(focal)), baseline_percent, epipolar_px, true_row_px(found, rig), solution.used, _VIEWS
    )


def _taken(rig: StereoRig, board: Board, pose: BoardPose, number: int) -> tuple[np.ndarray, np.ndarray]:
    """The pair of a pose; of some the board moves while they are taken, or between the two eyes."""
    if number in _SHAKY:
        return board_views(rig, board, replace(pose, moved_m=_MOVED_M), number)
    left, right = board_views(rig, board, pose, number)
    if number in _OUT_OF_STEP:
        right = board_views(rig, board, replace(pose, place_m=pose.place_m + np.array(_LATE_M)), number)[1]
    return left, right


def true_row_px(found: StereoRig, true: StereoRig) -> float:
    """Largest difference of rows when `found` rectifies what the `true` cameras see in the space before them."""
    metres = np.random.default_rng(3).uniform(*_SPACE_M, (400, 3))
    left, right = (
        cv2.projectPoints(metres, cv2.Rodrigues(turn)[0], shift, eye.matrix, eye.distortion)[0].reshape(-1, 2)
        for eye, turn, shift in (
            (true.left, np.eye(3), np.zeros(3)),
            (true.right, true.rotation, true.translation_m),
        )
    )
    in_left, in_right = Rectifier(found).corners(left, right)
    return float(np.abs(in_left[:, 1] - in_right[:, 1]).max())


def calibration_table(scores: Sequence[CalibrationScores]) -> str:
    """The scores as lines of a table."""
    lines = ["session  focal length %  baseline %  epipolar px  largest true row px  views"]
    for number, one in enumerate(scores):
        lines.append(
            f"{number:7}  {one.focal_percent:14.3f}  {one.baseline_percent:10.3f}  {one.epipolar_px:11.3f}"
            f"  {one.row_px:19.3f}  {one.used} of {one.offered}"
        )
    return "\n".join(lines)
