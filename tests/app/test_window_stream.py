"""The real window on a real motion JPEG server: opened from the panel, followed in, cut and back, frozen, closed."""

from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PyQt6.QtTest import QTest

from app.live_strip import FROZEN, LIVE
from app.preview_state import Phase
from app.workshop import Workshop
from sterefo_core.sources import open_source
from sterefo_core.types import TrackState
from tests.app.hand import CTRL, LEFT, Key
from tests.core.streams import MjpegServer, RtspServer
from tests.moving_square import FOLLOW, make_sequence
from tests.threads import none_is_left

FRAMES = 12
pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A textured square that moves before a wall: left and right pictures."""
    with closing(open_source(make_sequence(tmp_path_factory.mktemp("square") / "00", FRAMES))) as source:
        return [(frame.left, frame.right) for frame in map(source.read, range(FRAMES))]


@pytest.fixture
def server(pairs):
    """Both views side by side, played to and fro so that nothing jumps."""
    with MjpegServer([np.hstack(pair) for pair in (*pairs, *pairs[-2:0:-1])], fps=15) as server:
        yield server


@pytest.fixture
def hand(open_window, server):
    """The hand on a window that shows the stream, opened from the panel."""
    return opened(open_window, server.url)


def opened(open_window, first, second=""):
    """The hand on a window that shows what comes from these addresses."""
    hand = open_window(None, Workshop())
    hand.window.preview.look(scale=0.25)
    panel = hand.window.camera_panel
    panel.offer()
    panel.first.setCurrentText(first)
    panel.second.setCurrentText(second)
    QTest.keyClick(panel.first, Key.Key_Return)
    hand.wait(lambda: hand.state.phase is Phase.READY and hand.state.plate.done)
    return hand


def another(hand, count=1):
    """Until so many newer frames are shown."""
    reached = hand.state.plate.index + count
    hand.wait(lambda: hand.state.plate.index >= reached and hand.state.plate.done)


def true_box(pairs, done):
    """Where the square truly is in the picture that the camera gave."""
    return replace(FOLLOW.box, x=FOLLOW.box.x + nearest(pairs, 0, done.frame.left)[0])


def nearest(pairs, eye, picture):
    """The moment at which this eye saw this picture, and the difference between the two; H.264 adds a row."""
    differences = [cv2.absdiff(pair[eye], picture[: pair[eye].shape[0]]).mean() for pair in pairs]
    return int(np.argmin(differences)), min(differences)


def test_a_click_on_what_moves_before_a_camera_is_followed(hand, pairs):
    assert hand.window.live_strip.words == LIVE and hand.state.source.live
    hand.click(*true_box(pairs, hand.done).centre)
    hand.wait(lambda: hand.project.decisions)
    another(hand, 8)
    assert hand.done.track.state is TrackState.TRACKING
    assert hand.done.track.box.overlap(true_box(pairs, hand.done)) > 0.6
    hand.wait(lambda: hand.window.status.rate.text().endswith("ms delay"))


def test_a_camera_that_speaks_rtsp_is_shown_live(open_window, pairs):
    with RtspServer([np.hstack(pair) for pair in pairs], fps=15) as server:
        hand = opened(open_window, server.url)
        another(hand, 3)
        assert hand.window.live_strip.words == LIVE and hand.window.live_strip.figures.text()
        assert nearest(pairs, 0, hand.done.frame.left)[1] < 8
        hand.window.close()


@pytest.mark.parametrize("kind", [MjpegServer, RtspServer])
def test_two_cameras_are_shown_live_each_to_its_eye_and_their_skew_is_told(open_window, pairs, kind):
    lefts, rights = zip(*pairs, strict=True)
    with kind(lefts, fps=15) as left, kind(rights, fps=15) as right:
        hand = opened(open_window, left.url, right.url)
        another(hand, 3)
        assert hand.state.source.kind.startswith("two live cameras")
        hand.wait(lambda: "ms skew" in hand.window.live_strip.figures.text())
        hand.window.close()


def test_a_cut_stream_is_said_over_the_last_picture_and_comes_back_by_itself(hand, server):
    server.cut()
    hand.wait(hand.window.banner.isVisible)
    assert "connecting again" in hand.window.banner.text.text()
    assert hand.state.plate is not None and hand.state.speed == 1 and hand.state.failure is None
    server.listen()
    hand.wait(lambda: not hand.window.banner.isVisible())
    another(hand)
    assert hand.state.health.reconnects == 1


def test_space_freezes_the_stream_and_goes_on(hand):
    hand.key(Key.Key_Space)
    hand.wait(lambda: hand.window.live_strip.words == FROZEN)
    frozen = hand.state.plate.index
    hand.key(Key.Key_Space)
    another(hand)
    assert hand.state.plate.index > frozen and hand.window.live_strip.words == LIVE


def test_closing_while_the_stream_is_cut_leaves_no_thread(hand, server):
    server.cut()
    hand.wait(hand.window.banner.isVisible)
    hand.window.close()
    none_is_left("camera", "preview", "tracker", "opening")


@pytest.fixture
def films(tmp_path, monkeypatch):
    """Where takes go."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "Videos" / "SteReFo"


def record_some(hand, films):
    """Record until a few pairs are written; returns the file."""
    hand.key(Key.Key_R, CTRL)
    strip = hand.window.live_strip
    hand.wait(lambda: hand.state.take and hand.state.take.progress.frames > 4)
    hand.wait(lambda: strip.record.text() == "Stop recording" and strip.recorded.text().endswith("0 dropped"))
    (path,) = films.glob("*.mkv")
    return path


def test_what_was_recorded_beside_the_preview_is_offered_and_opened(films, hand):
    path = record_some(hand, films)
    before = hand.state.plate.index
    another(hand)
    assert hand.state.plate.index > before  # the preview goes on
    QTest.mouseClick(hand.window.live_strip.record, LEFT)
    card = hand.window.live.recording.card
    hand.wait(card.isVisible)
    assert card.text.text().startswith(f"Recorded {path.name}")
    QTest.mouseClick(card.open_button, LEFT)
    hand.wait(lambda: hand.state.source and not hand.state.source.live)
    assert hand.project.source == str(path) and len(hand.state.source.times_s) > 4
    assert hand.window.timeline.isVisible()


def test_closing_the_window_completes_what_is_being_recorded(films, hand):
    path = record_some(hand, films)
    hand.window.close()
    with closing(open_source(str(path))) as take:
        assert len(take) > 4 and take.read(0).left.shape == take.read(len(take) - 1).left.shape


def test_opening_something_else_completes_what_is_being_recorded_and_offers_it(films, hand):
    path = record_some(hand, films)
    hand.window.document.open("demo")
    hand.wait(hand.window.live.recording.card.isVisible)
    assert path.exists() and hand.window.preview.wish.record_to is None


def test_a_take_goes_on_while_the_picture_is_frozen(films, hand):
    record_some(hand, films)
    hand.key(Key.Key_Space)
    hand.wait(lambda: hand.window.live_strip.words == FROZEN)
    frames = hand.state.take.progress.frames
    hand.wait(lambda: hand.state.take.progress.frames > frames + 2)


def test_a_take_that_cannot_be_begun_is_said_and_the_camera_goes_on(films, hand):
    films.parent.mkdir()
    films.touch()
    hand.key(Key.Key_R, CTRL)
    hand.wait(hand.window.banner.isVisible)
    assert "SteReFo cannot be written to" in hand.window.banner.text.text()
    another(hand)
    assert hand.window.live_strip.record.text() == "Record"
