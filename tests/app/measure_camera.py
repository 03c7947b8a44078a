"""How quick the window is on a camera: python -m tests.app.measure_camera [ADDRESS [FPS [SCALE]]], also offscreen.

Plays the pictures of a source side by side as motion JPEG on loopback, from another process. Prints pictures painted,
delay from capture to paint, processor use of the window's process, with and without recording, and how long it takes
from the stream's return to the next picture.
"""

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from PyQt6.QtCore import QSettings
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from app import gui, theme
from app.main_window import MainWindow
from sterefo_core.sources import open_source
from tests.app.hand import Hand
from tests.core.streams import MjpegServer

PLAYED_S, PICTURES = 8.0, 20


def serve(address, fps):
    """Play a source to and fro until standard input ends; lines on it cut the stream and let it come back."""
    with closing(open_source(address)) as source:
        frames = [source.read(index) for index in range(min(PICTURES, len(source)))]
    pictures = [np.hstack([frame.left, frame.right]) for frame in frames]
    with MjpegServer([*pictures, *pictures[-2:0:-1]], fps=float(fps)) as server:
        print(server.url, flush=True)
        for line in sys.stdin:
            server.cut() if line.strip() == "cut" else server.listen()
            print("done", flush=True)


def measure(window, server, scale):
    """Print the figures of one window."""
    hand = Hand(window)
    window.show()
    window.preview.look(scale=scale)
    window.document.open(server.stdout.readline().strip())
    hand.wait(lambda: window.state.plate and window.state.plate.done, 120)
    width, height = window.state.source.size
    hand.drag_box(0.45 * width, 0.45 * height, 0.06 * width, 0.12 * height)
    play(window, "live, following")
    path = Path(window.settings.fileName()).parent / "take.mkv"
    window.preview.set(record_to=path)
    hand.wait(lambda: window.state.take is not None)
    play(window, "and recording")
    taken = window.state.take.progress
    print(f"recorded                {taken.frames} pairs, {taken.missed} dropped, {taken.bytes_written / 1e6:.0f} MB")
    window.preview.set(record_to=None)
    hand.wait(lambda: not window.state.take.progress.running)
    told = (tell(server, "cut"), hand.wait(window.banner.isVisible), time.perf_counter())
    print(f"cut, said after         {(told[2] - told[0]) * 1000:6.0f} ms")
    came_s, index = tell(server, "listen"), window.state.plate.index
    hand.wait(lambda: window.state.plate.index > index)
    print(f"back, shown after       {(time.perf_counter() - came_s) * 1000:6.0f} ms")
    began_s = time.perf_counter()
    window.close()
    print(f"closed after            {(time.perf_counter() - began_s) * 1000:6.0f} ms")


def play(window, name):
    """Print what playing for a while is like."""
    delays, cpu_s, began_s = [], time.process_time(), time.perf_counter()
    note = window.viewport.painted.connect(lambda: delays.append(window.delay_ms))
    QTest.qWait(round(PLAYED_S * 1000))
    window.viewport.painted.disconnect(note)
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    came = window.state.health.frames_per_s
    print(f"{name:<24}{len(delays) / wall_s:6.1f} pictures/s painted of {came:.1f}, {cpu_s / wall_s:.2f} cores")
    periods = np.median(delays) / 1000 * len(delays) / wall_s
    print(f"delay capture to paint  {np.median(delays):6.0f} ms median, {np.quantile(delays, 0.9):.0f} ms 90 %")
    print(f"                        {periods:6.1f} periods from picture to picture")


def tell(server, word):
    """Have the server do something; returns when it was done."""
    server.stdin.write(word + "\n")
    server.stdin.flush()
    server.stdout.readline()
    return time.perf_counter()


def main(address="demo", fps="15", scale="1"):
    """Measure the stream of one address."""
    gui.forget_opencv_plugins()
    theme.install(QApplication([]))
    command = [sys.executable, "-m", "tests.app.measure_camera", "serve", address, fps]
    with TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder  # a calibration of the user's own is of no interest here
        settings = QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            measure(MainWindow(settings), server, float(scale))
            server.stdin.close()


if __name__ == "__main__":
    serve(*sys.argv[2:]) if sys.argv[1:2] == ["serve"] else main(*sys.argv[1:])
