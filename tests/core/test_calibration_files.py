"""Calibrations on disk and in the store: they come back the same, and nonsense is refused in one line."""

import json
import random
from dataclasses import replace

import cv2
import numpy as np
import pytest

from sterefo_core.calibration.rectify import Rectifier
from sterefo_core.calibration.rig import CameraModel, StereoRig
from sterefo_core.calibration.rig_file import load_rig, save_rig
from sterefo_core.calibration.store import keep, kept_at, rectification_for
from sterefo_core.errors import CalibrationError, SourceError, SterefoError

SIZE = (640, 360)


def make_rig(**changes):
    turn = cv2.Rodrigues(np.radians([0.4, -1.5, 0.8]))[0]
    rig = StereoRig(
        size=SIZE,
        left=CameraModel(
            np.array([[450, 0, 325], [0, 452, 175], [0, 0, 1.0]]), np.array([-0.25, 0.08, 1e-3, -5e-4, 0])
        ),
        right=CameraModel(np.array([[455, 0, 315], [0, 454, 183], [0, 0, 1.0]]), np.array([-0.24, 0.07, -1e-3, 0])),
        rotation=turn,
        translation_m=turn @ np.array([-0.06, 0.001, 0.002]),
        when="2026-05-01",
        made_from="ChArUco 9x6, 20 views",
        rms_px=0.2,
        epipolar_px=0.21,
    )
    return replace(rig, **changes)


def test_a_rig_comes_back_from_its_file_as_it_was(tmp_path):
    rig = make_rig()
    save_rig(rig, tmp_path / "rig.json")
    back = load_rig(tmp_path / "rig.json")
    for name in ("size", "when", "made_from", "rms_px", "epipolar_px"):
        assert getattr(back, name) == getattr(rig, name)
    assert (back.rotation == rig.rotation).all() and (back.translation_m == rig.translation_m).all()
    for mine, theirs in ((rig.left, back.left), (rig.right, back.right)):
        assert (mine.matrix == theirs.matrix).all() and (mine.distortion == theirs.distortion).all()
        assert mine.fisheye == theirs.fisheye


def assert_refused_in_one_line(path):
    with pytest.raises(SterefoError) as caught:
        Rectifier(load_rig(path))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\xff\xfe",
        b"[" * 100_000,
        b"{}",
        b"null",
        b"1" * 10_000,
        b'{"format": "sterefo calibration"}',
        b" " * 2_000_000,
    ],
)
def test_what_is_no_calibration_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "rig.json").write_bytes(content)
    assert_refused_in_one_line(tmp_path / "rig.json")


def test_a_folder_or_nothing_at_all_is_refused_in_one_line(tmp_path):
    assert_refused_in_one_line(tmp_path)
    assert_refused_in_one_line(tmp_path / "absent.json")


NONSENSE = [
    None,
    True,
    -1,
    0,
    1e300,
    10**400,
    float("nan"),
    "x",
    "line\nbreak",
    [],
    {},
    [[1, 2], [3]],
    [[[]]],
    [1e9] * 5,
]


def spoil(value, randomly):
    """The document with one of its leaves or branches replaced by nonsense, or removed."""
    if isinstance(value, dict | list) and value and randomly.random() < 0.8:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = randomly.choice(keys)
        if randomly.random() < 0.2:
            del value[key]
        else:
            value[key] = spoil(value[key], randomly)
        return value
    return randomly.choice(NONSENSE)


def test_spoilt_calibrations_are_refused_in_one_line_or_still_sensible(tmp_path):
    path, randomly = tmp_path / "rig.json", random.Random(5)
    save_rig(make_rig(), path)
    good, refused = path.read_text(), 0
    for _ in range(400):
        path.write_text(json.dumps(spoil(json.loads(good), randomly)))
        try:
            left, right = Rectifier(load_rig(path)).apply(*np.zeros((2, SIZE[1], SIZE[0], 3), np.uint8))
        except SterefoError as error:
            assert "\n" not in str(error)
            refused += 1
        else:
            assert left.shape == right.shape
    assert refused > 200


def test_random_bytes_in_a_calibration_are_refused_or_harmless(tmp_path):
    path, randomly = tmp_path / "rig.json", random.Random(6)
    save_rig(make_rig(), path)
    good = path.read_bytes()
    for _ in range(300):
        spoilt = bytearray(good)
        for _ in range(randomly.randint(1, 8)):
            spoilt[randomly.randrange(len(spoilt))] = randomly.randrange(256)
        path.write_bytes(spoilt)
        try:
            Rectifier(load_rig(path))
        except SterefoError as error:
            assert "\n" not in str(error)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr("sterefo_core.calibration.store.user_data_dir", lambda *_, **__: str(tmp_path))


@pytest.mark.usefixtures("store")
def test_a_calibration_is_found_again_by_camera_and_size_only():
    keep(make_rig(), "usb:1234:5678/serial 9")
    assert rectification_for("usb:1234:5678/serial 9", SIZE).told == "calibrated 2026-05-01, 0.21 px"
    assert rectification_for("usb:1234:5678/serial 9", (1280, 720)) is None
    assert rectification_for("usb:1234:5678/serial-9", SIZE) is None  # its readable name is the same


@pytest.mark.usefixtures("store")
def test_a_new_calibration_replaces_the_kept_one():
    keep(make_rig(), "camera")
    path = keep(make_rig(when="2026-06-01"), "camera")
    assert path == kept_at("camera", SIZE)
    assert rectification_for("camera", SIZE).told.startswith("calibrated 2026-06-01")


def test_a_named_file_must_be_there_and_fit_the_size(tmp_path):
    with pytest.raises(CalibrationError, match=r"cannot read the calibration .*absent"):
        rectification_for("camera", SIZE, str(tmp_path / "absent.json"))
    save_rig(make_rig(), tmp_path / "rig.json")
    with pytest.raises(CalibrationError, match=r"640x360 pixels and the camera gives 320x240"):
        rectification_for("camera", (320, 240), str(tmp_path / "rig.json"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"translation_m": np.array([0.06, 0, 0])}, "swap the two"),
        ({"translation_m": np.array([0, -0.06, 0])}, "side by side"),
        ({"translation_m": np.zeros(3)}, "impossible place"),
        ({"rotation": np.diag([1.0, -1, -1])}, "turned against each other"),
        ({"rotation": 2 * np.eye(3)}, "impossible place"),
    ],
)
def test_an_impossible_rig_is_refused_saying_why(changes, message):
    with pytest.raises(CalibrationError, match=message):
        make_rig(**changes)


def test_another_size_of_picture_is_refused_saying_what_to_do():
    picture = np.zeros((480, 640, 3), np.uint8)
    with pytest.raises(SourceError, match="640x480 pixels, but was calibrated with 640x360"):
        Rectifier(make_rig()).apply(picture, picture)


def test_rectified_pictures_have_no_black_rim():
    white = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    left, right = Rectifier(make_rig()).apply(white, white)
    assert left.shape == right.shape and left.min() == right.min() == 255


def test_rectified_points_are_in_the_same_row_and_tell_the_true_distance():
    rig = make_rig()
    rectifier = Rectifier(rig)
    metres = np.random.default_rng(1).uniform((-0.8, -0.4, 2), (0.8, 0.4, 6), (500, 3))
    eyes = ((rig.left, np.eye(3), np.zeros(3)), (rig.right, rig.rotation, rig.translation_m))
    pixels = [
        cv2.projectPoints(metres, cv2.Rodrigues(turn)[0], shift, eye.matrix, eye.distortion)[0][:, 0]
        for eye, turn, shift in eyes
    ]
    left, right = rectifier.corners(*pixels)
    assert np.abs(left[:, 1] - right[:, 1]).max() < 1e-6
    told = rectifier.calibration.focal_px * rectifier.calibration.baseline_m / (left[:, 0] - right[:, 0])
    assert np.abs(told / metres[:, 2] - 1).max() < 0.06  # the ideal camera looks a little aside


def test_a_pair_of_fisheye_lenses_is_rectified_too():
    lens = CameraModel(np.array([[300.0, 0, 322], [0, 300, 178], [0, 0, 1]]), np.array([0.03, -0.01, 2e-3, 0]), True)
    rig = make_rig(left=lens, right=lens)
    rectifier = Rectifier(rig)
    metres = np.random.default_rng(1).uniform((-0.8, -0.4, 2), (0.8, 0.4, 6), (200, 3)).reshape(-1, 1, 3)
    left, right = (
        cv2.fisheye.projectPoints(metres, cv2.Rodrigues(turn)[0], shift, lens.matrix, lens.distortion)[0][:, 0]
        for turn, shift in ((np.eye(3), np.zeros(3)), (rig.rotation, rig.translation_m))
    )
    left, right = rectifier.corners(left, right)
    assert np.abs(left[:, 1] - right[:, 1]).max() < 1e-3
    white = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    assert all(picture.min() == 255 for picture in rectifier.apply(white, white))


def test_one_fisheye_file_comes_back_as_it_was(tmp_path):
    lens = CameraModel(np.array([[300.0, 0, 322], [0, 300, 178], [0, 0, 1]]), np.array([0.03, -0.01, 2e-3, 0]), True)
    save_rig(make_rig(left=lens, right=lens), tmp_path / "rig.json")
    assert load_rig(tmp_path / "rig.json").right.fisheye
