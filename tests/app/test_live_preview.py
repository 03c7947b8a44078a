"""The preview thread on a camera: takes the newest pair, looks at what it took, freezes, waits out a stall, ends."""

import gc
import threading
from dataclasses import replace
from functools import partial
from threading import Event

import pytest

from app.preview import Preview
from app.preview_state import Phase
from app.preview_worker import PreviewWorker
from app.stage import KEPT_FRAMES
from sterefo_core.live import CameraState
from sterefo_core.project import Project
from sterefo_core.types import Follow, Track, TrackState
from tests.app.live_parts import KEPT, SmallCamera, camera_workshop
from tests.app.small_parts import SmallSource, small_workshop, square
from tests.app.waiting import Listener


class Viewer(Listener):
    """A preview of a camera, whose pairs come when `shows` asks for them."""

    def __init__(self):
        super().__init__()
        self.camera = SmallCamera()
        self.preview = Preview(self.ring, partial(PreviewWorker, workshop=camera_workshop(self.camera)))
        self.preview.open(Project(source="camera"), speed=1.0)

    def wait(self, holds):
        return self.until(self.preview.states, holds)[-1]

    def shows(self, moment):
        """The state that shows the pair of this moment."""
        index = self.camera.taken
        self.camera.come(moment)
        return self.wait(lambda s: s.phase is Phase.READY and s.plate.done and s.plate.index == index)

    def follows(self, index, moment):
        """The first state after it was decided to follow the square of this moment from this frame on."""
        decisions = (Follow(index, square(moment)),)
        self.preview.edit(Project(source="camera", decisions=decisions))
        return self.wait(lambda s: s.project and s.project.decisions == decisions)


@pytest.fixture
def viewer():
    viewer = Viewer()
    viewer.camera.come(0)
    viewer.wait(lambda s: s.plate)
    yield viewer
    viewer.preview.close()
    assert viewer.camera.closed
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("preview", "tracker"))]


def test_every_pair_that_is_taken_is_shown_and_facts_say_that_it_is_live(viewer):
    for moment in range(1, 6):
        state = viewer.shows(moment)
        assert state.plate.done.frame.timestamp_s == pytest.approx(moment / 25)
    assert state.source.live and state.seen == () and state.health.frames_per_s == 25


def test_a_decision_on_a_shown_frame_holds_from_that_frame_on_though_others_came(viewer):
    shown = viewer.shows(1)
    for moment in range(2, 6):
        viewer.shows(moment)
    track = viewer.follows(shown.plate.index, 1).plate.done.track
    assert track.state is TrackState.TRACKING and track.box == square(5)
    assert track.score == 1 / 5  # the tracker was started on the frame that was shown, and saw all since


def test_a_decision_on_a_frame_that_has_passed_begins_at_the_oldest_that_can_be_read(viewer):
    shown = viewer.shows(1)
    for moment in range(2, 30):
        viewer.shows(moment)
    track = viewer.follows(shown.plate.index, 1).plate.done.track
    assert track.box == square(29) and track.score == 1 / KEPT


def test_frozen_it_takes_no_pair_and_decides_on_the_frozen_one_and_goes_on_with_the_newest(viewer):
    frozen = viewer.shows(1)
    viewer.preview.play(0.0)
    viewer.wait(lambda s: s.speed == 0)
    viewer.camera.come(7)
    state = viewer.follows(frozen.plate.index, 1)
    assert state.plate.index == frozen.plate.index and state.plate.done.track.box == square(1)
    viewer.preview.play(1.0)
    assert viewer.wait(lambda s: s.plate.index == frozen.plate.index + 1).plate.done.track.box == square(7)


def test_a_stall_is_told_while_the_last_picture_stays_and_ends_by_itself(viewer):
    last = viewer.shows(1)
    viewer.camera.stall("the camera sends no pictures: trying again in 2 s")
    stalled = viewer.wait(lambda s: s.health.message)
    assert stalled.plate is last.plate and stalled.failure is None
    viewer.camera.recover()
    mended = viewer.shows(2)
    assert mended.health.state is CameraState.LIVE and not mended.health.message


def test_a_wish_is_served_on_the_last_picture_while_no_pictures_come(viewer):
    viewer.shows(1)
    assert viewer.follows(1, 1).plate.done.track.box == square(1)


def test_what_is_kept_of_a_camera_does_not_grow_and_the_tracker_goes_on(viewer):
    viewer.shows(0)
    viewer.follows(1, 0)
    sizes = []
    for count in range(2 * KEPT_FRAMES + 40):
        state = viewer.shows(count % 60)
        if count % KEPT_FRAMES == KEPT_FRAMES - 1:
            gc.collect()
            sizes.append(sum(type(thing) is Track for thing in gc.get_objects()))
    assert sizes[0] <= KEPT_FRAMES + 50 and abs(sizes[1] - sizes[0]) < 20
    assert state.plate.done.track.score == 1 / state.plate.index


def test_another_way_of_computing_goes_on_following_where_the_object_is(viewer):
    viewer.shows(0)
    viewer.follows(1, 0)
    for moment in range(1, 30):
        viewer.shows(moment)
    viewer.preview.look(device="cpu")
    track = viewer.shows(30).plate.done.track
    assert track.box == square(30) and track.score == 1 / 31


def test_closing_before_the_first_picture_does_not_wait_for_it():
    camera, listener = SmallCamera(), Listener()
    preview = Preview(listener.ring, partial(PreviewWorker, workshop=camera_workshop(camera)))
    preview.open(Project(source="camera"), speed=1.0)
    state = listener.until(preview.states, lambda s: s.source)[-1]
    preview.close()
    assert state.plate is None and camera.closed


def test_closing_while_a_camera_does_not_answer_waits_for_nothing_and_closes_it_when_it_does():
    camera, listener, answer, closed = SmallCamera(), Listener(), Event(), Event()
    camera.close = closed.set

    def open_source(project):
        answer.wait(60)
        return camera

    parts = replace(small_workshop(), open_source=open_source)
    preview = Preview(listener.ring, partial(PreviewWorker, workshop=parts))
    preview.open(Project(source="camera"), speed=1.0)
    listener.until(preview.states, lambda s: s.phase is Phase.OPENING)
    preview.close()
    answer.set()
    assert closed.wait(60)


def test_another_source_can_be_opened_while_a_camera_does_not_answer():
    listener, answer = Listener(), Event()

    def open_source(project):
        if project.source == "camera":
            answer.wait(60)
        return SmallSource()

    preview = Preview(
        listener.ring, partial(PreviewWorker, workshop=replace(small_workshop(), open_source=open_source))
    )
    preview.open(Project(source="camera"), speed=1.0)
    listener.until(preview.states, lambda s: s.phase is Phase.OPENING)
    preview.open(Project(source="small"))
    state = listener.until(preview.states, lambda s: s.plate and s.plate.done)[-1]
    answer.set()
    preview.close()
    assert state.source.name == "small"
