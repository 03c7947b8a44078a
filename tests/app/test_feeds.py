"""Playing by the clock: what can be made in time is shown, evenly; what cannot is skipped, or playing slows down."""

from itertools import pairwise

import pytest

from app.feeds import LATE_S, Recorded
from app.preview import Wish
from sterefo_core.project import Project

PERIOD_S = 0.04
PLAYING = Wish(project=Project(source="some"), speed=1.0, start=1, loop=False)


class Machine:
    """Plays on a clock of its own: `cost_s` is what a picture costs, `reach` how far the next one may be skipped to."""

    def __init__(self, cost_s, count=250, reach=250):
        self.cost_s, self.reach, self.now_s, self.took_s = cost_s, reach, 0.0, 0.0
        self.feed = Recorded([index * PERIOD_S for index in range(count)], lambda: self.now_s)
        self.served, self.shown = Wish(), []

    def play(self, seconds, wish=PLAYING):
        """The frames shown meanwhile, with the moments at which making them began."""
        end_s, before = self.now_s + seconds, len(self.shown)
        while self.now_s < end_s and not self.feed.ended(wish):
            frame = self.feed.target(wish, self.served)
            self.shown.append((frame, self.now_s))
            following = self.feed.following(frame, wish, self.served, self.took_s)
            then = following and min(following, frame + self.reach)
            self.feed.reached(frame, frame, wish, self.served, then)
            self.served, self.took_s = wish, self.cost_s
            self.now_s += self.cost_s
            self.now_s += self.feed.idle_s(wish)
        return self.shown[before:]


def late(shown):
    return [now_s - frame * PERIOD_S for frame, now_s in shown]


def steps(shown):
    return [after - before for (before, _), (after, _) in pairwise(shown)]


def test_a_machine_that_is_fast_enough_shows_every_frame_when_it_is_due():
    shown = Machine(cost_s=0.03).play(8)
    assert set(steps(shown)) == {1}
    assert max(map(abs, late(shown))) < 1e-6


@pytest.mark.parametrize("periods", [1.2, 1.5, 2.0, 2.6, 3.4, 7.7])
def test_a_slow_machine_shows_as_many_frames_as_it_can_make_evenly_and_in_time(periods):
    shown = Machine(cost_s=periods * PERIOD_S).play(9.5)
    assert set(steps(shown[2:])) <= {int(periods), int(periods) + 1}
    assert max(late(shown)) <= (periods + 1) * PERIOD_S
    assert len(shown) >= 0.97 * 9.5 / (periods * PERIOD_S) - 1


def test_playing_backwards_is_as_even():
    machine = Machine(cost_s=0.1)
    machine.feed.frame = 249
    shown = machine.play(9, Wish(project=Project(source="some"), speed=-1.0, start=1, loop=False))
    assert set(steps(shown[2:])) <= {-2, -3}


def test_after_a_pause_of_the_machine_playing_is_in_time_again():
    machine = Machine(cost_s=0.05)
    machine.play(2)
    machine.now_s += 1.0
    assert max(late(machine.play(3)[3:])) <= 2 * 0.05


def test_where_skipping_brings_too_little_playing_slows_down_and_does_not_hurry_later():
    machine = Machine(cost_s=0.15, reach=2)
    slow = machine.play(3)
    assert set(steps(slow[2:])) == {2}
    machine.cost_s = machine.took_s = 0.03
    assert len(machine.play(1)) >= 1 / PERIOD_S - LATE_S / PERIOD_S - 4


def test_every_frame_is_shown_where_that_is_wished():
    wish = Wish(project=Project(source="some"), speed=4.0, start=1, loop=False, every_frame=True)
    assert set(steps(Machine(cost_s=0.1).play(5, wish))) == {1}


def test_none_is_skipped_from_the_moment_on_at_which_that_is_wished():
    machine = Machine(cost_s=0.1)
    machine.play(1)
    last = machine.shown[-1][0]
    wish = Wish(project=PLAYING.project, speed=1.0, start=1, loop=False, every_frame=True)
    assert [frame for frame, _ in machine.play(1, wish)][:3] == [last + 1, last + 2, last + 3]


def test_a_frame_that_is_made_ready_is_waited_for_rather_than_another_one_shown():
    machine = Machine(cost_s=0.1)
    machine.play(1)
    feed, now_s = machine.feed, machine.now_s
    ready = feed.following(feed.frame, PLAYING, PLAYING, 0.13)
    feed.reached(feed.frame, feed.frame, PLAYING, PLAYING, ready)
    assert ready >= feed.frame + 3
    assert feed.idle_s(PLAYING) == pytest.approx(ready * PERIOD_S - now_s)
    machine.now_s = ready * PERIOD_S - 0.01
    assert feed.target(PLAYING, PLAYING) == feed.frame  # asked for another reason than the clock
    machine.now_s = ready * PERIOD_S + 0.05
    assert feed.target(PLAYING, PLAYING) == ready
