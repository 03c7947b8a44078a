"""The real window, offscreen, with settings of its own; every test ends with all threads gone."""

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QApplication

from app import gui, theme
from app.main_window import MainWindow
from app.preview_state import Phase
from tests.app.hand import Hand
from tests.app.small_parts import small_workshop
from tests.threads import none_is_left


@pytest.fixture(scope="session")
def application():
    gui.forget_opencv_plugins()
    app = QApplication.instance() or QApplication([])
    theme.install(app)
    return app


@pytest.fixture
def open_window(application, tmp_path, monkeypatch):
    """A function that opens a window on an address and gives the hand that uses it."""
    monkeypatch.chdir(tmp_path)
    windows = []

    def open_one(address="small", workshop=None):
        settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
        windows.append(MainWindow(settings, workshop or small_workshop()))
        hand = Hand(windows[-1])
        windows[-1].show()
        windows[-1].activateWindow()
        hand.wait(windows[-1].isActiveWindow)
        if address:
            windows[-1].document.open(address)
            hand.wait(lambda: hand.state.phase is Phase.READY and hand.state.plate.done)
        return hand

    yield open_one
    for window in windows:
        window.document.session.save(tmp_path / "put-away.sterefo.json")
        window.close()
        window.deleteLater()
    none_is_left("preview", "tracker", "export", "camera", "record")


@pytest.fixture
def hand(open_window):
    """The hand on a window that shows the small source, paused at frame 0."""
    hand = open_window()
    hand.pause_at(0)
    return hand
