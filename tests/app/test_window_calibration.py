"""The calibration wizard in the real window, on a rendered session: a board before two known, distorted cameras."""

from dataclasses import replace

import pytest
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog, QLineEdit

from app.calibration_control import raw_address
from sterefo_core.calibration.board import Board
from sterefo_core.calibration.store import rectification_for
from sterefo_core.evaluation.board_views import board_views, known_rig, session_poses
from sterefo_core.types import StereoFrame
from tests.app.hand import LEFT, Key
from tests.app.live_parts import SmallCamera, camera_workshop

ADDRESS = "camera:http://10.0.0.7/stream#swap"
SIZE = 400, 300
BOARD = Board(columns=7, rows=5, square_m=0.03, marker_m=0.0225)


class Session:
    """A scene of pairs, each of which lasts two pictures, so that the board is seen to be still."""

    size = SIZE

    def __init__(self, pairs):
        self._pairs = pairs

    def read(self, moment):
        return StereoFrame(moment, moment / 10, *self._pairs[moment // 2])


@pytest.fixture(scope="module")
def pairs():
    rig = known_rig(SIZE)
    return [board_views(rig, BOARD, pose) for pose in session_poses(rig, BOARD, 8)]


@pytest.fixture
def camera(pairs):
    return SmallCamera(Session(pairs))


@pytest.fixture
def opened(open_window, camera, tmp_path, monkeypatch):
    """The hand on the wizard, before the first pair; and the addresses that were opened."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "kept"))
    addresses = []

    def open_source(project):
        addresses.append(project.source)
        camera.closed = False
        camera.rectification = None if project.source.endswith("raw") else rectification_for(camera.identity, SIZE)
        camera.come(0)
        return camera

    hand = open_window(None, replace(camera_workshop(camera), open_source=open_source))
    hand.window.document.open(ADDRESS)
    hand.wait(lambda: hand.state.plate)
    hand.window.live.calibration.page.form.columns.setValue(BOARD.columns)
    hand.window.live.calibration.page.form.rows.setValue(BOARD.rows)
    hand.window.live.calibration.page.form.square.setValue(30)
    hand.window.live.calibration.page.form.marker.setValue(22.5)
    QTest.mouseClick(hand.window.live_strip.calibrate, LEFT)
    hand.wait(hand.window.live.calibration.page.guidance.text)
    return hand, addresses


def show(hand, camera, moments):
    """The camera sees these moments, and each is looked at."""
    page = hand.window.live.calibration.page
    for moment in moments:
        index = camera.taken
        camera.come(moment)
        hand.wait(lambda index=index: page.pair.frame and page.pair.frame.index == index)
    return page


def test_a_session_ends_in_a_verdict_and_the_camera_is_rectified_by_it_from_then_on(opened, camera):
    hand, addresses = opened
    page = show(hand, camera, range(16))
    assert page.count.text().startswith("8 views") and len(page.pair.kept[0]) == 8
    assert page.guidance.text().startswith("Hold the board") and page.progress.value() > 70
    QTest.mouseClick(page.solve, LEFT)
    hand.wait(page.use.isVisible)
    assert page.report.text().startswith("<b>Verdict</b> usable: ") and "</b> 61.9" in page.report.text()
    QTest.mouseClick(page.use, LEFT)
    assert not page.isVisible()
    camera.come(1)
    hand.wait(lambda: hand.state.rectified)
    assert addresses == [ADDRESS, f"{ADDRESS}&raw", ADDRESS]
    assert hand.window.live_strip.calibration.text().startswith("calibrated 2")


def test_too_few_views_cannot_be_solved(opened, camera):
    hand, _ = opened
    page = show(hand, camera, range(6))
    assert page.count.text().startswith("3 views") and not page.solve.isEnabled()


def test_another_board_starts_again(opened, camera):
    hand, _ = opened
    page = show(hand, camera, range(4))
    page.form.square.setValue(31)
    page = show(hand, camera, range(4, 6))
    assert page.count.text().startswith("1 view taken") and len(page.pair.kept[0]) == 1


def test_a_board_that_cannot_be_is_said_and_the_session_goes_on(opened, camera):
    hand, _ = opened
    page = show(hand, camera, range(2))
    page.form.marker.setValue(40)
    assert "markers are 0.3 to 0.95" in page.form.message.text()
    assert show(hand, camera, range(2, 4)).count.text().startswith("2 views")


def test_the_board_is_saved_as_a_page_to_print(opened, tmp_path):
    hand, _ = opened
    form = hand.window.live.calibration.page.form
    QTest.mouseClick(form.print, LEFT)
    (dialog,) = form.findChildren(QFileDialog)
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(tmp_path / "board"))
    dialog.accept()
    assert (tmp_path / "board.pdf").read_bytes().startswith(b"%PDF") and "100 %" in form.message.text()


def test_the_board_on_a_screen_is_as_wide_as_the_form_then_says(opened):
    hand, _ = opened
    form = hand.window.live.calibration.page.form
    form.screen_width.setValue(400)
    QTest.mouseClick(form.show_board, LEFT)
    screen = form.board_screen
    hand.wait(screen.isVisible)
    painted = screen.grab().toImage()
    black = [x for x in range(painted.width()) if painted.pixelColor(x, painted.height() // 2).red() < 50]
    across_px = (black[-1] - black[0] + 1) / BOARD.columns  # the middle row begins and ends with a black square
    assert form.square.value() == pytest.approx(across_px * 400 / form.screen().size().width(), abs=0.006)
    assert form.marker.value() == pytest.approx(0.75 * form.square.value(), abs=0.006)
    QTest.keyClick(screen, Key.Key_Escape)


def test_escape_leaves_the_wizard_and_the_camera_goes_on_as_before(opened, camera):
    hand, addresses = opened
    show(hand, camera, range(2))
    hand.key(Key.Key_Escape)
    assert not hand.window.live.calibration.page.isVisible()
    hand.wait(lambda: addresses[-1] == ADDRESS)


def test_another_source_ends_the_wizard(opened, camera):
    hand, addresses = opened
    hand.window.document.open("camera:7")
    hand.wait(lambda: addresses[-1] == "camera:7")
    assert not hand.window.live.calibration.page.isVisible()


@pytest.mark.parametrize(
    ("address", "raw"),
    [
        ("camera:0", "camera:0#raw"),
        ("camera:0,2#swap&calibration=/x/a.json", "camera:0,2#swap&raw"),
        ("rtsp://host/path#raw", "rtsp://host/path#raw"),
    ],
)
def test_a_camera_is_calibrated_from_its_pictures_as_they_come(address, raw):
    assert raw_address(address) == raw
