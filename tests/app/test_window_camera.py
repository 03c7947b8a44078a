"""The real window on a camera whose pairs come when the test says so: live, frozen, stalled, decided on, closed."""

from dataclasses import replace

import pytest
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QPushButton

from app.live_strip import FROZEN, LIVE, SILENT
from app.preview_state import Phase
from app.session import Session
from sterefo_core.sources.camera_devices import CameraDevice
from sterefo_core.types import TrackState
from tests.app.hand import CTRL, LEFT, SHIFT, Key
from tests.app.live_parts import SmallCamera, camera_workshop
from tests.app.small_parts import NEAR_PX, SmallSource, square

ADDRESS = "camera:http://eve:hush@10.0.0.7/stream"


@pytest.fixture
def camera():
    return SmallCamera()


@pytest.fixture
def hand(open_window, camera):
    """The hand on a window that shows the camera's first pair."""
    camera.come(0)
    hand = open_window(None, camera_workshop(camera))
    hand.window.document.open(ADDRESS)
    hand.wait(lambda: hand.state.plate)
    comes(hand, camera, 0)
    return hand


def comes(hand, camera, moment):
    """A pair of this moment comes and is shown; returns its number."""
    index = camera.taken
    camera.come(moment)
    hand.wait(lambda: hand.state.phase is Phase.READY and hand.state.plate.index == index and hand.state.plate.done)
    return index


def strip(hand):
    return hand.window.live_strip


def test_a_camera_shows_live_with_its_figures_in_place_of_the_timeline(hand):
    assert strip(hand).words == LIVE and strip(hand).isVisible() and not hand.window.timeline.isVisible()
    assert strip(hand).figures.text() == "25.0 pairs/s  ·  1.5 ms skew"
    assert "frames" not in hand.window.status.remark.text()


def test_a_click_on_a_moving_picture_follows_what_was_there(hand, camera):
    comes(hand, camera, 3)
    hand.click(*square(3).centre)
    hand.wait(lambda: hand.project.decisions)
    for moment in range(4, 9):
        comes(hand, camera, moment)
    assert hand.done.track.state is TrackState.TRACKING and hand.done.track.box == square(8)
    assert hand.done.focus.measured == NEAR_PX


def test_space_freezes_the_picture_and_goes_on_with_the_newest(hand, camera):
    frozen = comes(hand, camera, 1)
    hand.key(Key.Key_Space)
    hand.wait(lambda: strip(hand).words == FROZEN)
    camera.come(20)
    hand.click(*square(1).centre)
    hand.wait(lambda: hand.done.track.box == square(1))
    assert hand.state.plate.index == frozen and hand.window.status.rate.text() == "Frozen"
    hand.key(Key.Key_Space)
    hand.wait(lambda: hand.done.track.box == square(20))
    assert strip(hand).words == LIVE


def test_a_stalled_camera_says_so_over_its_last_picture_until_pictures_come_again(hand, camera):
    last = comes(hand, camera, 1)
    camera.stall("the camera sends no pictures: trying again in 2 s")
    hand.wait(hand.window.banner.isVisible)
    assert "trying again" in hand.window.banner.text.text()
    assert hand.state.plate.index == last and strip(hand).words == SILENT
    camera.recover()
    comes(hand, camera, 2)
    hand.wait(lambda: not hand.window.banner.isVisible())
    assert strip(hand).words == LIVE and "reconnected 1×" in strip(hand).figures.text()


def test_moves_in_time_are_not_offered_and_do_nothing(hand, camera):
    index = comes(hand, camera, 1)
    for key in (Key.Key_Left, Key.Key_Home, Key.Key_J, Key.Key_I):
        hand.key(key)
    assert hand.state.speed == 1 and hand.state.plate.index == index and hand.project.first_frame == 0
    assert not hand.window.actions_table["show_export"].isEnabled()
    assert comes(hand, camera, 2) == index + 1


def test_after_a_camera_a_recorded_source_can_be_moved_in_again(open_window, camera):
    camera.come(0)
    parts = camera_workshop(camera)
    either = replace(parts, open_source=lambda project: camera if project.source == ADDRESS else SmallSource())
    hand = open_window(None, either)
    hand.window.document.open(ADDRESS)
    hand.wait(lambda: hand.state.plate)
    hand.window.document.open("small")
    hand.wait(lambda: hand.state.source and not hand.state.source.live)
    hand.pause_at(7)
    assert camera.closed
    assert hand.window.timeline.isVisible() and hand.window.actions_table["player.next_frame"].isEnabled()


def test_passwords_are_neither_shown_nor_stored(hand, camera, tmp_path):
    path = tmp_path / "eyes.sterefo.json"
    comes(hand, camera, 1)
    shown = [hand.window.windowTitle(), *hand.window.document.recents]
    hand.window.document.session.save(path)
    shown += [path.read_text(), hand.window.windowTitle()]
    assert any("eve@10.0.0.7" in text for text in shown)
    assert not [text for text in shown if "hush" in text]


def test_decisions_on_a_camera_end_with_its_pictures_and_the_lens_is_kept(hand, camera, tmp_path):
    comes(hand, camera, 1)
    hand.click(100, 10, SHIFT)
    hand.key(Key.Key_BracketRight)
    assert hand.project.decisions and not hand.window.isWindowModified()
    hand.window.document.session.save(tmp_path / "eyes.sterefo.json")
    kept = Session.load(tmp_path / "eyes.sterefo.json").project
    assert kept.decisions == () and kept.lens == hand.project.lens


def test_closing_a_camera_asks_nothing_and_ends_it(hand, camera):
    hand.click(100, 10, SHIFT)
    hand.window.close()
    assert not hand.window.isVisible() and camera.closed


def test_without_a_calibration_metres_are_a_dash(hand, camera):
    hand.click(100, 10, SHIFT)
    comes(hand, camera, 20)
    hand.wait(lambda: hand.window.status.focus.text() == "Focus 8.0 px")


def open_panel(hand):
    hand.key(Key.Key_O, CTRL)
    ways = hand.window.open_panel.findChildren(QPushButton)
    QTest.mouseClick(next(way for way in ways if way.text().strip() == "Camera…"), LEFT)
    assert hand.window.camera_panel.isVisible()
    return hand.window.camera_panel


@pytest.fixture
def asked(open_window, camera):
    """The hand on an empty window, and the addresses that are opened in it."""
    addresses = []

    def open_source(project):
        addresses.append(project.source)
        return camera

    parts = replace(
        camera_workshop(camera),
        open_source=open_source,
        find_cameras=lambda: [CameraDevice("2", "Stereo eye", ((2560, 720), (1280, 360)))],
    )
    return open_window(None, parts), addresses


def test_a_camera_is_opened_from_the_panel_by_what_is_typed(asked, camera):
    hand, addresses = asked
    panel = open_panel(hand)
    panel.first.lineEdit().selectAll()
    QTest.keyClicks(panel.first, "http://eve@10.0.0.7/stream")
    QTest.keyClicks(panel.password, "hush@/")
    QTest.mouseClick(panel.swap, LEFT)
    QTest.keyClick(panel.first, Key.Key_Return)
    camera.come(0)
    hand.wait(lambda: hand.state.plate)
    assert addresses == ["camera:http://eve:hush%40%2F@10.0.0.7/stream#swap"]
    assert not panel.isVisible() and not panel.password.text()


def test_the_panel_lists_the_cameras_that_are_there_and_asks_drivers_for_size_and_exposure(asked):
    hand, _ = asked
    panel = open_panel(hand)
    assert panel.first.currentText() == "Stereo eye (2)"
    assert [panel.resolution.itemText(at) for at in range(3)] == ["As the driver likes", "2560x720", "1280x360"]
    panel.resolution.setCurrentText("2560x720")
    QTest.keyClicks(panel.exposure, "-6")
    assert panel.address == "camera:2#size=2560x720&exposure=-6"
    panel.second.setCurrentText("rtsp://10.0.0.8/right")
    assert panel.address == "camera:2,rtsp://10.0.0.8/right#size=2560x720&exposure=-6"
    panel.first.setCurrentText("rtsp://10.0.0.8/left")
    assert panel.address == "camera:rtsp://10.0.0.8/left,rtsp://10.0.0.8/right"  # a stream's size is not ours to choose


def test_the_panel_remembers_the_last_camera_without_its_password(asked, tmp_path):
    hand, _ = asked
    panel = open_panel(hand)
    panel.first.setCurrentText("rtsp://eve:hush@10.0.0.7/live")
    panel.layout_box.setCurrentText("One above the other")
    QTest.mouseClick(panel.open_button, LEFT)
    hand.window.settings.sync()
    assert "hush" not in (tmp_path / "settings.ini").read_text()
    panel.first.setCurrentText("")
    panel = open_panel(hand)
    assert panel.address == "camera:rtsp://eve@10.0.0.7/live#layout=top-bottom"


def test_what_is_no_camera_is_said_in_the_panel(asked):
    hand, addresses = asked
    panel = open_panel(hand)
    panel.first.setCurrentText("my webcam")
    QTest.mouseClick(panel.open_button, LEFT)
    assert panel.isVisible() and "my webcam" in panel.message.text() and not addresses


def test_escape_closes_the_panel(asked):
    hand, _ = asked
    panel = open_panel(hand)
    hand.key(Key.Key_Escape, widget=panel.first)
    assert not panel.isVisible()
