"""The window's arithmetic: mailbox, playhead, zoom, edits, settings."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import edits, settings_table, wording
from app.mailbox import Mailbox
from app.playhead import Playhead
from app.view_geometry import ViewGeometry
from sterefo_core.project import Project
from sterefo_core.types import Box, Calibration, Follow, Hold, Release

CALIBRATION = Calibration(700, 0.54, 600, 180)


def test_a_mailbox_keeps_the_newest_and_rings_only_when_it_was_empty():
    rings = []
    box = Mailbox(lambda: rings.append(1))
    for letter in "abc":
        box.put(letter)
    assert (box.take(), box.take(), len(rings), box.overwritten) == ("c", None, 1, 2)
    box.put("d")
    assert len(rings) == 2


@given(st.integers(0, 99), st.floats(0.25, 8), st.booleans(), st.floats(0, 3))
def test_what_is_due_agrees_with_when_it_is_due(start, speed, backwards, later_s):
    times_s = [i / 25 for i in range(100)]
    playhead = Playhead(times_s)
    speed = -speed if backwards else speed
    playhead.start(start, speed, 10.0)
    due = playhead.due(10.0 + later_s)
    assert playhead.due_s(due) <= 10.0 + later_s + 1e-6 or due == start
    beyond = due + (-1 if backwards else 1)
    if 0 <= beyond < 100:
        assert playhead.due_s(beyond) > 10.0 + later_s - 1e-5


@given(st.floats(0.1, 20), st.floats(0, 800), st.floats(0, 600))
def test_zooming_keeps_what_is_under_the_pointer_there(zoom, x, y):
    geometry = ViewGeometry((960, 400), (800, 600))
    before = geometry.to_picture(x, y)
    geometry.zoom_to(zoom, x, y)
    if 0 < geometry.centre[0] < 960 and 0 < geometry.centre[1] < 400:  # not held back by the border
        assert geometry.to_picture(x, y) == pytest.approx(before, abs=1e-6)
    assert geometry.to_view(*geometry.to_picture(x, y)) == pytest.approx((x, y), abs=1e-6)


def test_a_wide_picture_is_letterboxed_in_the_middle():
    assert ViewGeometry((960, 400), (960, 600)).rect == pytest.approx((0, 100, 960, 400))


def test_locking_forgets_later_decisions_only():
    project = Project(decisions=(Hold(2, disparity=3.0), Release(9)))
    locked = edits.follow_to_the_end(project, Follow(5, Box(1, 2, 3, 4)))
    assert locked.decisions == (Hold(2, disparity=3.0), Follow(5, Box(1, 2, 3, 4)))


def test_in_and_out_never_cross():
    project = replace(Project(), first_frame=10, last_frame=20)
    assert edits.with_in(project, 30).last_frame is None
    assert edits.with_out(project, 5).first_frame == 0


def test_neighbouring_focus_points_are_the_nearest_on_that_side():
    project = Project(decisions=(Release(2), Release(5), Release(9)))
    assert (edits.neighbour(project, 5, -1), edits.neighbour(project, 5, 1)) == (2, 9)
    assert edits.neighbour(project, 9, 1) is None


@pytest.mark.parametrize("calibration", [None, CALIBRATION])
def test_every_setting_survives_its_slider_and_reset(calibration):
    for number in settings_table.numbers(calibration):
        for step in (0, number.steps // 2, number.steps):
            value = number.value_at(step)
            assert number.low <= value <= number.high * (1 + 1e-9)
            assert number.step_of(value) == step
            changed = number.write(Project(), value)
            assert number.read(changed) == pytest.approx(value)
        fresh = number.reset(number.write(Project(), number.high))
        assert number.read(fresh) == pytest.approx(number.read(Project()))


def test_an_aperture_step_is_a_third_of_a_stop():
    wider = settings_table.next_aperture(Project(), None, 3)
    assert wider.lens.aperture**2 / Project().lens.aperture ** 2 == pytest.approx(2)


def test_distances_are_said_in_metres_only_where_they_are_known():
    assert wording.distance(35.0, None) == "35.0 px"
    assert wording.distance(35.0, CALIBRATION) == "35.0 px  ·  10.8 m"
    assert wording.metres(0.0, CALIBRATION) == "far"


def test_a_share_is_said_in_whole_percent():
    assert [wording.share(part) for part in (1e-6, 0.01, 0.374, 1.0)] == ["under 1 %", "1 %", "37 %", "100 %"]
