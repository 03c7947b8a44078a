"""From views of a board to a calibrated rig: each eye by itself, then both; views that do not fit are left out.

The optimisation is OpenCV's (Zhang, "A flexible new technique for camera calibration", PAMI 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import cv2
import numpy as np

from sterefo_core.calibration.board import Board, Corners
from sterefo_core.calibration.board_view import FEWEST_CORNERS, BoardView
from sterefo_core.calibration.coverage import Coverage
from sterefo_core.calibration.rectify import Rectifier
from sterefo_core.calibration.rig import CameraModel, StereoRig
from sterefo_core.calibration.verdict import Verdict, judge
from sterefo_core.errors import CalibrationError

FEWEST_VIEWS = 6
"""Views without which nothing is solved."""

_OUTLYING = 2.5  # times the median error of all views: such a view is mis-detected, blurred or out of step
_OUTLYING_CORNER = 2.0  # times as much as a whole view may err
_TRUSTED_PX = 0.3  # in a picture 1280 px wide: no view or corner below this error is left out
_PRECISE = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-7)


@dataclass(frozen=True, eq=False)
class Solution:
    """A calibration and how it came about.

    Attributes:
        rig: what was found. used, rejected: numbers of views.
        focal_uncertainty: standard deviation of the worse focal length, as a part of it.
        verdict: whether it is good, and what to do otherwise.
    """

    rig: StereoRig
    used: int
    rejected: int
    focal_uncertainty: float
    verdict: Verdict


class _Eye(NamedTuple):
    camera: CameraModel
    views: dict[int, Corners]  # those that fit, by their number, without the corners that do not
    focal_uncertainty: float


def solve(board: Board, size: tuple[int, int], views: Sequence[BoardView], coverage: Coverage) -> Solution:
    """Calibrate from views of the board. Raises CalibrationError where there are too few that fit together."""
    if not views:
        raise CalibrationError(f"both cameras never saw a {board} together: is that the board, and is it whole?")
    _check_count(len(views))
    limit_px = _TRUSTED_PX * max(size[0] / 1280, 0.5)
    try:
        left = _solve_eye(board, size, [view.left for view in views], limit_px)
        right = _solve_eye(board, size, [view.right for view in views], limit_px)
        rig, used = _solve_both(board, size, left, right, limit_px)
    except cv2.error:
        raise CalibrationError("the views of the board contradict each other: start again, with more tilts") from None
    uncertainty = max(left.focal_uncertainty, right.focal_uncertainty)
    verdict = judge(rig, used, uncertainty, coverage)
    return Solution(rig, used, len(views) - used, uncertainty, verdict)


def _check_count(count: int) -> None:
    if count < FEWEST_VIEWS:
        raise CalibrationError(f"{count} usable views of the board; at least {FEWEST_VIEWS} are needed, 16 are good")


def _solve_eye(board: Board, size: tuple[int, int], corners: Sequence[Corners], limit_px: float) -> _Eye:
    """One camera by itself, from every corner that it saw, whether the other one saw it or not."""
    views = {number: seen for number, seen in enumerate(corners) if len(seen) >= FEWEST_CORNERS}
    while True:
        _check_count(len(views))
        points = [board.points_m(seen.ids) for seen in views.values()]
        pixels = [np.ascontiguousarray(seen.pixels) for seen in views.values()]
        _, matrix, distortion, turns, places, deviations, _, _ = cv2.calibrateCameraExtended(
            points, pixels, size, np.eye(3), np.zeros(5), criteria=_PRECISE
        )
        poses = dict(zip(views, zip(turns, places, strict=True), strict=True))
        errors = {
            number: _errors_px(board, seen, (*poses[number], matrix, distortion)) for number, seen in views.items()
        }
        fitting = _without_outliers(views, errors, limit_px)
        if sum(map(len, fitting.values())) == sum(map(len, views.values())):
            uncertainty = float(max(deviations[0, 0] / matrix[0, 0], deviations[1, 0] / matrix[1, 1]))
            return _Eye(CameraModel(matrix, distortion.ravel()), views, uncertainty)
        views = fitting


def _errors_px(board: Board, seen: Corners, model: tuple[np.ndarray, ...]) -> np.ndarray:
    """`(n,)` distances of corners from where the calibration expects them."""
    turn, place, matrix, distortion = model
    expected = cv2.projectPoints(board.points_m(seen.ids), turn, place, matrix, distortion)[0].reshape(-1, 2)
    return np.linalg.norm(expected - seen.pixels, axis=1)


def _without_outliers(views: dict[int, Corners], errors: dict[int, np.ndarray], limit_px: float) -> dict[int, Corners]:
    """The views without those that do not fit as a whole; only where all do, without the corners that do not."""
    typical = {number: float(np.median(error)) for number, error in errors.items()}
    most = max(_OUTLYING * float(np.median(list(typical.values()))), limit_px)
    if max(typical.values()) > most:
        return {number: seen for number, seen in views.items() if typical[number] <= most}
    kept = {number: _only(seen, errors[number] <= _OUTLYING_CORNER * most) for number, seen in views.items()}
    return {number: seen for number, seen in kept.items() if len(seen) >= FEWEST_CORNERS}


def _only(seen: Corners, good: np.ndarray) -> Corners:
    return Corners(seen.ids[good], seen.pixels[good])


def _pairs(left: _Eye, right: _Eye) -> list[BoardView]:
    """The views that fit both eyes, and still have enough corners in common."""
    numbers = sorted(left.views.keys() & right.views.keys())
    pairs = [BoardView(left.views[number], right.views[number]) for number in numbers]
    return [pair for pair in pairs if len(pair.common) >= FEWEST_CORNERS]


def _solve_both(board: Board, size: tuple[int, int], left: _Eye, right: _Eye, limit_px: float) -> tuple[StereoRig, int]:
    """The rig and how many pairs made it: first with fixed lenses, to find pairs that do not fit, then all at once."""
    pairs = _pairs(left, right)
    lenses = (left.camera, right.camera)
    while True:
        errors = _calibrate_both(board, size, lenses, pairs, cv2.CALIB_FIX_INTRINSIC)[-1].max(axis=1)
        fitting = errors <= max(_OUTLYING * float(np.median(errors)), limit_px)
        if fitting.all():
            break
        pairs = [pair for pair, fits in zip(pairs, fitting, strict=True) if fits]
    rms_px, k_left, d_left, k_right, d_right, turn, shift = _calibrate_both(
        board, size, lenses, pairs, cv2.CALIB_USE_INTRINSIC_GUESS
    )[:7]
    rig = StereoRig(
        size=size,
        left=CameraModel(k_left, d_left.ravel()),
        right=CameraModel(k_right, d_right.ravel()),
        rotation=turn,
        translation_m=shift.ravel(),
        when=date.today().isoformat(),
        made_from=f"{board}, {len(pairs)} views",
        rms_px=float(rms_px),
    )
    return replace(rig, epipolar_px=_epipolar_px(rig, pairs)), len(pairs)


def _calibrate_both(
    board: Board, size: tuple[int, int], lenses: tuple[CameraModel, CameraModel], pairs: Sequence[BoardView], flags: int
) -> tuple:
    """`cv2.stereoCalibrateExtended` of the corners that both eyes see."""
    _check_count(len(pairs))
    points = [board.points_m(pair.common) for pair in pairs]
    in_left = [pair.left.chosen(pair.common) for pair in pairs]
    in_right = [pair.right.chosen(pair.common) for pair in pairs]
    left, right = lenses
    guess = (left.matrix.copy(), left.distortion.copy(), right.matrix.copy(), right.distortion.copy())  # written into
    start, shift = np.eye(3), np.zeros((3, 1))
    return cv2.stereoCalibrateExtended(
        points, in_left, in_right, *guess, size, start, shift, flags=flags, criteria=_PRECISE
    )


def _epipolar_px(rig: StereoRig, pairs: Sequence[BoardView]) -> float:
    """Root mean square difference of rows of the same corner, after rectification."""
    rectifier, differences = Rectifier(rig), []
    for pair in pairs:
        left, right = rectifier.corners(pair.left.chosen(pair.common), pair.right.chosen(pair.common))
        differences.append(left[:, 1] - right[:, 1])
    return float(np.sqrt(np.mean(np.concatenate(differences) ** 2)))
