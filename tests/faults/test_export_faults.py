"""Exports that are killed, whose disk fills up or whose encoder fails: files there are whole, and going on is easy."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from app.commands import main
from sterefo_core import video_encoder
from tests.moving_square import FRAMES, TRACK, make_sequence

TOP = Path(__file__).resolve().parents[2]
OLD = b"the film of yesterday"

CHILD = """
import os, resource, signal, sys
from app import commands
from sterefo_core import export
facts, fault = export.facts, sys.argv[1]
def facts_of(done):  # called while frame 3 is being written
    if done.frame.index == 3 and fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if done.frame.index == 3 and fault == "full disk":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    return facts(done)
export.facts = facts_of
sys.exit(commands.main(sys.argv[2:]))
"""


@pytest.fixture
def sequence(tmp_path):
    return make_sequence(tmp_path / "00")


def words(sequence, target):
    codec = "png" if target.suffix == "" else "ffv1"
    log = target.with_name("log.jsonl")
    return ["export", str(sequence), "--track", TRACK, "--codec", codec, "-o", str(target), "--log", str(log)]


def in_a_child(fault, sequence, target):
    command = [sys.executable, "-c", CHILD, fault, *words(sequence, target)]
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, env=dict(os.environ), check=False)


def contents(place):
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    return {file.name.replace("again", "film"): file.read_bytes() for file in files}


@pytest.mark.parametrize("name", ["film.mkv", "film"], ids=["video", "pictures"])
def test_after_a_kill_the_earlier_film_is_whole_and_the_next_export_is_as_if_nothing_had_been(sequence, tmp_path, name):
    target, again = tmp_path / "out" / name, tmp_path / "out" / name.replace("film", "again")
    target.parent.mkdir()
    assert main(words(sequence, target)) == 0
    before = contents(target)
    assert in_a_child("kill", sequence, target).returncode == -signal.SIGKILL
    assert target.with_name(name + ".part").exists()  # it was killed in the middle
    assert contents(target) == before
    assert main(words(sequence, target)) == 0 and main(words(sequence, again)) == 0
    assert contents(target) == contents(again) == before
    assert not [path for path in target.parent.iterdir() if path.suffix == ".part"]


@pytest.mark.parametrize("name", ["film.mkv", "film"], ids=["video", "pictures"])
def test_a_disk_that_fills_up_is_one_line_and_the_earlier_film_stays(sequence, tmp_path, name):
    target = tmp_path / "out" / name
    earlier = target if target.suffix else target / "000000.png"
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(OLD)
    done = in_a_child("full disk", sequence, target)
    said = [line for line in done.stderr.splitlines() if line]
    assert done.returncode == 1 and len(said) == 1 and said[0].startswith(f"error: cannot write {target}"), done.stderr
    assert [path.name for path in target.parent.iterdir()] == [target.name] and earlier.read_bytes() == OLD


def test_an_encoder_that_fails_is_one_line_and_the_earlier_film_stays(sequence, tmp_path, monkeypatch, capfd):
    target = tmp_path / "out" / "film.mkv"
    target.parent.mkdir()
    target.write_bytes(OLD)
    whole, frames = video_encoder.frame_from_rgb, []

    def failing(image: np.ndarray, pixel_format: str):
        frames.append(image)
        if len(frames) == FRAMES - 1:
            raise av.error.ExternalError(-542398533, "Generic error in an external library")
        return whole(image, pixel_format)

    monkeypatch.setattr(video_encoder, "frame_from_rgb", failing)
    assert main(words(sequence, target)) == 1
    said = [line for line in capfd.readouterr().err.splitlines() if line]
    assert len(said) == 1 and "Generic error in an external library: choose another place or codec" in said[0]
    assert {path.name: path.read_bytes() for path in target.parent.iterdir()} == {target.name: OLD}
