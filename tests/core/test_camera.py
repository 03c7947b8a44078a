"""Live cameras over real HTTP and RTSP connections on loopback: what arrives, and what happens when they fail."""

import threading
from contextlib import closing, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from time import monotonic

import cv2
import numpy as np
import pytest

from app.commands import main
from sterefo_core.calibration.drift import EVERY, row_offsets
from sterefo_core.calibration.rig import CameraModel, StereoRig
from sterefo_core.calibration.rig_file import save_rig
from sterefo_core.calibration.store import keep
from sterefo_core.depth import make_depth_engine
from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.live import CameraState, LiveSource
from sterefo_core.sources import open_source
from sterefo_core.sources.camera import KEPT_FRAMES, open_camera
from sterefo_core.video_writer import open_writer
from tests.core.hand_camera import plug_in
from tests.core.streams import MjpegServer, RtspServer, TransportServer
from tests.threads import PATIENCE_S, none_is_left

pytestmark = pytest.mark.usefixtures("patient")
SERVERS = pytest.mark.parametrize("server", [MjpegServer, RtspServer])


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    none_is_left("camera")


@pytest.fixture
def side_by_side(stereo_pictures):
    return [np.hstack(pair) for pair in stereo_pictures]


@contextmanager
def two_cameras(server, pairs, left_fps=25.0, right_fps=25.0, right_listening=True):
    """A server for each eye, and the address of both."""
    lefts, rights = zip(*pairs, strict=True)
    with server(lefts, left_fps) as left, server(rights, right_fps, right_listening) as right:
        yield left, right, f"camera:{left.url},{right.url}#raw"  # the servers are out of step: nothing to align by


def number_of(picture, pictures):
    """Which of the pictures this one is, after coding."""
    differences = [np.abs(picture.astype(int) - other).mean() for other in pictures]
    assert min(differences) < 6
    return int(np.argmin(differences))


def until(source, holds):
    """The health for which `holds` is true, while frames are taken as a viewer does; and the last frame taken."""
    end, frame = monotonic() + PATIENCE_S, None
    while monotonic() < end:
        frame = source.take(0.05) or frame
        if holds(source.health):
            return source.health, frame
    raise AssertionError(f"the camera is {source.health}")


@SERVERS
def test_both_eyes_of_one_camera_arrive_right(server, side_by_side, stereo_pictures):
    lefts, rights = zip(*stereo_pictures, strict=True)
    with server(side_by_side) as camera, closing(open_source(camera.url)) as source:
        assert isinstance(source, LiveSource)
        assert source.size == (480, 144)
        frames = [source.read(0)] + [source.take(PATIENCE_S) for _ in range(6)]
        assert [frame.index for frame in frames] == list(range(7))
        for frame in frames:
            assert number_of(frame.left, lefts) == number_of(frame.right, rights)
        disparity = make_depth_engine().compute(frames[-1])
        assert np.median(disparity.values[disparity.valid]) > 2


@SERVERS
def test_two_cameras_make_one_source(server, stereo_pictures):
    lefts, rights = zip(*stereo_pictures, strict=True)
    with two_cameras(server, stereo_pictures) as (_, _, address), closing(open_source(address)) as source:
        for frame in [source.take(PATIENCE_S) for _ in range(4)]:
            number_of(frame.left, lefts)
            number_of(frame.right, rights)


def test_two_cameras_in_step_show_the_same_moment_and_the_skew_is_measured(monkeypatch, stereo_pictures):
    left_eye, right_eye = plug_in(monkeypatch, "0", "2")

    def look(number):
        for eye, picture, late_s in zip((left_eye, right_eye), stereo_pictures[number], (0, 0.007), strict=True):
            eye.show(picture, 100 + 0.04 * number + late_s)

    look(0)
    with closing(open_camera("camera:0,2#raw")) as source:
        for number, (left, right) in enumerate(stereo_pictures[1:], 1):
            look(number)
            frame = source.take(PATIENCE_S)
            assert frame.left is left and frame.right is right
            assert source.health.skew_ms == pytest.approx(7)


def test_swap_exchanges_the_eyes(side_by_side, stereo_pictures):
    with MjpegServer(side_by_side) as camera, closing(open_camera(f"{camera.url}#swap&raw")) as source:
        frame = source.take(PATIENCE_S)
    assert number_of(frame.left, [right for _, right in stereo_pictures]) >= 0
    assert np.abs(frame.left.astype(int) - frame.right).mean() > 6


def test_the_layout_is_recognised_or_obeyed(stereo_pictures):
    stacked = [np.vstack(pair) for pair in stereo_pictures]
    with MjpegServer(stacked) as camera:
        with closing(open_camera(camera.url)) as source:
            assert source.size == (480, 144)
        with closing(open_camera(f"{camera.url}#layout=side-by-side")) as source:
            assert source.size == (240, 288)


def test_one_eye_alone_is_refused_in_one_line():
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    with MjpegServer([noise]) as camera, pytest.raises(SourceError, match="looks like one eye"):
        open_camera(camera.url)


def test_times_are_those_of_the_camera_and_ascend_whatever_it_says(monkeypatch, side_by_side):
    (eye,) = plug_in(monkeypatch, "0")
    eye.show(side_by_side[0], 100.0)
    with closing(open_camera("camera:0#raw")) as source:
        for picture, at_s in zip(side_by_side[1:], (100.04, 100.09, 100.05, 100.13), strict=False):
            eye.show(picture, at_s)
            source.take(PATIENCE_S)
        assert [source.timestamp_s(index) for index in range(5)] == pytest.approx([0, 0.04, 0.09, 0.091, 0.13])
        assert source.captured_s(2) == 100.09


def test_a_picture_is_captured_between_its_sending_and_its_being_taken(side_by_side):
    with MjpegServer(side_by_side) as camera:
        began_s = monotonic()
        with closing(open_camera(camera.url)) as source:
            for index in range(4):
                assert began_s < source.captured_s(index) <= monotonic()
                source.take(PATIENCE_S)


def test_only_the_latest_frames_can_be_read_again(side_by_side):
    with MjpegServer(side_by_side, fps=100) as camera, closing(open_camera(camera.url)) as source:
        taken = [source.take(PATIENCE_S) for _ in range(KEPT_FRAMES)]
        assert source.read(taken[0].index) is taken[0]
        assert len(source) == KEPT_FRAMES + 1
        with pytest.raises(BadFrameError, match="record the camera"):
            source.read(0)
        with pytest.raises(IndexError):
            source.read(len(source))


def test_a_slow_viewer_gets_the_newest_pair_and_misses_the_others(monkeypatch, side_by_side):
    (eye,) = plug_in(monkeypatch, "0")
    eye.show(side_by_side[0], 100.0)
    with closing(open_camera("camera:0#raw")) as source:
        arrived = threading.Semaphore(0)
        source.listen(lambda pair: arrived.release())
        for number in range(1, 7):
            eye.show(side_by_side[number], 100 + 0.04 * number)
            assert arrived.acquire(timeout=PATIENCE_S)
        frame = source.take(PATIENCE_S)
        assert frame.index == 1 and frame.timestamp_s == pytest.approx(0.24)
        assert np.array_equal(np.hstack([frame.left, frame.right]), side_by_side[6])
        assert source.take(0) is None


@SERVERS
def test_a_stream_that_is_cut_comes_back_by_itself(server, side_by_side):
    with server(side_by_side) as camera, closing(open_camera(camera.url)) as source:
        before = source.take(PATIENCE_S)
        camera.cut()
        health, last = until(source, lambda health: health.state == CameraState.RECONNECTING)
        assert "is gone" in health.message
        assert source.read((last or before).index) is (last or before)  # the last picture stays
        camera.listen()
        health, _ = until(source, lambda health: health.state == CameraState.LIVE)
        assert health.reconnects == 1
        assert health.message == ""
        assert source.take(PATIENCE_S)


@SERVERS
def test_a_stream_that_stalls_is_told_and_goes_on(server, side_by_side):
    with server(side_by_side) as camera, closing(open_camera(camera.url)) as source:
        camera.stall()
        health, _ = until(source, lambda health: health.state == CameraState.STALLED)
        assert "no picture for" in health.message
        camera.stall(False)
        health, _ = until(source, lambda health: health.state == CameraState.LIVE)
        assert health.reconnects == 0
        assert source.take(PATIENCE_S)


@SERVERS
def test_a_stream_that_stalls_in_the_midst_of_a_picture_goes_on_from_there(server, side_by_side, stereo_pictures):
    lefts, rights = zip(*stereo_pictures, strict=True)
    with server(side_by_side) as camera, closing(open_camera(camera.url)) as source:
        camera.halt()
        until(source, lambda health: health.state == CameraState.STALLED)
        camera.halt(False)
        health, _ = until(source, lambda health: health.state == CameraState.LIVE)
        frame = source.take(PATIENCE_S)
        assert number_of(frame.left, lefts) == number_of(frame.right, rights)
        assert health.reconnects == 0


@SERVERS
def test_a_camera_whose_clock_stood_still_is_paired_with_the_other_again(server, stereo_pictures, monkeypatch):
    monkeypatch.setattr("sterefo_core.sources.camera_stream._PROMPT_WITHIN_S", 1.0)
    with two_cameras(server, stereo_pictures) as (_, right, address), closing(open_camera(address)) as source:
        right.stall()  # what it sends bears the number of its picture for a time, so that this pause is not in it
        until(source, lambda health: health.state == CameraState.STALLED)
        right.stall(False)
        until(source, lambda health: health.state == CameraState.LIVE)
        assert source.take(PATIENCE_S)


def test_a_camera_whose_pictures_stop_while_its_sound_goes_on_is_told_of_and_let_go(side_by_side):
    with TransportServer(side_by_side) as camera, closing(open_camera(camera.url)) as source:
        assert source.take(PATIENCE_S)
        camera.stall()
        until(source, lambda health: health.state == CameraState.STALLED)
        source.close()
        none_is_left("camera")


@pytest.mark.parametrize("server, patience_s", [(MjpegServer, 0.3), (RtspServer, 2.0), (TransportServer, 2.0)])
def test_a_stream_that_stays_without_pictures_is_opened_anew(server, patience_s, side_by_side, monkeypatch):
    for module in ("camera_mjpeg", "camera_stream"):
        monkeypatch.setattr(f"sterefo_core.sources.{module}.SILENT_S", patience_s)  # of opening, too
    with server(side_by_side) as camera, closing(open_camera(camera.url)) as source:
        camera.stall()
        until(source, lambda health: health.state == CameraState.RECONNECTING)
        camera.stall(False)
        until(source, lambda health: health.reconnects >= 1 and health.state == CameraState.LIVE)


@SERVERS
def test_the_second_camera_may_start_late(server, stereo_pictures):
    lefts, rights = zip(*stereo_pictures, strict=True)
    with two_cameras(server, stereo_pictures, right_listening=False) as (_, right, address):
        threading.Timer(0.5, right.listen).start()
        with closing(open_camera(address)) as source:
            frame = source.take(PATIENCE_S)
            number_of(frame.left, lefts)
            number_of(frame.right, rights)


def test_one_of_two_cameras_is_missed_by_name(stereo_pictures):
    with two_cameras(MjpegServer, stereo_pictures) as (_, right, address), closing(open_camera(address)) as source:
        right.cut()
        health, _ = until(source, lambda health: health.state == CameraState.RECONNECTING)
        assert "the right camera" in health.message
        right.listen()
        until(source, lambda health: health.state == CameraState.LIVE and health.reconnects == 1)


def test_cameras_of_different_rates_out_of_step_never_show_a_picture_twice(stereo_pictures):
    with two_cameras(MjpegServer, stereo_pictures, 40, 23) as (_, _, address), closing(open_camera(address)) as source:
        came, pairs = threading.Semaphore(0), []
        source.listen(lambda pair: (pairs.append(pair), came.release()))
        for _ in range(10):
            assert came.acquire(timeout=PATIENCE_S)
    for eye in ("left", "right"):
        grabs = [getattr(pair, eye) for pair in pairs]
        assert all(one.captured_s < next_one.captured_s for one, next_one in pairwise(grabs))


@SERVERS
def test_a_resolution_that_changes_is_told_and_scaled(server, side_by_side, stereo_pictures):
    lefts = [left for left, _ in stereo_pictures]
    with server(side_by_side) as camera, closing(open_camera(camera.url)) as source:
        camera.play([cv2.resize(picture, (480, 72), interpolation=cv2.INTER_AREA) for picture in side_by_side])
        health, _ = until(source, lambda health: "240x72" in health.message)
        assert "480x144" in health.message
        frame = source.take(PATIENCE_S)
        assert frame.left.shape == (144, 480, 3)
        number_of(cv2.GaussianBlur(frame.left, (5, 5), 0), [cv2.GaussianBlur(left, (5, 5), 0) for left in lefts])
        camera.play(side_by_side)
        until(source, lambda health: health.state == CameraState.LIVE and not health.message)


def test_damaged_pictures_are_passed_over_and_told(side_by_side):
    with MjpegServer(side_by_side, fps=50) as camera, closing(open_camera(camera.url)) as source:
        camera.damage = lambda jpeg: jpeg[: len(jpeg) // 2]
        health, _ = until(source, lambda health: "damaged" in health.message)
        assert health.state == CameraState.STALLED
        camera.damage = lambda jpeg: jpeg
        until(source, lambda health: health.state == CameraState.LIVE)
        frame = source.take(PATIENCE_S)
        number_of(np.hstack([frame.left, frame.right]), side_by_side)


def test_parts_that_do_not_tell_their_length_are_read_to_the_boundary(side_by_side):
    with MjpegServer(side_by_side, with_length=False) as camera, closing(open_camera(camera.url)) as source:
        for frame in [source.take(PATIENCE_S) for _ in range(4)]:
            number_of(np.hstack([frame.left, frame.right]), side_by_side)


def test_a_camera_that_asks_for_a_password_gets_it_and_nobody_else_does(side_by_side, monkeypatch):
    with MjpegServer(side_by_side, user="bob:hunter2") as camera:
        with_password = camera.url.replace("//", "//bob:hunter2@")
        with closing(open_camera(with_password)) as source:
            told = f"{source.name} {source.kind} {source.identity} {source.health}"
        assert "hunter2" not in told
        with pytest.raises(SourceError, match="user and a password"):
            open_camera(camera.url)
        with pytest.raises(SourceError) as raised:
            open_camera(with_password.replace("hunter2", "hunter3"))
        assert "hunter3" not in str(raised.value)
        monkeypatch.setenv("STEREFO_CAMERA_PASSWORD", "hunter2")
        open_camera(camera.url.replace("//", "//bob@")).close()


@SERVERS
@pytest.mark.parametrize("state", ["playing", "stalled", "cut"])
def test_closing_waits_for_no_camera_whatever_it_does(server, state, side_by_side):
    with server(side_by_side) as camera:
        source = open_camera(camera.url)
        if state == "stalled":
            camera.stall()
            until(source, lambda health: health.state == CameraState.STALLED)
        if state == "cut":
            camera.cut()
            until(source, lambda health: health.state == CameraState.RECONNECTING)
        began = monotonic()
        source.close()
        assert monotonic() - began < PATIENCE_S / 2
        assert source.take(0.1) is None
        source.close()


def test_closing_does_not_wait_for_a_driver_that_does_not_answer(monkeypatch, side_by_side):
    (eye,) = plug_in(monkeypatch, "0")
    eye.show(side_by_side[0], 100.0)
    source = open_camera("camera:0#raw")
    give_up, eye.interrupt = eye.interrupt, lambda: None
    source.close()
    assert "camera" in [thread.name for thread in threading.enumerate()]
    give_up()


def test_a_viewer_that_waits_is_woken_by_closing(side_by_side):
    with MjpegServer(side_by_side) as camera:
        source = open_camera(camera.url)
        camera.stall()
        while source.take(0.2):
            pass
        threading.Timer(0.1, source.close).start()
        began = monotonic()
        assert source.take(PATIENCE_S) is None
        assert monotonic() - began < PATIENCE_S / 2


def test_a_camera_that_is_not_there_is_told_at_once():
    began = monotonic()
    with pytest.raises(SourceError, match="/dev/video97 is not there"):
        open_camera("camera:97", timeout_s=PATIENCE_S)
    assert monotonic() - began < PATIENCE_S / 2


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_camera_that_nobody_answers_for_ends_in_one_line(scheme, side_by_side):
    with MjpegServer(side_by_side, listening=False) as camera, pytest.raises(SourceError) as raised:
        open_camera(f"{scheme}://bob:hunter2@127.0.0.1:{camera.port}/x", timeout_s=2)
    assert "nobody answers" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_two_cameras_of_different_sizes_are_refused(stereo_pictures):
    left, right = stereo_pictures[0]
    pair = left, cv2.resize(right, (240, 72))
    refusal = pytest.raises(SourceError, match="480x144 pixels and the right one 240x72")
    with two_cameras(MjpegServer, [pair]) as (_, _, address), refusal:
        open_camera(address)


def test_an_uncalibrated_camera_is_aligned_by_sight_and_has_no_metres(stereo_pictures):
    lowered = [np.hstack([left, np.roll(right, 5, axis=0)]) for left, right in stereo_pictures]
    with MjpegServer(lowered) as camera, closing(open_source(camera.url)) as source:
        assert "self-rectified from" in source.kind and "not calibrated" in source.kind
        assert source.calibration is None and source.size == (480, 144)
        frame = source.take(PATIENCE_S)
        _, offsets = row_offsets(frame.left, frame.right)
        assert len(offsets) > 20 and np.median(np.abs(offsets)) < 0.5


def small_rig():
    """The calibration of two cameras of 480x144 that stand side by side."""
    eye = CameraModel(np.array([[280.0, 0, 240], [0, 280, 72], [0, 0, 1]]), np.zeros(5))
    return StereoRig((480, 144), eye, eye, np.eye(3), np.array([-0.5, 0, 0]))


def test_a_camera_that_gets_out_of_calibration_says_so(monkeypatch, stereo_pictures, tmp_path):
    save_rig(small_rig(), tmp_path / "rig.json")
    (eye,) = plug_in(monkeypatch, "0")

    def taken_after(rows, count):
        for number in range(count):
            left, right = stereo_pictures[number % 8]
            eye.show(np.hstack([left, np.roll(right, rows, axis=0)]), 100 + 0.04 * number)
            source.take(PATIENCE_S)
        return source.health

    eye.show(np.hstack(stereo_pictures[0]), 100.0)
    with closing(open_source(f"camera:0#calibration={tmp_path / 'rig.json'}")) as source:
        assert not taken_after(0, 6 * EVERY).message
        health = taken_after(2, 6 * EVERY)
    assert health.state == CameraState.LIVE and "look out of calibration, rows differ by 2." in health.message


@pytest.fixture
def device(side_by_side, tmp_path):
    """A device as OpenCV opens one: a file in the place of /dev/video0, whose pictures end soon."""
    path = tmp_path / "device.mkv"
    with open_writer(path, "ffv1") as writer:
        for number, picture in enumerate(side_by_side):
            writer.write(picture, number / 25)
    return path


def test_a_device_is_read_by_opencv_in_true_colours(device, side_by_side):
    with closing(open_camera(f"camera:{device}#raw")) as source:
        frames = [source.take(PATIENCE_S) for _ in range(3)]
    for frame in frames:
        number_of(np.hstack([frame.left, frame.right]), side_by_side)


def test_a_device_that_is_unplugged_and_plugged_in_again_goes_on(device):
    with closing(open_camera(f"camera:{device}")) as source:
        device.rename(device.with_suffix(".unplugged"))
        health, _ = until(source, lambda health: "not there" in health.message)
        assert health.state == CameraState.RECONNECTING
        device.with_suffix(".unplugged").rename(device)
        until(source, lambda health: health.state == CameraState.LIVE)
        assert source.take(PATIENCE_S)


class Capture:
    """A device as OpenCV opens one, whose driver takes 640x240 pixels at 30 a second only, and exposures up to 500."""

    def __init__(self, *_):
        self._is = {cv2.CAP_PROP_FRAME_WIDTH: 640.0, cv2.CAP_PROP_FRAME_HEIGHT: 240.0, cv2.CAP_PROP_FPS: 29.97}

    def isOpened(self):  # noqa: N802
        return True

    def set(self, what, value):
        if what != cv2.CAP_PROP_EXPOSURE or value > 500:
            return what in self._is
        self._is[what] = value
        return True

    def get(self, what):
        return self._is.get(what, 0.0)

    def grab(self):
        return True

    def retrieve(self):
        return True, np.full((240, 640, 3), 90, np.uint8)

    def release(self):
        pass


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("size=640x240&fps=30&exposure=200", ""),
        ("size=1280x480", "does not do 1280x480 pixels:"),
        ("fps=60&exposure=900", "does not do 60 pictures/s and an exposure of 900:"),
    ],
)
def test_what_the_driver_refuses_is_told_and_the_camera_goes_on(asked, told, device, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    with closing(open_camera(f"camera:{device}#raw&layout=side-by-side&{asked}")) as source:
        assert source.take(PATIENCE_S)
        health, _ = until(source, lambda health: health.state == CameraState.LIVE)
    assert told in health.message and bool(told) == bool(health.message)


@pytest.fixture
def own_calibrations(tmp_path, monkeypatch):
    """Calibrations are kept with the test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("calibrated", "same", "other"),
    [("camera:0", "camera:0", "camera:0#swap"), ("camera:0,2", "camera:2,0#swap", "camera:0,2#swap")],
)
@pytest.mark.usefixtures("own_calibrations")
def test_a_calibration_is_of_the_eyes_as_they_were_and_not_of_swapped_ones(
    calibrated, same, other, monkeypatch, stereo_pictures
):
    def opened(address):
        two = "," in address
        for eye in plug_in(monkeypatch, "0", "2"):
            eye.show(stereo_pictures[0][0] if two else np.hstack(stereo_pictures[0]), 100.0)
        return closing(open_camera(address))

    with opened(calibrated) as source:
        keep(small_rig(), source.identity)
    with opened(same) as source:
        assert source.calibration is not None
    with opened(other) as source:
        assert source.calibration is None


def test_a_running_camera_is_not_exported_but_told_to_be_recorded(side_by_side, tmp_path, capsys):
    with MjpegServer(side_by_side) as camera:
        assert main(["export", camera.url, "-o", str(tmp_path / "a.mp4")]) == 1
        assert "record it" in capsys.readouterr().err
        assert main(["info", camera.url]) == 0
        assert "480x144" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_other_streams_over_http_are_read_too(device, side_by_side):
    serve_folder = partial(SimpleHTTPRequestHandler, directory=device.parent)
    with ThreadingHTTPServer(("127.0.0.1", 0), serve_folder) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            with closing(open_camera(f"http://127.0.0.1:{server.server_port}/{device.name}#raw")) as source:
                frame = source.take(PATIENCE_S)
                health, _ = until(source, lambda health: health.reconnects)
        finally:
            server.shutdown()
            serving.join()
    number_of(np.hstack([frame.left, frame.right]), side_by_side)
    assert health.reconnects >= 1  # a file ends, as a stream may
