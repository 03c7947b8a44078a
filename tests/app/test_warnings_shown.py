"""A GPU whose memory fills up in mid-run: pictures go on, and the window and the terminal say how."""

import logging
from dataclasses import replace

import pytest
import torch

from app import workshop
from app.commands import main
from app.warnings_shown import WarningsShown
from sterefo_core.refocus import make_renderer
from sterefo_core.refocus.sparing import SparingRenderer
from tests.app.small_parts import small_workshop, square
from tests.moving_square import TRACK, make_sequence

SAYS = "the GPU's memory is full: refocusing goes on on the CPU"


class SoonFull:
    """A renderer whose memory suffices for one picture."""

    def __init__(self):
        self._whole, self._left = make_renderer("cpu"), 1

    def render(self, *picture):
        self._left -= 1
        if self._left < 0:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self._whole.render(*picture)


def soon_full(device, threads=None):
    return SparingRenderer(SoonFull(), [("on the CPU", make_renderer)])


@pytest.fixture
def warned(hand_on_a_soon_full_gpu):
    shown = WarningsShown(hand_on_a_soon_full_gpu.window.status.say)
    logging.getLogger("sterefo_core").addHandler(shown)
    yield hand_on_a_soon_full_gpu
    logging.getLogger("sterefo_core").removeHandler(shown)


@pytest.fixture
def hand_on_a_soon_full_gpu(open_window):
    return open_window(workshop=replace(small_workshop(), make_renderer=soon_full))


def test_the_window_says_how_it_goes_on_and_shows_the_pictures_that_were_asked_for(warned):
    warned.pause_at(0)
    warned.click(square(0).x + 9, square(0).y + 9)
    warned.wait_for_project()
    for index in (4, 8, 12, 16):
        warned.pause_at(index)
    warned.wait(lambda: warned.window.status.remark.text() == SAYS)
    assert (warned.done.image != warned.done.frame.left).any()


def test_an_export_says_how_it_goes_on_and_its_film_is_as_always(tmp_path, monkeypatch, caplog):
    words = ["export", str(make_sequence(tmp_path / "00")), "--track", TRACK, "--codec", "ffv1", "-o"]
    assert main([*words, str(tmp_path / "whole.mkv")]) == 0
    monkeypatch.setattr(workshop, "make_renderer", soon_full)
    assert main([*words, str(tmp_path / "film.mkv")]) == 0
    assert [record.getMessage() for record in caplog.records] == [SAYS]  # on stderr, where nobody takes the log
    assert (tmp_path / "film.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()
