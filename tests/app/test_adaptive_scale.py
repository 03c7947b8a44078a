"""Playing makes the preview smaller where that holds the rate, and only there; what stands still is in full."""

from dataclasses import replace
from functools import partial
from itertools import pairwise
from random import Random
from time import sleep
from types import SimpleNamespace

import pytest

from app import wording
from app.adaptive_scale import PATIENCE_S, SHARES, STEPS, AdaptiveScale, Cost
from app.pacing import Pacing
from app.preview import Preview, Wish
from app.preview_state import AUTOMATIC, Pace, Phase
from app.preview_worker import PreviewWorker
from sterefo_core.errors import SterefoError
from sterefo_core.export import ExportSettings
from sterefo_core.live import CameraState
from sterefo_core.project import Project
from sterefo_core.types import Follow
from tests.app.live_parts import SmallCamera, camera_workshop
from tests.app.small_parts import SIZE, SmallRenderer, SmallSource, small_workshop, square
from tests.app.waiting import Listener

ASKED_S = 0.04


class Machine:
    """Plays on a clock of its own: what a picture costs is a function of the scale."""

    def __init__(self, rest_s, refocus_s):
        self.adaptive, self.now_s, self.scales = AdaptiveScale(), 0.0, []
        self.costs(rest_s, refocus_s)

    def costs(self, rest_s, refocus_s):
        """From now on; `refocus_s` is of full size."""
        self.cost = lambda scale: Cost(rest_s, refocus_s * SHARES[STEPS.index(scale)])

    def play(self, seconds):
        """The scales of the pictures that were shown meanwhile."""
        end_s, before = self.now_s + seconds, len(self.scales)
        while self.now_s < end_s:
            scale = self.adaptive.scale
            cost = self.cost(scale)
            self.now_s += max(cost.all_s, ASKED_S)
            self.scales.append(scale)
            self.adaptive.shown(self.now_s, ASKED_S, cost)
        return self.scales[before:]

    @property
    def changes(self):
        return sum(a != b for a, b in pairwise(self.scales))


def test_a_machine_that_keeps_the_rate_shows_full_size():
    machine = Machine(rest_s=0.02, refocus_s=0.015)
    assert set(machine.play(60)) == {1.0}
    assert machine.adaptive.held


@pytest.mark.parametrize(("refocus_s", "scale"), [(0.027, 0.71), (0.05, 0.5)])
def test_the_largest_scale_that_holds_the_rate_is_found_within_seconds_and_kept(refocus_s, scale):
    machine = Machine(rest_s=0.02, refocus_s=refocus_s)
    machine.play(3)
    assert set(machine.play(600)) == {scale}
    assert machine.adaptive.held


def test_where_the_rest_alone_is_too_slow_and_refocusing_is_little_nothing_is_made_smaller():
    machine = Machine(rest_s=0.08, refocus_s=0.02)
    assert set(machine.play(60)) == {1.0}
    assert not machine.adaptive.held


def test_where_refocusing_is_most_of_the_time_smaller_is_quicker_even_if_the_rate_is_out_of_reach():
    machine = Machine(rest_s=0.05, refocus_s=0.3)
    machine.play(10)
    assert set(machine.play(60)) == {STEPS[-1]}
    assert not machine.adaptive.held


def test_full_size_comes_back_where_the_rest_has_become_so_slow_that_smaller_pictures_hardly_help():
    machine = Machine(rest_s=0.05, refocus_s=0.3)
    machine.play(60)
    machine.costs(rest_s=0.5, refocus_s=0.1)
    machine.play(20)
    assert set(machine.play(60)) == {1.0}


def test_the_last_little_that_is_missing_is_saved_though_it_is_little():
    machine = Machine(rest_s=0.034, refocus_s=0.009)
    machine.play(3)
    assert set(machine.play(60)) == {0.71}


def test_full_size_comes_back_when_there_is_room_again():
    machine = Machine(rest_s=0.02, refocus_s=0.07)
    machine.play(60)
    machine.costs(rest_s=0.01, refocus_s=0.015)
    machine.play(5)
    assert set(machine.play(60)) == {1.0}


def test_single_slow_pictures_change_nothing():
    machine = Machine(rest_s=0.02, refocus_s=0.015)
    slow = iter(range(10**9))
    machine.cost = lambda scale: Cost(0.4 if next(slow) % 5 == 0 else 0.02, 0.015 * scale)
    assert set(machine.play(60)) == {1.0}


def test_between_two_scales_of_which_none_fits_it_does_not_flicker():
    machine = Machine(0.0, 0.0)
    machine.cost = lambda scale: Cost(0.01, {1.0: 0.04, 0.71: 0.01, 0.5: 0.005}[scale])  # smaller than it should be
    machine.play(60)
    before = machine.changes
    machine.play(600)
    assert 0 < machine.changes - before <= 2 * (600 / PATIENCE_S / 8 + 1)


@pytest.mark.parametrize(
    ("rest_s", "refocus_s"), [(0.035, 0.014), (0.023, 0.014), (0.005, 0.032), (0.041, 0.005), (0.1, 0.1)]
)
def test_a_third_more_or_less_time_from_picture_to_picture_does_not_make_it_flicker(rest_s, refocus_s):
    machine, random = Machine(0.0, 0.0), Random(1)
    machine.cost = lambda scale: Cost(
        rest_s * random.uniform(0.75, 1.33), refocus_s * SHARES[STEPS.index(scale)] * random.uniform(0.75, 1.33)
    )
    machine.play(300)
    assert machine.changes <= 16


def test_smaller_pictures_that_turn_out_no_quicker_are_given_up():
    machine = Machine(0.0, 0.0)
    machine.cost = lambda scale: Cost(0.06 - 0.04 * scale**2, 0.04 * scale**2)  # waits for depth, whatever it does
    machine.play(60)
    later = machine.play(600)
    assert later.count(1.0) > 0.9 * len(later)


def test_what_was_measured_before_a_pause_does_not_count():
    paused, machine = AdaptiveScale(), Machine(rest_s=0.02, refocus_s=0.07)
    for picture in range(200):
        if picture % 5 == 0:
            paused.restart()
        paused.shown(picture * 0.1, ASKED_S, machine.cost(1.0))
    assert paused.scale == 1.0


@pytest.mark.parametrize(("passed", "scale"), [(2, 0.5), (0, 1.0)], ids=["looked at now", "known already"])
def test_frames_looked_at_on_the_way_share_the_rest_of_the_time_and_known_ones_do_not(passed, scale):
    pacing, wish = Pacing(), Wish(speed=1.0)
    for picture in range(40):  # 80 ms each, every other frame: 20 ms of refocusing, and 60 for one frame or for two
        refocus_s = 0.02 * SHARES[STEPS.index(pacing.look(wish, playing_on=True).scale)]
        pacing.passed = passed
        done = SimpleNamespace(milliseconds={"refocus": refocus_s * 1000})
        plate = SimpleNamespace(index=2 * picture, timestamp_s=2 * picture * ASKED_S, done=done)
        pacing.made(plate, wish, None, busy_s=0.06 + refocus_s, now_s=picture * 0.08)
    assert pacing.look(wish, playing_on=True).scale == scale
    assert pacing.pace(pacing.look(wish, playing_on=True), wish).rate == pytest.approx(25)


@pytest.mark.parametrize(
    ("pace", "told"),
    [
        (Pace(), ""),
        (Pace(1.0, 25.0, held=False), ""),
        (Pace(0.5), "Preview at 50 %"),
        (Pace(0.71, 10.0), "Preview at 71 % to hold 10 pictures/s"),
        (Pace(0.5, 29.97, held=False), "Preview at 50 % for 30 pictures/s"),
    ],
)
def test_the_scale_is_told_in_plain_words(pace, told):
    assert wording.pace(pace) == told


class SlowRenderer(SmallRenderer):
    """Takes 0.2 s for a picture of full size, less for fewer pixels; notes how many pixels were asked for.

    Raises `faults`, one after the other.
    """

    def __init__(self):
        self.sizes, self.faults = [], []

    def render(self, image, disparity, focus_disparity, lens, right):
        if self.faults:
            raise self.faults.pop()
        self.sizes.append(disparity.shape[::-1])
        sleep(0.2 * disparity.size / (SIZE[0] * SIZE[1]))
        return super().render(image, disparity, focus_disparity, lens, right)


@pytest.fixture
def slow():
    """A workshop whose renderer is slow, and the renderer."""
    renderer = SlowRenderer()
    return replace(small_workshop(count=30), make_renderer=lambda device: renderer), renderer


@pytest.fixture
def preview(slow):
    """A preview that plays every frame of the small source, following the square, again and again."""
    listener = Listener()
    preview = Preview(listener.ring, partial(PreviewWorker, workshop=slow[0]))
    preview.wait = lambda holds: listener.until(preview.states, holds, timeout_s=60.0)[-1]
    preview.set(every_frame=True)
    preview.open(Project(source="small", decisions=(Follow(0, square(0)),)), speed=1.0)
    yield preview
    preview.close()


def reduced(state):
    return state.phase is Phase.READY and state.pace.scale < 1


def full(state):
    return state.phase is Phase.READY and state.pace.scale == 1


def test_leaving_the_computer_to_an_export_leaves_a_picture_of_full_size(preview, slow):
    preview.wait(reduced)
    preview.set(suspended=True)
    preview.wait(full)
    assert slow[1].sizes[-1] == SIZE


def test_playing_to_the_end_leaves_a_picture_of_full_size(preview, slow):
    preview.wait(reduced)
    preview.set(loop=False)
    state = preview.wait(lambda state: state.speed == 0 and full(state))
    assert state.plate.index == 29
    assert slow[1].sizes[-1] == SIZE


def test_an_error_that_ends_playing_is_told_and_leaves_a_picture_of_full_size(preview, slow):
    preview.wait(reduced)
    slow[1].faults = [SterefoError("the renderer is full")]
    state = preview.wait(lambda state: state.failure and full(state))
    assert (state.speed, state.failure) == (0, "the renderer is full")
    assert slow[1].sizes[-1] == SIZE


def test_an_error_that_comes_again_in_full_size_is_told_and_leaves_the_picture_that_is_there(preview, slow):
    preview.wait(reduced)
    slow[1].faults = [RuntimeError("again"), SterefoError("the renderer is full")]
    state = preview.wait(lambda state: state.failure)
    assert state.failure == "the renderer is full" and state.plate.refocused is not None
    preview.seek(5)
    preview.wait(lambda state: state.generation == preview.wish.generation and full(state))


def test_an_end_that_cannot_be_read_is_told_and_leaves_the_picture_before_it_in_full_size(preview, slow, monkeypatch):
    preview.wait(reduced)
    whole = SmallSource.read
    monkeypatch.setattr(SmallSource, "read", lambda source, index: whole(SmallSource(bad=29), index))
    preview.set(loop=False)
    state = preview.wait(lambda state: state.speed == 0 and full(state))
    assert state.failure == "frame029.png is cut short: copy it again"
    assert state.plate.index == 28
    assert slow[1].sizes[-1] == SIZE


def test_a_camera_that_stalls_leaves_a_picture_of_full_size(slow):
    listener, camera = Listener(), SmallCamera()
    workshop = replace(camera_workshop(camera), make_renderer=slow[0].make_renderer)
    preview = Preview(listener.ring, partial(PreviewWorker, workshop=workshop))
    try:
        preview.open(Project(source="camera", decisions=(Follow(0, square(0)),)), speed=1.0)
        scale, moments = 1.0, iter(range(60))
        while scale == 1:
            moment = next(moments)
            camera.come(moment)
            scale = shown(listener, preview, moment).pace.scale
        camera.stall("the camera sends no pictures")
        stalled = listener.until(preview.states, full)[-1]
        assert stalled.plate.index == moment and stalled.health.state is CameraState.STALLED
        assert slow[1].sizes[-1] == SIZE
    finally:
        preview.close()


def shown(listener, preview, index):
    """The state that shows this frame refocused."""
    return listener.until(preview.states, lambda s: s.plate and s.plate.done and s.plate.index == index)[-1]


def test_a_seek_while_playing_arrives_in_full_size(preview):
    preview.wait(reduced)
    put, all_states = preview.states.put, []
    preview.states.put = lambda state: (all_states.append(state), put(state))
    preview.seek(5)
    preview.wait(lambda state: state.generation == preview.wish.generation and state.phase is Phase.READY)
    first = next(state for state in all_states if state.generation == preview.wish.generation)
    assert (first.plate.index, first.pace.scale) == (5, 1.0)


def test_a_scale_that_was_chosen_is_kept_while_playing_and_in_stills(preview, slow):
    preview.look(scale=0.25)
    preview.wait(lambda state: state.pace == Pace(0.25))
    preview.play(0.0)
    state = preview.wait(lambda state: state.speed == 0)
    assert state.pace == Pace(0.25)
    assert slow[1].sizes[-1] == (SIZE[0] // 4, SIZE[1] // 4)


def test_the_window_gets_smaller_pictures_from_a_slow_machine_and_says_so_until_it_pauses(open_window, slow):
    hand = open_window(workshop=slow[0])
    assert hand.window.preview.wish.look.scale == AUTOMATIC
    hand.pause_at(0)
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    hand.wait_for_project()
    hand.window.player.toggle()
    told, width = hand.window.status.pace, hand.window.width()
    hand.wait(lambda: told.text().startswith("Preview at "), timeout_s=60)
    assert told.text().endswith(" 25 pictures/s")
    assert hand.window.width() == width  # saying so does not widen it
    hand.window.player.pause()
    hand.wait(lambda: hand.state.speed == 0 and hand.state.pace.scale == 1, timeout_s=60)
    assert not told.text()
    assert slow[1].sizes[-1] == SIZE


def test_an_export_is_of_full_size_whatever_the_preview_is(open_window, slow, tmp_path):
    hand = open_window(workshop=slow[0])
    hand.pause_at(0)
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    hand.window.preview.look(scale=0.25)
    hand.window.exports.set_range(0, 1)
    slow[1].sizes.clear()
    hand.window.exports.export(ExportSettings(tmp_path / "film.mp4"))
    hand.wait(lambda: not hand.window.exports.running, timeout_s=60)
    assert SIZE in slow[1].sizes
