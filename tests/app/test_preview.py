"""The preview thread: opens, seeks exactly, plays by the clock, fails politely and ends."""

import threading
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from app.preview import Preview
from app.preview_state import Phase, Seen, View
from app.preview_worker import PreviewWorker
from sterefo_core.errors import SourceError
from sterefo_core.project import Project
from sterefo_core.types import Follow, Hold
from tests.app.small_parts import SmallDepth, SmallSource, small_workshop, square
from tests.app.waiting import Listener

FOLLOWING = Project(source="small", decisions=(Follow(0, square(0)),))


class Driver(Listener):
    def __init__(self, **source):
        super().__init__()
        self.preview = Preview(self.ring, partial(PreviewWorker, workshop=small_workshop(**source)))

    def wait(self, holds):
        return self.until(self.preview.states, lambda state: self.preview.accepts(state) and holds(state))

    def at(self, index):
        return self.wait(lambda s: s.phase is Phase.READY and s.plate and s.plate.index == index)[-1]


@pytest.fixture
def drive():
    drivers = []

    def start(**source):
        drivers.append(Driver(**source))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.preview.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("preview", "tracker"))]


def test_opening_shows_the_wished_frame(drive):
    driver = drive()
    driver.preview.open(FOLLOWING, frame=7)
    state = driver.at(7)
    assert state.source.name == "small"
    assert state.plate.done.track.box == square(7)


def test_a_seek_gives_the_picture_that_playing_there_gives(drive):
    played, sought = drive(), drive()
    played.preview.open(FOLLOWING)
    played.at(0)
    played.preview.set(every_frame=True, loop=False)
    played.preview.play(8.0)
    there = played.at(59)
    sought.preview.open(FOLLOWING)
    sought.at(0)
    sought.preview.seek(59)
    direct = sought.at(59)
    assert direct.plate.done.track == there.plate.done.track
    assert direct.plate.done.focus == there.plate.done.focus
    assert np.array_equal(direct.plate.refocused, there.plate.refocused)


def test_playing_every_frame_shows_each_once_and_in_order(drive):
    driver = drive(count=20)
    driver.preview.open(FOLLOWING)
    driver.at(0)
    driver.preview.set(every_frame=True, loop=False)
    published = recorded(driver.preview)
    driver.preview.play(4.0)
    driver.wait(lambda s: s.speed == 0 and s.plate.index == 19)
    assert list(dict.fromkeys(state.plate.index for state in published)) == list(range(20))


def recorded(preview):
    """All states from now on, also those that a newer one replaces before they are taken."""
    published, put = [], preview.states.put
    preview.states.put = lambda state: (published.append(state), put(state))
    return published


def test_playing_in_real_time_skips_and_counts(drive):
    driver = drive(count=60, fps=5000.0)
    driver.preview.open(replace(FOLLOWING, decisions=()))
    driver.at(0)
    driver.preview.set(loop=False)
    driver.preview.play(1.0)
    state = driver.wait(lambda s: s.speed == 0 and s.plate.index == 59)[-1]
    assert state.skipped > 0
    driver.preview.look(view=View.ORIGINAL)
    assert driver.wait(lambda s: True)[-1].skipped == state.skipped  # pausing does not forget them


def test_frames_that_playing_skips_are_tracked_all_the_same(drive):
    skipping, sought = drive(fps=5000.0), drive(fps=5000.0)
    for driver in (skipping, sought):
        driver.preview.open(FOLLOWING)
        driver.at(0)
    skipping.preview.set(loop=False)
    skipping.preview.play(1.0)
    there = skipping.wait(lambda s: s.speed == 0 and s.plate.index == 59)[-1]
    sought.preview.seek(59)
    direct = sought.at(59)
    assert there.skipped > 0
    assert direct.plate.done.track == there.plate.done.track
    assert direct.plate.done.focus == there.plate.done.focus


@pytest.fixture
def matched(monkeypatch):
    """The frames whose depth was computed."""
    matched, compute = [], SmallDepth.compute
    monkeypatch.setattr(
        SmallDepth, "compute", lambda depth, frame: (matched.append(frame.index), compute(depth, frame))[1]
    )
    return matched


def test_where_nothing_is_followed_only_frames_that_are_shown_are_worked_on(drive, matched):
    driver = drive(fps=5000.0)
    driver.preview.open(replace(FOLLOWING, decisions=(Hold(0, 8.0),)))
    driver.at(0)
    driver.preview.set(loop=False)
    published = recorded(driver.preview)
    driver.preview.play(1.0)
    state = driver.wait(lambda s: s.speed == 0 and s.plate.index == 59)[-1]
    assert state.skipped > 0
    assert matched == list(dict.fromkeys(state.plate.index for state in published))


def test_playing_again_and_again_tracks_and_matches_every_frame_once_however_many_are_skipped(drive, matched):
    driver = drive(fps=5000.0)
    driver.preview.open(FOLLOWING)
    driver.at(0)
    published = recorded(driver.preview)
    driver.preview.play(1.0)
    driver.wait(lambda s: rounds(published) >= 3)
    driver.preview.play(0.0)
    driver.wait(lambda s: s.speed == 0)
    assert published[-1].skipped > 0
    assert sorted(matched) == list(range(60))
    assert set(published[-1].seen) == {Seen.TRACKING}


def rounds(published):
    """How often playing began anew at the other end."""
    shown = [state.plate.index for state in published if state.plate]
    return sum(after < before for before, after in pairwise(shown))


def test_without_loop_playing_stops_at_the_out_point_and_begins_again_at_the_in_point(drive):
    driver = drive()
    driver.preview.open(replace(FOLLOWING, first_frame=5, last_frame=9), frame=8)
    driver.at(8)
    driver.preview.set(loop=False, every_frame=True)
    driver.preview.play(1.0)
    driver.wait(lambda s: s.speed == 0 and s.plate.index == 9)
    published = recorded(driver.preview)
    driver.preview.play(1.0)
    driver.wait(lambda s: s.plate.index != 9)
    assert next(state.plate.index for state in published if state.plate.index != 9) == 5


def test_playing_backwards_runs_to_the_first_frame(drive):
    driver = drive(count=10)
    driver.preview.open(FOLLOWING, frame=6)
    driver.at(6)
    driver.preview.set(loop=False)
    driver.preview.play(-4.0)
    driver.wait(lambda s: s.speed == 0 and s.plate.index == 0)


def test_another_lens_renders_the_same_frame_without_depth_and_tracking(drive):
    driver = drive()
    driver.preview.open(FOLLOWING, frame=3)
    before = driver.at(3)
    driver.preview.edit(replace(FOLLOWING, lens=replace(FOLLOWING.lens, aperture=1.0)))
    after = driver.wait(lambda s: s.plate.done is not before.plate.done)[-1]
    assert not np.array_equal(after.plate.refocused, before.plate.refocused)
    assert not {"depth", "track", "decode"} & after.plate.done.milliseconds.keys()


def test_a_view_is_dressed_without_rendering_again(drive):
    driver = drive()
    driver.preview.open(FOLLOWING)
    before = driver.at(0)
    driver.preview.look(view=View.DISPARITY)
    after = driver.wait(lambda s: s.plate.analysis is not None)[-1]
    assert after.plate.done is before.plate.done


@pytest.mark.parametrize("decision", [Hold(0, disparity=20.0), Follow(0, square(0))])
def test_playing_says_a_bad_frame_keeps_its_picture_meanwhile_and_goes_on(drive, decision):
    driver = drive(bad=12)
    driver.preview.open(replace(FOLLOWING, decisions=(decision,)), frame=8)
    driver.at(8)
    driver.preview.set(every_frame=True)
    published = recorded(driver.preview)
    driver.preview.play(4.0)
    driver.wait(lambda s: 16 in [state.plate.index for state in published])
    failed = next(state for state in published if state.failure)
    assert "frame012.png" in failed.failure
    assert (failed.plate.index, failed.speed) == (11, 4.0)
    later = next(state for state in published if state.plate.index == 16)
    assert later.failure == failed.failure  # there is time to read it
    driver.preview.play(0.0)
    driver.preview.seek(13)
    assert driver.at(13).failure is None


def test_a_seek_to_a_bad_frame_says_so_and_stays(drive):
    driver = drive(bad=12)
    driver.preview.open(FOLLOWING, frame=8)
    driver.at(8)
    driver.preview.seek(12)
    failed = driver.wait(lambda s: s.failure)[-1]
    assert "frame012.png" in failed.failure and failed.plate.index == 8


def test_after_a_source_that_cannot_be_opened_the_next_one_can_be():
    listener = Listener()
    parts = replace(small_workshop(), open_source=open_only_small)
    preview = Preview(listener.ring, partial(PreviewWorker, workshop=parts))
    try:
        preview.open(Project(source="absent"))
        failed = listener.until(preview.states, lambda s: s.phase is Phase.FAILED)[-1]
        assert failed.failure == "absent does not exist"
        preview.open(FOLLOWING)
        assert listener.until(preview.states, lambda s: s.phase is Phase.READY)[-1].failure is None
    finally:
        preview.close()


def open_only_small(project):
    if project.source == "absent":
        raise SourceError("absent does not exist")
    return SmallSource()


def test_a_click_is_answered_with_a_box(drive):
    driver = drive()
    driver.preview.open(replace(FOLLOWING, decisions=()))
    done = driver.at(0).plate.done
    request = driver.preview.pick(done, 20, 40)
    picked = driver.wait(lambda s: s.picked)[-1].picked
    assert (picked.request, picked.box) == (request, square(0))


def test_what_was_seen_is_told_for_every_frame(drive):
    driver = drive(count=10)
    driver.preview.open(FOLLOWING)
    driver.at(0)
    driver.preview.seek(4)
    seen = driver.at(4).seen
    assert seen[0] is seen[4] is Seen.TRACKING
    assert seen[3] is Seen.TRACKING  # looked at on the way
    assert seen[8] is Seen.TRACKING  # looked at ahead
    assert seen[9] is Seen.NOTHING


def test_five_hundred_fast_seeks_end_at_the_last_one(drive):
    driver = drive()
    driver.preview.open(FOLLOWING)
    for index in range(500):
        driver.preview.seek((index * 37) % 60, scrubbing=True)
    driver.preview.seek(41)
    assert driver.at(41).plate.done.track.box == square(41)


def test_while_suspended_nothing_is_rendered_and_the_seek_is_kept_for_later(drive):
    driver = drive()
    driver.preview.open(FOLLOWING)
    driver.at(0)
    driver.preview.set(suspended=True)
    driver.preview.seek(9)
    assert driver.wait(lambda s: True)[-1].plate.index == 0
    driver.preview.set(suspended=False)
    driver.at(9)
