"""A recorded source whose disk stops answering in the middle: it is said, and holds up neither work nor the end."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from threading import Event

import pytest

from app import opening
from tests.app.small_parts import SmallSource, small_workshop
from tests.app.test_start import TOP
from tests.moving_square import make_sequence

STUCK, SAID = 20, "small has given no picture for 0 s: wait, or look whether its disk or network is there"


class SilentSource(SmallSource):
    """Frame `STUCK` comes once the test lets it."""

    def __init__(self):
        super().__init__()
        self.asked, self.answer, self.ended = Event(), Event(), Event()

    def read(self, index):
        if index == STUCK:
            self.asked.set()
            assert self.answer.wait(120)
        return super().read(index)

    def close(self):
        super().close()
        self.ended.set()


@pytest.fixture
def silent(open_window, monkeypatch):
    """The hand on a window that waits for a frame, and its source."""
    monkeypatch.setattr(opening, "SILENT_S", 0.2)
    monkeypatch.setattr(opening, "CLOSE_S", 0.1)
    source = SilentSource()
    sources = [source]
    workshop = replace(small_workshop(), open_source=lambda project: sources.pop() if sources else SmallSource())
    hand = open_window(workshop=workshop)
    hand.pause_at(0)
    hand.window.player.seek(STUCK)
    hand.wait(source.asked.is_set)
    yield hand, source
    source.answer.set()
    assert source.ended.wait(60)
    assert source.closed == 1


def banner(hand):
    return hand.window.banner.text.text() if hand.window.banner.isVisible() else ""


def test_a_frame_that_does_not_come_is_said_until_it_comes(silent):
    hand, source = silent
    hand.wait(lambda: banner(hand) == SAID)
    source.answer.set()
    hand.wait_at(STUCK)
    assert not banner(hand)
    hand.window.close()


def test_closing_the_window_does_not_wait_for_a_frame_that_does_not_come(silent):
    hand, source = silent
    hand.window.close()
    assert not hand.window.isVisible()
    assert not source.closed
    assert opening.any_left_behind()


def test_something_else_can_be_opened_while_a_frame_does_not_come(silent):
    hand, source = silent
    hand.wait(lambda: banner(hand) == SAID)
    hand.window.document.open("another")
    hand.wait_at(0)
    assert not banner(hand)
    assert not source.closed


def test_an_export_says_that_a_frame_does_not_come_and_can_be_cancelled(open_window, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "SILENT_S", 0.2)
    monkeypatch.setattr(opening, "CLOSE_S", 0.1)
    hand, source = open_window(), SilentSource()
    hand.window.exports._workshop = replace(small_workshop(), open_source=lambda project: source)
    panel = hand.window.export_panel
    panel.target.setText(str(tmp_path / "never.mp4"))
    panel.start.click()
    hand.wait(lambda: panel.message.text() == SAID)
    panel.cancel.click()
    hand.wait(lambda: panel.message.text() == "Cancelled: nothing was written")
    assert not list(tmp_path.glob("never*"))
    source.answer.set()
    assert source.ended.wait(60)


def test_the_program_ends_though_a_disk_does_not_answer(tmp_path):
    sequence = make_sequence(tmp_path / "07", 6)
    picture = sequence / "image_2" / "000003.png"
    picture.unlink()
    os.mkfifo(picture)
    own = {"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":none", "XDG_CONFIG_HOME": str(tmp_path / "settings")}
    program = subprocess.Popen([sys.executable, "run_app.py", "open", str(sequence)], cwd=TOP, env=os.environ | own)
    try:
        assert is_read_from(picture, program)
        program.send_signal(signal.SIGTERM)
        assert program.wait(120) == 128 + signal.SIGTERM
    finally:
        program.kill()
        program.wait()


def is_read_from(pipe, program):
    """Once a program waits for what is written to a pipe, which nobody ever does; False where it ends before."""
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK) > 0
        except OSError as nobody_reads:
            assert nobody_reads.errno == errno.ENXIO
        with suppress(subprocess.TimeoutExpired):
            program.wait(0.1)
            return False
