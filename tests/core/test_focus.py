import itertools

import numpy as np
import pytest

from sterefo_core.focus import FocusPuller, FocusTimeline
from sterefo_core.project import Project
from sterefo_core.types import Box, Follow, Hold, Release


def pulled(puller, times, wanted, decided_s=0.0, engaged=True):
    return [puller.step(t, wanted(t), engaged, decided_s) for t in times]


def test_the_first_focus_of_all_holds_at_once():
    state = FocusPuller(0.5).step(0.0, 33.0, True, 0.0)
    assert (state.disparity, state.strength) == (33.0, 1.0)


def test_a_rack_takes_its_time_arrives_and_never_overshoots():
    puller = FocusPuller(0.5)
    puller.step(0.0, 10.0, True, 0.0)
    racked = [s.disparity for s in pulled(puller, np.arange(1.0, 2.0, 0.05), lambda t: 50.0, decided_s=1.0)]
    assert racked[0] == 10.0
    assert all(a <= b <= 50.0 for a, b in itertools.pairwise(racked))
    assert racked[5] == pytest.approx(30.0) and racked[10] == 50.0


def test_focus_at_a_time_does_not_depend_on_the_frames_in_between():
    def at_the_end(times):
        puller = FocusPuller(0.6)
        puller.step(0.0, 10.0, True, 0.0)
        return pulled(puller, times, lambda t: 30.0 + 20.0 * t, decided_s=1.0)[-1]

    assert at_the_end(np.linspace(1.0, 1.4, 41)) == at_the_end([1.0, 1.23, 1.4]) == at_the_end([1.13, 1.4])


def test_a_moving_object_is_followed_without_lag_after_the_rack():
    puller = FocusPuller(0.5)
    last = pulled(puller, np.arange(0, 2, 0.1), lambda t: 10 + 30 * t)[-1]
    assert last.disparity == pytest.approx(10 + 30 * 1.9)


def test_the_last_focus_is_held_while_nothing_is_measured():
    puller = FocusPuller(0.2)
    puller.step(0.0, 25.0, True, 0.0)
    assert {s.disparity for s in pulled(puller, [0.1, 0.5, 5.0], lambda t: None)} == {25.0}
    assert puller.step(5.1, None, True, 0.0).strength == 1.0


def test_an_object_found_again_elsewhere_is_racked_to_and_not_jumped_to():
    puller = FocusPuller(0.5)
    puller.step(0.0, 25.0, True, 0.0)
    puller.step(1.0, None, True, 0.0)
    back = pulled(puller, [1.1, 1.2, 1.35, 1.7], lambda t: 45.0)
    assert 25.0 <= back[0].disparity < 30.0 and back[-1].disparity == 45.0


def test_letting_go_eases_the_blur_out_and_keeps_the_distance():
    puller = FocusPuller(0.4)
    puller.step(0.0, 25.0, True, 0.0)
    states = pulled(puller, [1.0, 1.2, 1.4, 2.0], lambda t: None, decided_s=1.0, engaged=False)
    assert [s.strength for s in states] == [1.0, pytest.approx(0.5), 0.0, 0.0]
    assert {s.disparity for s in states} == {25.0}


def test_following_something_after_a_sharp_picture_opens_the_blur_smoothly_on_it():
    puller = FocusPuller(0.4)
    puller.step(0.0, None, False, None)
    states = pulled(puller, [0.1, 0.3, 0.5], lambda t: 60.0, decided_s=0.1)
    assert [s.disparity for s in states] == [60.0] * 3
    assert [s.strength for s in states] == [0.0, pytest.approx(0.5), 1.0]


def held(timeline, index, project):
    wanted = {i: (d := project.active(i)) and getattr(d, "disparity", None) for i in range(100)}
    return timeline.at(index, project, lambda frames: [(i, wanted[i]) for i in frames], lambda ahead: ahead.disparity)


def test_going_back_gives_the_focus_that_playing_there_gave():
    project = Project(decisions=(Hold(3, 10.0), Hold(20, 50.0), Release(40)))
    played = FocusTimeline(lambda i: i / 25)
    straight = [held(played, i, project) for i in range(60)]
    sought = FocusTimeline(lambda i: i / 25)
    assert [held(sought, i, project) for i in (59, 25, 41, 2, 22, 22)] == [straight[i] for i in (59, 25, 41, 2, 22, 22)]


def test_a_change_of_focus_can_be_over_when_its_frame_comes():
    project = Project(decisions=(Hold(0, 10.0), Hold(25, 50.0, arrive=True)), transition_s=0.4)
    timeline = FocusTimeline(lambda i: i / 25)
    focus = [held(timeline, i, project).disparity for i in range(30)]
    assert focus[:16] == [10.0] * 16 and focus[20] == pytest.approx(30.0) and focus[25:] == [50.0] * 5
    assert all(a <= b for a, b in itertools.pairwise(focus))


def test_the_blur_opens_in_time_for_a_first_focus_that_is_to_be_complete_at_its_frame():
    project = Project(decisions=(Hold(20, 50.0, arrive=True),), transition_s=0.4)
    timeline = FocusTimeline(lambda i: i / 25)
    states = [held(timeline, i, project) for i in range(22)]
    assert [s.strength for s in states[:11]] == [0.0] * 11
    assert states[15].strength == pytest.approx(0.5) and states[15].disparity == 50.0
    assert states[20].strength == states[21].strength == 1.0


def test_a_change_that_is_to_be_over_in_time_begins_no_earlier_than_the_decision_before_it():
    project = Project(decisions=(Hold(0, 10.0), Hold(20, 30.0), Hold(22, 50.0, arrive=True)), transition_s=0.4)
    timeline = FocusTimeline(lambda i: i / 25)
    focus = [held(timeline, i, project).disparity for i in range(24)]
    assert focus[:21] == [10.0] * 21 and focus[22] == 50.0


def test_a_changed_decision_changes_the_focus_of_a_frame_already_seen():
    timeline = FocusTimeline(lambda i: i / 25)
    assert held(timeline, 30, Project(decisions=(Hold(0, 10.0),))).disparity == 10.0
    assert held(timeline, 30, Project(decisions=(Hold(0, 12.0),))).disparity == 12.0


def test_without_decisions_nothing_is_in_focus():
    state = held(FocusTimeline(lambda i: i / 25), 5, Project())
    assert (state.disparity, state.strength) == (None, 0.0)


def followed(disparities, band_px, fps=25):
    """The focus on an object of these disparities."""
    project = Project(decisions=(Follow(0, Box(0, 0, 9, 9)),))
    timeline = FocusTimeline(lambda i: i / fps)
    wishes = lambda frames: [(i, disparities[i]) for i in frames]  # noqa: E731
    return [timeline.at(i, project, wishes, lambda ahead: None, band_px).disparity for i in range(len(disparities))]


def test_the_focus_on_a_still_object_does_not_move_while_nobody_could_see_it():
    noisy = 30 + np.random.default_rng(3).normal(0, 0.03, 100)
    assert len(set(followed(noisy, 0.6)[20:])) == 1
    assert len(set(followed(noisy, 0.0)[20:])) > 50


def test_what_leaves_the_dead_band_is_caught_up_with_and_followed_exactly():
    leaving = np.concatenate([np.full(25, 30.0), 30 + 0.4 * np.arange(1, 40)])
    focus = np.array(followed(leaving, 0.6))
    assert (np.abs(focus - leaving)[:32] <= 0.9).all()
    assert np.array_equal(focus[35:], leaving[35:])
    assert (np.diff(focus) >= 0).all() and (focus <= leaving).all()


def test_a_lost_object_found_again_elsewhere_is_not_held_back_by_the_dead_band():
    focus = followed([30.0] * 30 + [None] * 5 + [30.5] * 30, 0.6)
    assert focus[34] == 30.0 and focus[-1] == 30.5
