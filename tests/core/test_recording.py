"""Recordings of real streams: what is in the file, what lies beside it, and what ends it."""

import shutil
import signal
import subprocess
import sys
from contextlib import closing
from itertools import count, islice, pairwise
from pathlib import Path
from threading import Event, Semaphore
from time import monotonic
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from app.commands import main
from sterefo_core import recording as recording_module
from sterefo_core.calibration.drift import row_offsets
from sterefo_core.calibration.rig import CameraModel, StereoRig
from sterefo_core.calibration.rig_file import save_rig
from sterefo_core.errors import CalibrationError, ExportError
from sterefo_core.live import CameraState
from sterefo_core.recording import Recording
from sterefo_core.sources import open_source
from sterefo_core.sources.camera import open_camera
from sterefo_core.sources.rectified import calibration_beside
from sterefo_core.types import Calibration
from sterefo_core.video_writer import open_writer
from tests.core.hand_camera import plug_in
from tests.core.streams import MjpegServer
from tests.threads import PATIENCE_S

TOP = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def camera(stereo_pictures):
    with MjpegServer([np.hstack(pair) for pair in stereo_pictures], fps=50) as server:
        yield server


@pytest.fixture
def by_hand(monkeypatch, stereo_pictures):
    """The camera "camera:0", driven by hand, that took a first picture; a function that takes more, 25 a second."""
    (eye,) = plug_in(monkeypatch, "0")
    numbers = count()

    def take(pairs, source):
        """Take so many more; returns when all have arrived."""
        came = Semaphore(0)
        source.listen(lambda pair: came.release())
        for number in islice(numbers, pairs):
            show(number)
            assert came.acquire(timeout=PATIENCE_S)

    def show(number):
        eye.show(np.hstack(stereo_pictures[number % 8]), 100 + 0.04 * number)

    show(next(numbers))
    return take


@pytest.fixture
def rig_file(tmp_path):
    """The calibration of two cameras of 480x144 that are turned a little against each other."""
    matrix = np.array([[400.0, 0, 240], [0, 400, 72], [0, 0, 1]])
    lens = CameraModel(matrix, np.array([-0.1, 0.02, 0, 0, 0]))
    turned = np.array([[1.0, 0, 0], [0, np.cos(0.02), -np.sin(0.02)], [0, np.sin(0.02), np.cos(0.02)]])
    path = tmp_path / "rig.json"
    save_rig(StereoRig((480, 144), lens, lens, turned, np.array([-0.1, 0, 0])), path)
    return path


def record(source, path, pairs):
    """Record until so many pairs have come; how it went."""
    came = Semaphore(0)
    recording = Recording(source, path)
    source.listen(lambda pair: came.release())
    for _ in range(pairs):
        assert came.acquire(timeout=PATIENCE_S)
    return recording.stop()


def watch_until(source, holds):
    """Take frames as a viewer does until something holds."""
    until_s = monotonic() + PATIENCE_S
    while not holds():
        assert monotonic() < until_s
        source.take(0.05)


def test_every_pair_is_recorded_bit_for_bit_though_nobody_looks(by_hand, stereo_pictures, tmp_path):
    path = tmp_path / "take.mkv"
    with closing(open_camera("camera:0#raw")) as source:
        recording = Recording(source, path)
        by_hand(20, source)
        done = recording.stop()
    assert (done.frames, done.missed, done.message, done.running) == (20, 0, "", False)
    with closing(open_source(path)) as take:
        assert "side-by-side" in take.kind
        assert len(take) == 20
        for index in range(20):
            frame, (left, right) = take.read(index), stereo_pictures[(index + 1) % 8]
            np.testing.assert_array_equal(frame.left, left)
            np.testing.assert_array_equal(frame.right, right)
            assert take.timestamp_s(index) == pytest.approx(0.04 * index, abs=0.001)


def test_a_recording_of_a_calibrated_camera_is_rectified_when_it_is_opened(by_hand, rig_file, tmp_path):
    path = tmp_path / "take.mkv"
    with closing(open_camera(f"camera:0#calibration={rig_file}")) as source:
        recording = Recording(source, path)
        by_hand(1, source)
        live = source.take(PATIENCE_S)
        recording.stop()
        with closing(open_source(path)) as take:
            frame = take.read(0)
            assert take.size == source.size == (frame.left.shape[1], frame.left.shape[0])
            assert take.calibration == frame.calibration == source.calibration
            assert isinstance(take.calibration, Calibration)
            assert "calibrated" in take.kind
    np.testing.assert_array_equal(frame.left, live.left)
    np.testing.assert_array_equal(frame.right, live.right)


def test_two_raw_videos_are_rectified_by_the_calibration_beside_the_left_one(stereo_pictures, rig_file, tmp_path):
    paths = tmp_path / "left.mkv", tmp_path / "right.mkv"
    for path, pictures in zip(paths, zip(*stereo_pictures, strict=True), strict=True):
        with open_writer(path, "ffv1") as writer:
            for number, picture in enumerate(pictures):
                writer.write(picture, number / 25)
    address = f"{paths[0]},{paths[1]}"
    with closing(open_source(address)) as raw:
        assert raw.size == (480, 144)
    shutil.copy(rig_file, calibration_beside(paths[0]))
    with closing(open_source(address)) as rectified:
        assert rectified.size != (480, 144)
        assert rectified.read(3).left.shape[1::-1] == rectified.size
        assert rectified.calibration.baseline_m == pytest.approx(0.1)
        assert rectified.timestamp_s(3) == pytest.approx(0.12)


def test_a_damaged_calibration_beside_a_video_is_told(camera, tmp_path):
    path = tmp_path / "take.mkv"
    with closing(open_camera(camera.url)) as source:
        record(source, path, 3)
    calibration_beside(path).write_text("{}")
    with pytest.raises(CalibrationError, match=r"take\.calibration\.json"):
        open_source(path)


def test_a_recording_goes_on_when_the_camera_comes_back(camera, tmp_path):
    path = tmp_path / "take.mkv"
    with closing(open_camera(camera.url)) as source:
        recording = Recording(source, path)
        watch_until(source, lambda: recording.progress.frames > 2)
        camera.cut()
        watch_until(source, lambda: source.health.state == CameraState.RECONNECTING)
        before = recording.progress.frames
        camera.listen()
        watch_until(source, lambda: recording.progress.frames > before + 2)
        done = recording.stop()
    with closing(open_source(path)) as take:
        times = [take.timestamp_s(index) for index in range(len(take))]
    assert done.message == ""
    assert max(later - earlier for earlier, later in pairwise(times)) > 0.1  # the gap is as long as it was


def test_pairs_that_the_encoder_has_no_time_for_are_counted_and_told(by_hand, tmp_path, monkeypatch):
    monkeypatch.setattr(recording_module, "_WAITING_BYTES", 0)
    go_on = Event()
    with closing(open_camera("camera:0#raw")) as source:
        look = source.look
        monkeypatch.setattr(source, "look", lambda pair: go_on.wait(PATIENCE_S) and look(pair))
        recording = Recording(source, tmp_path / "take.mkv")
        by_hand(14, source)
        assert recording.progress.missed >= 4
        assert "too slow" in recording.progress.message
        go_on.set()
        done = recording.stop()
    assert done.frames >= 8 and done.frames + done.missed == 14


def test_a_recording_ends_whole_before_the_disk_is_full(camera, tmp_path, monkeypatch):
    path = tmp_path / "take.mkv"
    free = 2_000_000

    def usage(folder):
        return SimpleNamespace(free=free - path.stat().st_size if path.exists() else free)

    monkeypatch.setattr(recording_module.shutil, "disk_usage", usage)
    with closing(open_camera(camera.url)) as source:
        recording = Recording(source, path, reserve_bytes=0)
        assert recording.progress.bytes_left <= free
        assert not recording.wait(PATIENCE_S)
        done = recording.stop()
        assert "disk is nearly full" in done.message
        assert source.take(PATIENCE_S)  # the camera runs on
    with closing(open_source(path)) as take:
        assert len(take) == done.frames > 0


def test_a_full_disk_is_refused_at_once(camera, tmp_path):
    with closing(open_camera(camera.url)) as source, pytest.raises(ExportError, match="nearly full"):
        Recording(source, tmp_path / "take.mkv", reserve_bytes=1 << 60)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_only_matroska_is_written(camera, tmp_path):
    path = tmp_path / "take.mkv"
    path.write_text("precious")
    with closing(open_camera(camera.url)) as source:
        with pytest.raises(ExportError, match="exists"):
            Recording(source, path)
        with pytest.raises(ExportError, match=r"\.mkv"):
            Recording(source, tmp_path / "take.mp4")
        with pytest.raises(ExportError, match="create it"):
            Recording(source, tmp_path / "absent" / "take.mkv")
    assert path.read_text() == "precious"


@pytest.mark.usefixtures("by_hand")
def test_a_recording_without_pictures_leaves_nothing(tmp_path):
    with closing(open_camera("camera:0#raw")) as source:
        done = Recording(source, tmp_path / "take.mkv").stop()
    assert "nothing was recorded" in done.message
    assert list(tmp_path.iterdir()) == []


def test_the_space_left_is_told_in_bytes_and_minutes(by_hand, tmp_path, monkeypatch):
    monkeypatch.setattr(recording_module.shutil, "disk_usage", lambda folder: SimpleNamespace(free=3_000_000_000))
    with closing(open_camera("camera:0#raw")) as source:
        recording = Recording(source, tmp_path / "take.mkv")
        by_hand(32, source)
        done = recording.stop()
    assert done.bytes_left == 3_000_000_000 - recording_module.RESERVE_BYTES
    assert done.seconds == pytest.approx(31 * 0.04)
    assert done.minutes_left == pytest.approx(done.bytes_left / (done.bytes_written / done.seconds) / 60)


def test_a_killed_recording_is_readable_up_to_its_last_second(camera, tmp_path):
    path = tmp_path / "take.mkv"
    command = [sys.executable, "run_app.py", "record", camera.url, "-o", str(path)]
    child = subprocess.Popen(command, cwd=TOP, stderr=subprocess.PIPE)
    try:
        told = b""
        while b"0:02," not in told:
            told += (letter := child.stderr.read(1))
            assert letter, told
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stderr.close()
    with closing(open_source(path)) as take:
        assert take.timestamp_s(len(take) - 1) > 1
        assert take.read(len(take) - 1).left.shape == (144, 480, 3)
        assert take.read(0).right.shape == (144, 480, 3)


def test_the_command_records_so_many_seconds(camera, tmp_path, capsys):
    path = tmp_path / "take.mkv"
    assert main(["record", camera.url, "-o", str(path), "--seconds", "1"]) == 0
    assert "frames" in capsys.readouterr().out
    with closing(open_source(path)) as take:
        assert len(take) > 1
    assert main(["record", camera.url, "-o", str(path)]) == 1
    assert "choose another name" in capsys.readouterr().err


def test_a_recording_without_a_calibration_is_aligned_by_sight(stereo_pictures, tmp_path):
    path = tmp_path / "take.mkv"
    warp = cv2.getRotationMatrix2D((240, 72), 1.0, 1.0) + np.array([[0, 0, 0], [0, 0, 4]])
    crooked = [np.hstack([left, cv2.warpAffine(right, warp, (480, 144))]) for left, right in stereo_pictures]
    with MjpegServer(crooked) as camera, closing(open_camera(camera.url)) as source:
        record(source, path, 3)
    with closing(open_source(path)) as take:
        assert "not calibrated" in take.kind
        frame = take.read(1)
        _, offsets = row_offsets(frame.left, frame.right)
    assert abs(np.median(offsets)) < 1
    assert frame.calibration is None
