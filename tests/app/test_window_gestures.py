"""The hand on the picture and on the keys: what clicks, drags and keys decide, and what undo takes back."""

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QComboBox, QLabel

from app.actions import TABLE, plain
from app.hints import FIRST
from app.preview_state import View
from sterefo_core.types import Follow, Hold, Release, TrackState
from tests.app.hand import CTRL, MIDDLE, NONE, SHIFT, Key, send
from tests.app.small_parts import FAR_PX, NEAR_PX, small_workshop, square
from trackers import TRACKERS


def test_at_first_the_window_says_what_to_do_and_a_click_ends_that(hand):
    assert hand.viewport.hint == FIRST
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    assert hand.viewport.hint == ""


def test_a_click_follows_the_object_there(hand):
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    assert hand.project.decisions == (Follow(0, square(0)),)
    hand.wait_for_project()
    assert hand.done.track.state is TrackState.TRACKING
    assert hand.done.focus.disparity == NEAR_PX


def test_a_drag_draws_the_box(hand):
    hand.drag_box(20, 30, 40, 20)
    (follow,) = hand.project.decisions
    assert follow.box.overlap(type(follow.box)(20, 30, 40, 20)) > 0.9


def test_a_double_click_locks_in_one_undo_step(hand):
    window = hand.window
    hand.pause_at(30)
    hand.drag_box(40, 30, 30, 30)
    hand.pause_at(5)
    before = hand.project
    hand.double_click(*square(5).centre)
    hand.wait(lambda: [d.frame for d in hand.project.decisions] == [5])
    hand.key(Key.Key_Z, CTRL)
    assert hand.project == before
    assert window.document.session.redo_name is not None


def test_a_click_leaves_later_focus_points_alone(hand):
    hand.pause_at(30)
    hand.drag_box(40, 30, 30, 30)
    hand.pause_at(5)
    hand.click(*square(5).centre)
    hand.wait(lambda: [d.frame for d in hand.project.decisions] == [5, 30])


def test_shift_click_holds_the_distance_that_the_readout_says(hand):
    hand.click(100, 10, SHIFT)
    assert hand.project.decisions == (Hold(0, disparity=FAR_PX),)
    hand.wait_for_project()
    assert hand.window.status.tracker.text() == "Holding a distance"
    assert hand.window.status.focus.text().startswith("Focus 8.0 px")


def test_blur_that_the_largest_radius_holds_back_is_shown_in_the_status(hand):
    hand.click(100, 10, SHIFT)
    focus = hand.window.status.focus
    hand.wait(lambda: focus.text().startswith("Focus 8.0 px"))
    assert "largest blur" not in focus.text()
    rows = {row.number.name: row.spin for row in hand.window.inspector.rows}
    rows["Aperture"].setValue(rows["Aperture"].maximum())
    hand.wait(lambda: "largest blur in " in focus.text())


def test_escape_lets_go_and_the_blur_eases_out(hand):
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    hand.pause_at(20)
    hand.key(Key.Key_Escape)
    assert hand.project.decisions[1] == Release(20)
    hand.pause_at(50)
    assert hand.done.focus.strength == 0
    assert np.array_equal(hand.state.plate.refocused, hand.state.plate.original)


def test_undo_and_redo_restore_project_and_picture(hand):
    plain = hand.state.plate.refocused.copy()
    hand.click(100, 10, SHIFT)
    hand.wait_for_project()
    held = hand.state.plate.refocused.copy()
    assert not np.array_equal(plain, held)
    hand.key(Key.Key_Z, CTRL)
    hand.wait_for_project()
    assert not hand.project.decisions
    assert np.array_equal(hand.state.plate.refocused, plain)
    hand.key(Key.Key_Z, CTRL | SHIFT)
    hand.wait_for_project()
    assert np.array_equal(hand.state.plate.refocused, held)


@pytest.mark.parametrize(
    ("key", "modifiers", "lands"),
    [
        (Key.Key_Right, NONE, 21),
        (Key.Key_Left, NONE, 19),
        (Key.Key_Right, SHIFT, 30),
        (Key.Key_Left, SHIFT, 10),
        (Key.Key_Home, NONE, 0),
        (Key.Key_End, NONE, 59),
    ],
)
def test_keys_step_through_the_frames(hand, key, modifiers, lands):
    hand.pause_at(20)
    hand.key(key, modifiers)
    hand.wait_at(lands)


def test_steps_add_up_while_the_preview_is_still_busy(hand):
    for _ in range(7):
        hand.key(Key.Key_Right)
    hand.wait_at(7)


def test_up_and_down_go_from_focus_point_to_focus_point_and_delete_removes_one(hand):
    for frame in (4, 9):
        hand.pause_at(frame)
        hand.click(100, 10, SHIFT)
    hand.key(Key.Key_Up)
    hand.wait_at(4)
    hand.key(Key.Key_Down)
    hand.wait_at(9)
    hand.key(Key.Key_Delete)
    assert [decision.frame for decision in hand.project.decisions] == [4]


def test_i_and_o_set_the_range(hand):
    hand.pause_at(10)
    hand.key(Key.Key_I)
    hand.pause_at(20)
    hand.key(Key.Key_O)
    assert (hand.project.first_frame, hand.project.last_frame) == (10, 20)


def test_space_plays_and_pauses_and_j_k_l_run_both_ways(hand):
    hand.key(Key.Key_Space)
    hand.wait(lambda: hand.state.plate.index > 3)
    hand.key(Key.Key_J)
    hand.wait(lambda: hand.state.speed == -1)
    hand.key(Key.Key_L)
    hand.key(Key.Key_L)
    hand.wait(lambda: hand.state.speed == 2)
    hand.key(Key.Key_K)
    hand.wait(lambda: hand.state.speed == 0)


def test_brackets_change_the_aperture_by_a_third_of_a_stop(hand):
    spin = hand.window.inspector.rows[0].spin
    before = spin.value()
    hand.key(Key.Key_BracketRight)
    assert spin.value() == pytest.approx(before * 2 ** (1 / 6), abs=0.06)
    hand.key(Key.Key_BracketLeft)
    assert spin.value() == pytest.approx(before, abs=0.06)


def test_keys_do_not_fire_while_a_number_is_typed(hand):
    spin = hand.window.inspector.rows[1].spin
    spin.setFocus()
    spin.selectAll()
    for key in (Key.Key_1, Key.Key_0, Key.Key_Space, Key.Key_D, Key.Key_Home):
        hand.key(key, widget=spin)
    hand.key(Key.Key_Return, widget=spin)
    assert hand.project.lens.max_radius_px == 10
    assert hand.viewport.view is View.REFOCUSED
    assert not hand.window.player.playing
    assert hand.viewport.geometry_of_view.zoom is None


def test_holding_b_shows_the_original(hand):
    QTest.keyPress(hand.window, Key.Key_B)
    assert hand.viewport.shows_original
    QTest.keyRelease(hand.window, Key.Key_B)
    assert not hand.viewport.shows_original


def test_views_have_keys(hand):
    for key, view in ((Key.Key_D, View.DISPARITY), (Key.Key_F, View.FOCAL_PLANE), (Key.Key_W, View.WIPE)):
        hand.key(key)
        assert hand.viewport.view is view
    hand.key(Key.Key_D)
    hand.wait(lambda: hand.state.plate.analysis is not None)


def test_the_wheel_zooms_at_the_pointer_and_0_fits_again(hand):
    geometry = hand.viewport.geometry_of_view
    where = QPointF(hand.place(120, 60))
    before = geometry.to_picture(where.x(), where.y())
    turn(hand.viewport, where, 240)
    assert geometry.scale > 1
    assert geometry.to_picture(where.x(), where.y()) == pytest.approx(before)
    hand.key(Key.Key_0)
    assert geometry.zoom is None
    hand.key(Key.Key_1)
    assert geometry.zoom == pytest.approx(1 / hand.viewport.devicePixelRatioF())


def turn(widget, where, angle):
    event = QWheelEvent(
        where, widget.mapToGlobal(where), QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton, NONE,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_the_middle_button_moves_the_picture(hand):
    turn(hand.viewport, QPointF(hand.place(80, 48)), 480)
    before = hand.viewport.geometry_of_view.rect
    hand.drag(hand.viewport, QPoint(200, 200), QPoint(230, 220), MIDDLE)
    after = hand.viewport.geometry_of_view.rect
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((30, 20))


def test_the_wipe_moves_with_the_mouse_and_decides_nothing(hand):
    hand.key(Key.Key_W)
    start = QPoint(round(hand.viewport.wipe_x), 100)
    hand.drag(hand.viewport, start, start + QPoint(60, 0))
    assert hand.viewport.wipe_x == pytest.approx(start.x() + 60, abs=1)
    assert not hand.project.decisions


def test_the_readout_knows_the_place_under_the_pointer(hand):
    send(hand.viewport, QEvent.Type.MouseMove, hand.place(30, 40), Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)
    assert hand.viewport.pointed_at == pytest.approx((30, 40), abs=0.5)


def test_pressing_and_dragging_the_timeline_seeks(hand):
    y = hand.timeline.height() - 8
    start, end = (QPoint(round(hand.timeline.x_of(frame)), y) for frame in (10, 33))
    hand.drag(hand.timeline, start, end)
    hand.wait_at(33)


def test_question_mark_lists_every_action_that_has_a_key(hand):
    hand.key("?")
    assert hand.window.keys_panel.isVisible()
    shown = {label.text() for label in hand.window.keys_panel.findChildren(QLabel)}
    assert {plain(row.text) for row in TABLE if row.keys} <= shown
    hand.key(Key.Key_Escape)
    assert not hand.window.keys_panel.isVisible()


def test_no_key_has_two_meanings():
    keys = [key for row in TABLE for key in row.keys]
    assert len(keys) == len(set(keys))


def test_ctrl_b_follows_before_the_focus_point_too_and_back(hand):
    hand.pause_at(6)
    hand.click(*square(6).centre)
    hand.wait(lambda: hand.project.decisions)
    hand.key(Key.Key_B, CTRL)
    assert hand.project.followed(0) == hand.project.decisions[0]
    hand.pause_at(0)
    hand.wait_for_project()
    assert hand.done.track.state is TrackState.TRACKING
    hand.key(Key.Key_B, CTRL)
    assert hand.project.followed(0) is None


def test_the_machine_chooses_where_asked_to_its_choice_can_be_accepted_and_a_click_overrides_it(hand):
    hand.window.inspector._change("automatic")(True)
    hand.wait(lambda: hand.window.state.chosen)
    hand.wait_for_project()
    chosen = hand.window.state.chosen[0]
    assert chosen.frame == 0 and hand.done.track.state is TrackState.TRACKING
    assert hand.project.decisions == ()
    hand.key(Key.Key_A)
    assert hand.project.decisions == (chosen,)
    hand.wait(lambda: not hand.window.state.chosen)
    hand.key(Key.Key_Delete)
    hand.wait_for_project()
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    assert hand.project.decisions == (Follow(0, square(0), weak=True),)


def test_another_tracker_can_be_chosen_and_taken_back(hand):
    boxes = hand.window.inspector.findChildren(QComboBox)
    tracker = next(box for box in boxes if box.accessibleName() == "Followed by")
    assert [tracker.itemData(number) for number in range(tracker.count())] == list(TRACKERS)
    tracker.activated.emit(tracker.findData("medianflow"))
    assert hand.project.tracker == "medianflow"
    hand.wait_for_project()
    hand.key(Key.Key_Z, CTRL)
    assert hand.project.tracker == tracker.currentData() == "stereo"


def test_the_window_says_that_another_way_to_find_depth_is_at_work_until_its_picture_comes(open_window):
    made, quick = Event(), small_workshop()

    def make_pipeline(source, project, *rest):
        assert project.depth == "sgm" or made.wait(60)
        return quick.make_pipeline(source, project, *rest)

    hand = open_window(workshop=replace(quick, make_pipeline=make_pipeline))
    hand.pause_at(0)
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    hand.wait_for_project()
    hand.window.document.session.edit("Choose depth", replace(hand.project, depth="net"))
    assert hand.viewport.hint == "Computing anew…"
    made.set()
    hand.wait_for_project()
    assert not hand.viewport.hint
