"""How quick and how large the window is: python -m tests.app.measure_window [ADDRESS [SCALE [F:x,y,w,h [SECONDS]]]].

Prints the time from the start of the process to the first refocused frame on the screen, then rate, delay, preview
scale and memory while playing, and a lens change's time. SCALE 0 adapts by itself. Also offscreen; Linux only.
"""

import os
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from app import arguments, gui, theme, wording
from app.main_window import MainWindow
from sterefo_core.project import Project
from sterefo_core.project_file import save_project
from tests.app.hand import Hand
from tests.faults.growth import Held, grown

MIB = 2**20
PEDESTRIAN = "0:554,183,38,112"
"""The demo's."""


def alive_s():
    """Since the process was started."""
    started = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    return float(Path("/proc/uptime").read_text().split()[0]) - started


def measure(window, project_file, scale, seconds):
    """Print the figures of one window."""
    hand = Hand(window)
    painted_s = []
    window.viewport.painted.connect(
        lambda: painted_s.append(alive_s()) if window.viewport.plate and window.viewport.plate.done else None
    )
    window.preview.look(scale=scale)
    gui.open_first(window, str(project_file))
    hand.wait(lambda: painted_s, 120)
    assert hand.done.focus.strength == 1
    print(f"start to first picture  {painted_s[0]:6.2f} s, {time.process_time():.2f} s of them computing")
    play(window, hand, seconds)
    began_s, project = time.perf_counter(), window.document.session.project
    window.document.session.edit("Lens", replace(project, lens=replace(project.lens, max_radius_px=20.0)))
    hand.wait_for_project()
    took_ms, stage_ms = (time.perf_counter() - began_s) * 1000, hand.done.milliseconds["refocus"]
    print(f"lens change, paused     {took_ms:6.0f} ms, of which refocusing {stage_ms:.0f} ms")
    window.document.session = type(window.document.session)(window.document.session.project)
    window.close()


def play(window, hand, seconds):
    """Play, and print what came of it."""
    delays, times, scales, held = [], [], Counter(), []

    def painted():
        delays.append(window.delay_ms)
        times.append(time.perf_counter())
        scales[window.state.pace.scale] += 1

    window.viewport.painted.connect(painted)
    memory = QTimer(timeout=lambda: held.append(Held.now()))
    memory.start(round(seconds * 1000 / 60))
    window.player.toggle()
    QTest.qWait(round(seconds * 1000))
    memory.stop()
    window.player.pause()
    hand.wait(lambda: window.state.speed == 0, 60)
    rate = (len(times) - 1) / (times[-1] - times[0])
    print(f"playing {seconds:4.0f} s          {rate:6.1f} pictures/s painted, {window.state.skipped} frames skipped")
    periods = np.median(delays) * rate / 1000
    print(f"delay capture to paint  {np.median(delays):6.0f} ms median, {np.quantile(delays, 0.9):.0f} ms 90 %")
    print(f"                        {periods:6.1f} periods from picture to picture")
    told = ", ".join(f"{wording.share(count / scales.total())} at {wording.share(at)}" for at, count in scales.items())
    print(f"preview scale           {told} of full size")
    largest, last = max(moment.memory_bytes for moment in held) / MIB, held[-1].memory_bytes / MIB
    print(f"memory resident         {last:6.0f} MiB at the end, {largest:.0f} at most; {grown(held) or 'nothing grew'}")


def main(address="demo", scale="0", track=PEDESTRIAN, seconds="8"):
    """Measure one address."""
    gui.forget_opencv_plugins()
    theme.install(QApplication([]))
    project = Project(source=address, decisions=(arguments.track(track),))
    with TemporaryDirectory() as folder:
        project_file = Path(folder) / "measured.sterefo.json"
        save_project(project, project_file)
        settings = QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat)
        measure(MainWindow(settings), project_file, float(scale), float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
