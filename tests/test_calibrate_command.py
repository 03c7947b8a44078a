"""`run_app.py calibrate` as a person uses it: on recorded pairs, on a streaming camera, with files of others."""

import json
from itertools import cycle

import cv2
import numpy as np
import pytest

from app.commands import main
from sterefo_core.calibration.board import Board
from sterefo_core.calibration.rig_file import load_rig, save_rig
from sterefo_core.calibration.session import CalibrationSession
from sterefo_core.evaluation.board_views import board_views, known_rig, session_poses
from sterefo_core.sources import open_source
from tests.core.streams import MjpegServer

RIG = known_rig((640, 480))
BOARD = Board(square_m=0.03, marker_m=0.0225)
SQUARE = ("--square", "30mm")
SAME = 4.0  # grey levels that coding changes a picture by, at most


@pytest.fixture(scope="module")
def pairs():
    return [board_views(RIG, BOARD, pose, seed) for seed, pose in enumerate(session_poses(RIG, BOARD, 18))]


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Where calibrations are kept during a test."""
    monkeypatch.setattr("sterefo_core.calibration.store.user_data_dir", lambda *_, **__: str(tmp_path / "kept"))
    return tmp_path / "kept" / "calibrations"


def recorded(folder, pairs):
    for side, pictures in zip(("left", "right"), zip(*pairs, strict=True), strict=True):
        (folder / side).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            cv2.imwrite(str(folder / side / f"{number:03}.png"), picture[..., ::-1])
    return f"{folder / 'left'},{folder / 'right'}"


def calibrate(*words):
    return main(["calibrate", *map(str, words)])


def assert_true(rig):
    assert rig.baseline_m == pytest.approx(RIG.baseline_m, rel=0.005)
    assert rig.left.focal_px == pytest.approx(RIG.left.focal_px, rel=0.005)
    assert rig.right.focal_px == pytest.approx(RIG.right.focal_px, rel=0.005)


def test_recorded_pairs_give_a_report_a_verdict_and_a_file(pairs, tmp_path, capsys):
    target = tmp_path / "rig.json"
    assert calibrate(recorded(tmp_path, pairs), *SQUARE, "-o", target) == 0
    assert_true(load_rig(target))
    report = capsys.readouterr().out
    for word in ("focal lengths", "baseline       62.0", "reprojection", "epipolar error", "verdict        good"):
        assert word in report
    assert f"saved to {target}" in report
    assert json.loads(target.read_text())["made_from"].startswith("ChArUco 9x6, squares of 30 mm")


def test_pairs_of_one_place_end_with_a_bad_verdict_and_no_file(pairs, tmp_path, capsys):
    middle = [pairs[number] for number in (1, 4, 10, 13)]
    nudged = [tuple(np.roll(picture, (0, 70), (0, 1)) for picture in pair) for pair in middle]
    status = calibrate(recorded(tmp_path, middle + nudged), *SQUARE, "-o", tmp_path / "rig.json")
    assert status == 1
    assert not (tmp_path / "rig.json").exists()
    said = capsys.readouterr()
    assert "verdict        bad: " in said.out or said.err.splitlines()[-1].startswith("error: ")


def obedient(camera, pairs, monkeypatch):
    """A person who holds the board in the next way once it was captured, or was seen held still in vain."""
    look, ways = CalibrationSession.offer, cycle(pairs)
    held, looks = pairs[-1], 0

    def offer(session, left, right, timestamp_s):
        nonlocal held, looks
        guidance = look(session, left, right, timestamp_s)
        looks += np.abs(left.astype(int) - held[0]).mean() < SAME  # a picture may still be of the way before
        if guidance.captured or looks == 4:
            held, looks = next(ways), 0
            camera.play([np.hstack(held)])
        return guidance

    monkeypatch.setattr(CalibrationSession, "offer", offer)


def test_a_streaming_camera_is_calibrated_once_and_rectified_from_then_on(pairs, kept, monkeypatch):
    with MjpegServer([np.hstack(pairs[-1])]) as camera:
        obedient(camera, pairs, monkeypatch)
        address = f"camera:{camera.url}#layout=side-by-side"
        assert calibrate(address, *SQUARE) == 0
        (file,) = kept.iterdir()
        assert_true(load_rig(file))
        source = open_source(address)
        try:
            assert source.calibration.baseline_m == pytest.approx(RIG.baseline_m, rel=0.005)
            assert source.kind.startswith("live camera, side-by-side, calibrated 20")
        finally:
            source.close()


def test_an_imported_calibration_is_saved_as_our_own(tmp_path, capsys):
    storage = cv2.FileStorage(str(tmp_path / "stereo.yml"), cv2.FILE_STORAGE_WRITE)
    values = (RIG.left.matrix, RIG.left.distortion, RIG.right.matrix, RIG.right.distortion, RIG.rotation)
    for name, value in zip(("M1", "D1", "M2", "D2", "R", "T"), (*values, RIG.translation_m), strict=True):
        storage.write(name, value)
    storage.release()
    words = ("--import", tmp_path / "stereo.yml", "--size", "640x480", "-o", tmp_path / "own.json")
    assert calibrate(*words) == 0
    assert "epipolar error -" in capsys.readouterr().out
    assert_true(load_rig(tmp_path / "own.json"))


def test_an_imported_calibration_is_kept_for_a_camera_that_fits_it(pairs, tmp_path, kept, capsys):
    save_rig(RIG, tmp_path / "rig.json")
    with MjpegServer([np.hstack(pairs[0])]) as camera:
        assert calibrate(f"camera:{camera.url}#layout=side-by-side", "--import", tmp_path / "rig.json") == 0
        assert len(list(kept.iterdir())) == 1
        assert calibrate(f"camera:{camera.url}#layout=top-bottom", "--import", tmp_path / "rig.json") == 1
    assert "640x480 pixels and the camera gives 1280x240" in capsys.readouterr().err


def test_a_board_is_printed(tmp_path, capsys):
    assert calibrate("--print", tmp_path / "board.pdf", "--squares", "7x5", "--square", "30mm") == 0
    assert (tmp_path / "board.pdf").read_bytes().startswith(b"%PDF-")
    assert "ChArUco 7x5, squares of 30 mm" in capsys.readouterr().out


def test_pictures_without_the_board_are_said_to_be_that(pairs, tmp_path, capfd):
    assert calibrate(recorded(tmp_path, pairs[:2]), "--board", "charuco", "--squares", "12x9") == 1
    assert capfd.readouterr().err.startswith("error: both cameras never saw a ChArUco 12x9")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "there is nothing to calibrate"),
        (("--squares", "9"), "is not COLUMNSxROWS"),
        (("--square", "inch"), "is not a width in millimetres"),
        (("--square", "0"), "the squares of a board are above 0"),
        (("--import", "absent.yml"), "cannot read the calibration absent.yml"),
        (("--print", "board.png"), "should end with .pdf"),
        (("nowhere",), "nowhere does not exist"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(words, line, capfd):
    try:
        status = calibrate(*words)
    except SystemExit as stopped:
        status = stopped.code
    said = capfd.readouterr().err.splitlines()
    assert status != 0 and len(said) == 1 and line in said[0]
