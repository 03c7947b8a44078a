"""The short form of `make soak`, and what it would tell."""

import logging
import sys
import threading
from dataclasses import replace

import pytest

from tests.faults import soak as soaking
from tests.faults.growth import GROWTH_BYTES, Held, grown

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
STEADY = [Held(500_000_000, 8, 20)] * 9


@pytest.mark.full
def test_for_some_seconds_nothing_grows_or_fails():
    held, faults = soaking.soak(seconds=20)
    assert faults == [] and held


def test_one_round_plays_seeks_and_exports_without_a_fault():
    held, faults = soaking.soak(seconds=0, seed=1)
    assert faults == [] and len(held) == 1


@pytest.mark.parametrize(
    ("late", "says"),
    [
        (Held(500_000_000 + GROWTH_BYTES + 1, 8, 20), "memory grew"),
        (Held(500_000_000, 9, 20), "threads grew"),
        (Held(500_000_000, 8, 21), "handles grew"),
    ],
)
def test_what_grows_after_the_warm_up_is_told(late, says):
    assert grown(STEADY) == []
    assert grown([Held(0, 0, 0)] * 3 + STEADY[:6]) == []  # warming up is no growth
    assert [fault.startswith(says) for fault in grown(STEADY[:6] + [late] * 3)] == [True]


def test_what_is_raised_on_a_thread_or_logged_is_told():
    faults = []
    with soaking.told_to(faults):
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        logging.getLogger("any").error("went wrong")
    assert "ZeroDivisionError" in faults[0] and "went wrong" in faults[1]


def test_a_film_that_misses_a_frame_is_told(monkeypatch):
    whole = soaking.video_work
    monkeypatch.setattr(soaking, "video_work", lambda project, settings: whole(shortened(project), settings))
    assert "the export of frames" in soaking.soak(seconds=0)[1][0]


def shortened(project):
    return replace(project, last_frame=project.last_frame - 1)
