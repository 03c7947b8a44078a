"""Starts Qt: names a missing system library rather than letting Qt abort, dresses the application, shows the window."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

import cv2
from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtWidgets import QApplication

from app import remembered, theme
from app.icons import app_icon
from app.main_window import MainWindow
from app.opening import any_left_behind
from app.warnings_shown import WarningsShown
from sterefo_core.errors import SterefoError
from sterefo_core.sources import DEMO

# What Qt's plug-in for X11 loads, and the Debian packages that bring it. Where one is missing Qt aborts the process and
# always blames libxcb-cursor0.
XCB_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


def start(address: str = DEMO) -> int:
    """Open the window on an address and run until it is closed; returns the exit status."""
    forget_opencv_plugins()
    check_libraries()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("SteReFo")
    app.setDesktopFileName("sterefo")
    app.setWindowIcon(app_icon())
    theme.install(app)
    settings = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "sterefo", "sterefo")
    window = MainWindow(remembered.sound(settings))
    logging.getLogger("sterefo_core").addHandler(WarningsShown(window.status.say))
    signal.signal(signal.SIGINT, lambda *_: window.close())
    signal.signal(signal.SIGTERM, lambda number, _: app.exit(128 + number))  # there may be nobody to ask about edits
    heartbeat = QTimer()  # lets Python see signals while Qt waits for events
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(200)
    open_first(window, address)
    try:
        status = app.exec()
    finally:
        window.end_work()
    if any_left_behind():
        settings.sync()
        os._exit(status)  # Python would wait for a disk that does not answer, perhaps for ever
    return status


def open_first(window: MainWindow, address: str) -> None:
    """Show the window with something open."""
    window.show()
    window.document.open(address)


def forget_opencv_plugins() -> None:
    """Take back where `import cv2` told Qt to look for its plug-ins and fonts: there lies another version of Qt."""
    own = str(Path(cv2.__file__).parent)
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if os.environ.get(name, "").startswith(own):
            del os.environ[name]


def check_libraries() -> None:
    """Raise SterefoError, naming the packages, where Qt could not open a window on X11."""
    if sys.platform != "linux" or not _will_use_x11():
        return
    missing = [package for library, package in XCB_LIBRARIES.items() if not _loads(library)]
    if missing:
        names = " ".join(missing)
        raise SterefoError(f"the window needs system libraries that are missing: sudo apt-get install {names}")


def _will_use_x11() -> bool:
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    return chosen.startswith("xcb") if chosen else not os.environ.get("WAYLAND_DISPLAY")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
