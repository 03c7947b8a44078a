"""How quick the window is: python -m tests.app.measure_window [ADDRESS [SCALE [F:x,y,w,h]]], also offscreen.

Prints the time from start to the first refocused frame, then rate and delay while playing, and a lens change's time.
"""

import os
import sys
import time
from dataclasses import replace
from tempfile import TemporaryDirectory

BEGAN_S = time.perf_counter()
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np  # noqa: E402
from PyQt6.QtCore import QSettings  # noqa: E402
from PyQt6.QtTest import QTest  # noqa: E402
from PyQt6.QtWidgets import QApplication  # noqa: E402

from app import arguments, gui, theme  # noqa: E402
from app.main_window import MainWindow  # noqa: E402
from app.workshop import demo_project  # noqa: E402
from tests.app.hand import Hand  # noqa: E402

PLAYED_S = 8.0


def measure(window, address, scale, follow):
    """Print the figures of one window."""
    hand = Hand(window)
    window.show()
    window.preview.look(scale=scale)
    window.document.open(address)
    hand.wait(lambda: window.state.plate and window.state.plate.done, 120)
    print(f"first computed frame    {time.perf_counter() - BEGAN_S:6.2f} s after the start of Python's imports")
    hand.pause_at(0)
    window.document.session.edit("Follow", window.document.session.project.with_decision(follow))
    hand.wait_for_project()
    delays, times = [], []
    window.viewport.painted.connect(lambda: (delays.append(window.delay_ms), times.append(time.perf_counter())))
    window.player.toggle()
    QTest.qWait(round(PLAYED_S * 1000))
    window.player.pause()
    hand.wait(lambda: window.state.speed == 0, 60)
    rate = (len(times) - 1) / (times[-1] - times[0])
    print(f"playing                 {rate:6.1f} pictures/s painted, {window.state.skipped} frames skipped by the clock")
    print(f"delay capture to paint  {np.median(delays):6.0f} ms median, {np.quantile(delays, 0.9):.0f} ms 90 %")
    began_s, project = time.perf_counter(), window.document.session.project
    window.document.session.edit("Lens", replace(project, lens=replace(project.lens, max_radius_px=20.0)))
    hand.wait_for_project()
    stage = hand.done.milliseconds["refocus"]
    print(
        f"lens change, paused     {(time.perf_counter() - began_s) * 1000:6.0f} ms, of which refocusing {stage:.0f} ms"
    )
    window.document.session = type(window.document.session)(window.document.session.project)
    window.close()


def main(address="demo", scale="1", track=None):
    """Measure one address."""
    gui.forget_opencv_plugins()
    theme.install(QApplication([]))
    follow = arguments.track(track) if track else demo_project().decisions[0]
    with TemporaryDirectory() as folder:
        settings = QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat)
        measure(MainWindow(settings), address, float(scale), follow)


if __name__ == "__main__":
    main(*sys.argv[1:])
