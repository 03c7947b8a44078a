"""A rendered calibration session recovers the cameras that it was rendered through; bad views do no harm."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from sterefo_core.calibration.board import Board, BoardKind, Corners
from sterefo_core.calibration.board_view import BoardView
from sterefo_core.calibration.coverage import Coverage
from sterefo_core.calibration.session import CalibrationSession
from sterefo_core.calibration.solve import solve
from sterefo_core.calibration.verdict import Grade
from sterefo_core.errors import CalibrationError, SourceError
from sterefo_core.evaluation.board_views import board_views, known_rig, session_poses
from sterefo_core.evaluation.calibration_scores import evaluate_calibration, true_row_px

SIZE = (640, 480)
BOARD = Board(square_m=0.03, marker_m=0.0225)
RIG = known_rig(SIZE)
POSES = list(session_poses(RIG, BOARD, 18))


@pytest.fixture(scope="module")
def pairs():
    return [board_views(RIG, BOARD, pose, seed) for seed, pose in enumerate(POSES)]


@pytest.fixture(scope="module")
def views(pairs):
    return [BoardView(*BOARD.find_both(*pair)) for pair in pairs]


@pytest.fixture(scope="module")
def held(pairs):
    """The session that was held with these pairs, and what it said after each."""
    session = CalibrationSession(BOARD, SIZE)
    return session, [session.offer(*pair, None) for pair in pairs]


def shifted(pose, metres):
    return replace(pose, place_m=pose.place_m + np.array(metres))


def assert_recovered(rig):
    for found, true in ((rig.left, RIG.left), (rig.right, RIG.right)):
        for axis in (0, 1):
            assert found.matrix[axis, axis] == pytest.approx(true.matrix[axis, axis], rel=0.005)
    assert rig.baseline_m == pytest.approx(RIG.baseline_m, rel=0.005)
    assert rig.epipolar_px < 0.3


def test_a_session_recovers_focal_lengths_baseline_and_rows(held):
    solution = held[0].solve()
    assert_recovered(solution.rig)
    assert true_row_px(solution.rig, RIG) < 0.3
    assert solution.verdict.grade is Grade.GOOD, solution.verdict


def test_a_session_keeps_different_views_and_comes_to_its_end(held):
    _, said = held
    assert said[-1].views >= 14
    assert all(later.progress >= earlier.progress for earlier, later in pairwise(said))
    assert said[0].progress < 0.4 and said[-1].progress > 0.95


def test_the_next_place_asked_for_is_one_without_corners(held):
    _, said = held
    first = said[0]
    assert first.target is not None and first.text.startswith("Hold the board so that it reaches the ")
    x, y = (first.right if first.in_right else first.left).pixels.T
    inside = (abs(x - first.target.centre[0]) < first.target.width / 2) & (
        abs(y - first.target.centre[1]) < first.target.height / 2
    )
    assert inside.sum() < 3


def test_views_that_are_misread_or_out_of_step_are_left_out(views):
    misread = Corners(views[4].left.ids, views[4].left.pixels[::-1])
    late = BOARD.find(board_views(RIG, BOARD, shifted(POSES[6], (0, 0.008, 0)), 6)[1])
    bad = [BoardView(misread, views[4].right), BoardView(views[6].left, late)]
    solution = solve(BOARD, SIZE, [*views[:4], *bad, *views[7:]], Coverage([], [], SIZE))
    assert solution.rejected >= 2 and solution.used >= 10
    assert_recovered(solution.rig)


def test_corners_that_are_off_are_left_out_and_their_views_stay(views):
    spoilt = []
    for view in views:
        pixels = view.left.pixels.copy()
        pixels[len(pixels) // 2] += (4, -3)
        spoilt.append(BoardView(Corners(view.left.ids, pixels), view.right))
    solution = solve(BOARD, SIZE, spoilt, Coverage([], [], SIZE))
    assert solution.rejected <= 4
    assert_recovered(solution.rig)


def test_a_board_moved_while_exposed_is_not_kept():
    chessboard = Board(BoardKind.CHESSBOARD, square_m=0.03)  # the markers of the other cannot even be read
    session = CalibrationSession(chessboard, SIZE)
    assert session.offer(*board_views(RIG, chessboard, POSES[4]), None).captured
    session = CalibrationSession(chessboard, SIZE)
    said = session.offer(*board_views(RIG, chessboard, replace(POSES[4], moved_m=(0.005, 0.001, 0.0))), None)
    assert not said.captured and said.views == 0
    assert said.text.startswith("The board is not sharp")


def test_a_moving_board_is_kept_once_it_is_still(pairs):
    session = CalibrationSession(BOARD, SIZE)
    nudged = board_views(RIG, BOARD, shifted(POSES[4], (0.004, 0, 0)), 4)
    said = [session.offer(*pair, time) for time, pair in ((0.0, nudged), (0.03, pairs[4]), (0.06, pairs[4]))]
    assert [one.captured for one in said] == [False, False, True]
    assert said[1].text == "Hold the board still."


def test_a_slow_camera_is_calibrated_too(pairs):
    session = CalibrationSession(BOARD, SIZE)
    assert [session.offer(*pairs[4], time).captured for time in (0.0, 1.0)] == [False, True]


def test_the_same_view_is_kept_once(pairs):
    session = CalibrationSession(BOARD, SIZE)
    assert [session.offer(*pairs[4], None).captured for _ in range(3)] == [True, False, False]


def test_a_board_that_one_camera_does_not_see_is_said_so(pairs):
    grey = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    session = CalibrationSession(BOARD, SIZE)
    assert session.offer(grey, grey, None).text == "Hold the board so that both cameras see it."
    assert session.offer(pairs[4][0], grey, None).text.startswith("The right camera sees too little")


def test_pictures_of_another_size_are_refused(pairs):
    with pytest.raises(SourceError, match="320x240"):
        CalibrationSession(BOARD, (320, 240)).offer(*pairs[0], None)


def test_too_few_views_are_refused_in_one_line(views):
    with pytest.raises(CalibrationError, match="5 usable views"):
        solve(BOARD, SIZE, views[:5], Coverage([], [], SIZE))


def test_swapped_cameras_are_told_apart(views):
    swapped = [BoardView(view.right, view.left) for view in views]
    with pytest.raises(CalibrationError, match="swap the two"):
        solve(BOARD, SIZE, swapped, Coverage([], [], SIZE))


def test_views_of_one_place_only_are_a_bad_calibration(views):
    near_middle = [view for number, view in enumerate(views) if number % 9 in (1, 4)] + [views[4]] * 3
    try:
        solution = solve(BOARD, SIZE, near_middle, Coverage(near_middle, [], SIZE))
    except CalibrationError:
        return
    assert solution.verdict.grade is Grade.BAD
    assert "nearer to the corners" in str(solution.verdict)


def test_a_chessboard_has_the_same_corners_in_both_pictures_even_upside_down():
    chessboard = Board(BoardKind.CHESSBOARD, square_m=0.03)
    pose = POSES[4]
    flipped = replace(
        pose,
        rotation=pose.rotation @ np.diag([-1.0, -1.0, 1.0]),
        place_m=pose.place_m + pose.rotation @ (*chessboard.size_m, 0.0),
    )
    for held_as in (pose, flipped):
        left, right = chessboard.find_both(*board_views(RIG, chessboard, held_as))
        assert len(left) == len(right) == chessboard.corner_count
        disparity = left.pixels[:, 0] - right.pixels[:, 0]
        assert np.ptp(disparity) < 40  # corners of different ids lie up to half a picture apart


def test_a_session_with_shaken_and_late_views_is_scored_against_the_truth():
    scores = evaluate_calibration(SIZE, seed=1)
    assert scores.offered - scores.used >= 4
    assert scores.focal_percent < 0.5 and scores.baseline_percent < 0.5
    assert scores.epipolar_px < 0.3 and scores.row_px < 0.3
