"""The real program starts: on xcb, whichever of OpenCV and Qt is imported first, and says what is missing."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import gui
from sterefo_core.errors import SterefoError

TOP = Path(__file__).resolve().parents[2]
START = """
import os, sys
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
{first}
from app import gui
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication

def look():
    window = next(w for w in QApplication.topLevelWidgets() if hasattr(w, "preview"))
    plate = window.state.plate
    if window.isVisible() and plate is not None and plate.done is not None:
        window.timer.stop()  # closing may let it fire again
        print(QApplication.platformName(), window.viewport.hint, os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH"))
        window.close()

shown = gui.open_first
def open_and_look(window, address):
    shown(window, address)
    window.timer = QTimer(timeout=look)
    window.timer.start(50)
gui.open_first = open_and_look
sys.exit(gui.start())
"""


@contextmanager
def display():
    """An X server of its own, on a number that it finds free."""
    if shutil.which("Xvfb") is None:
        pytest.skip("no Xvfb here: install the package xvfb to run this")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1300x800x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as number:
            yield f":{number.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def ran(settings, platform, screen, *words):
    """Python with these words in a process of its own, once it has ended."""
    own = {"QT_QPA_PLATFORM": platform, "DISPLAY": screen, "XDG_CONFIG_HOME": str(settings)}
    return subprocess.run(
        [sys.executable, *words],
        cwd=TOP,
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.parametrize(
    "first",
    ["import cv2", "from PyQt6.QtWidgets import QApplication"],
    ids=["OpenCV", "Qt"],
)
def test_the_real_program_starts_on_xcb_whichever_module_comes_first(first, tmp_path):
    with display() as name:
        done = ran(tmp_path, "xcb", name, "-c", START.format(first=first))
    assert (done.returncode, done.stdout) == (0, "xcb Click something to focus on it None\n"), done.stderr


TERMINATED = """
import os, signal, sys
from dataclasses import replace
from app import commands, gui
from PyQt6.QtCore import QTimer

def look():
    if window.state.plate is not None and window.state.plate.done is not None:
        session = window.document.session
        session.edit("an edit", replace(session.project, look_ahead=3))
        assert session.dirty
        os.kill(os.getpid(), signal.SIGTERM)

shown = gui.open_first
def open_and_look(opened, address):
    global window
    window = opened
    shown(window, address)
    window.timer = QTimer(timeout=look)
    window.timer.start(50)
gui.open_first = open_and_look
sys.exit(commands.main([]))
"""


def test_who_is_told_to_end_does_so_and_asks_nobody_about_edits(tmp_path):
    done = ran(tmp_path, "offscreen", ":none", "-c", TERMINATED)
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    assert "Traceback" not in done.stderr


def test_gestures_and_keys_work_on_xcb_too(tmp_path):
    with display() as name:
        done = ran(tmp_path, "xcb", name, "-m", "pytest", "tests/app/test_window_gestures.py", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout


def test_opencv_leaves_no_trace_in_the_environment(monkeypatch):
    import cv2

    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", str(Path(cv2.__file__).parent / "qt" / "plugins"))
    monkeypatch.setenv("QT_QPA_FONTDIR", str(Path(cv2.__file__).parent / "qt" / "fonts"))
    gui.forget_opencv_plugins()
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ
    assert "QT_QPA_FONTDIR" not in os.environ


def test_a_path_that_the_user_chose_is_kept(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/usr/lib/qt6/plugins")
    gui.forget_opencv_plugins()
    assert os.environ["QT_QPA_PLATFORM_PLUGIN_PATH"] == "/usr/lib/qt6/plugins"


def test_a_missing_system_library_is_named(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setitem(gui.XCB_LIBRARIES, "libxcb-of-nobody.so.0", "libxcb-of-nobody0")
    with pytest.raises(SterefoError, match=r"apt-get install .*libxcb-of-nobody0"):
        gui.check_libraries()
