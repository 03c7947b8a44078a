"""Calibrations of OpenCV, KITTI and ROS are known by looking; nonsense in them is refused in one line."""

import random

import cv2
import numpy as np
import pytest

from sterefo_core.calibration.imports import import_rig
from sterefo_core.calibration.rectify import Rectifier
from sterefo_core.calibration.rig_file import save_rig
from sterefo_core.errors import CalibrationError, SterefoError
from sterefo_core.evaluation.board_views import known_rig

RIG = known_rig()

KITTI = """calib_time: 09-Jan-2012 13:57:47
corner_dist: 9.950000e-02
S_02: 1.392000e+03 5.120000e+02
K_02: 9.597910e+02 0.000000e+00 6.960217e+02 0.000000e+00 9.569251e+02 2.241806e+02 0.000000e+00 0.000000e+00 1.000000e+00
D_02: -3.691481e-01 1.968681e-01 1.353473e-03 5.677587e-04 -6.770705e-02
R_02: 9.999758e-01 -5.267463e-03 -4.552439e-03 5.251945e-03 9.999804e-01 -3.413835e-03 4.570332e-03 3.389843e-03 9.999838e-01
T_02: 5.956621e-02 2.900141e-04 2.577209e-03
S_03: 1.392000e+03 5.120000e+02
K_03: 9.037596e+02 0.000000e+00 6.957519e+02 0.000000e+00 9.019653e+02 2.242509e+02 0.000000e+00 0.000000e+00 1.000000e+00
D_03: -3.639558e-01 1.788651e-01 6.029694e-04 -3.922424e-04 -5.382460e-02
R_03: 9.995599e-01 1.699522e-02 -2.431313e-02 -1.704422e-02 9.998531e-01 -1.809756e-03 2.427880e-02 2.223358e-03 9.997028e-01
T_03: -4.731050e-01 5.551470e-03 -5.250882e-03
"""  # noqa: E501


def assert_same(rig, other=RIG, tolerance=1e-9):
    assert rig.size == other.size
    for mine, theirs in ((rig.left, other.left), (rig.right, other.right)):
        assert np.allclose(mine.matrix, theirs.matrix, atol=tolerance)
        assert np.allclose(mine.distortion, theirs.distortion, atol=tolerance)
    assert np.allclose(rig.rotation, other.rotation, atol=tolerance)
    assert np.allclose(rig.translation_m, other.translation_m, atol=tolerance)


def write_opencv(path, scale=1.0, names=("M1", "D1", "M2", "D2", "R", "T"), size=True):
    values = (RIG.left.matrix, RIG.left.distortion, RIG.right.matrix, RIG.right.distortion, RIG.rotation)
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    if size:
        storage.write("image_width", RIG.size[0])
        storage.write("image_height", RIG.size[1])
    for name, value in zip(names, (*values, RIG.translation_m.reshape(3, 1) * scale), strict=True):
        storage.write(name, value)
    storage.release()
    return str(path)


@pytest.mark.parametrize("suffix", ["yml", "xml", "json"])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_opencv_files_are_read_in_metres_and_in_millimetres(tmp_path, suffix, scale):
    assert_same(import_rig(write_opencv(tmp_path / f"stereo.{suffix}", scale)))


@pytest.mark.parametrize(
    "names",
    [
        ("K1", "D1", "K2", "D2", "R", "T"),
        ("cameraMatrix1", "distCoeffs1", "cameraMatrix2", "distCoeffs2", "R", "T"),
        (
            "camera_matrix_left",
            "dist_coeffs_left",
            "camera_matrix_right",
            "dist_coeffs_right",
            "rotation",
            "translation",
        ),
        ("mtxL", "distL", "mtxR", "distR", "Rot", "Trans"),
        ("left_K", "left_D", "right_K", "right_D", "rotation_matrix", "translation_vector"),
    ],
)
def test_opencv_files_go_by_the_usual_names(tmp_path, names):
    assert_same(import_rig(write_opencv(tmp_path / "stereo.yml", names=names)))


def test_opencv_intrinsics_and_extrinsics_may_be_two_files(tmp_path):
    whole = write_opencv(tmp_path / "stereo.yml", size=False)
    lines = (tmp_path / "stereo.yml").read_text().split("R: !!")
    (tmp_path / "intrinsics.yml").write_text(lines[0])
    (tmp_path / "extrinsics.yml").write_text("%YAML:1.0\n---\nR: !!" + lines[1])
    assert_same(import_rig(f"{tmp_path / 'intrinsics.yml'},{tmp_path / 'extrinsics.yml'}", RIG.size))
    with pytest.raises(CalibrationError, match=r"stereo\.yml: it does not say the size"):
        import_rig(whole)


def test_a_kitti_recording_has_the_baseline_that_its_benchmark_says(tmp_path):
    (tmp_path / "calib_cam_to_cam.txt").write_text(KITTI)
    rig = import_rig(str(tmp_path / "calib_cam_to_cam.txt"))
    assert rig.size == (1392, 512)
    assert rig.baseline_m == pytest.approx(384.38 / 721.54, rel=1e-3)
    assert Rectifier(rig).size[0] > 1100


def write_ros(folder, block_lists):
    turns = cv2.stereoRectify(
        RIG.left.matrix,
        RIG.left.distortion,
        RIG.right.matrix,
        RIG.right.distortion,
        RIG.size,
        RIG.rotation,
        RIG.translation_m.reshape(3, 1),
    )[:4]
    for number, (name, eye) in enumerate((("left", RIG.left), ("right", RIG.right))):
        matrices = {
            "camera_matrix": eye.matrix,
            "distortion_coefficients": eye.distortion.reshape(1, -1),
            "rectification_matrix": turns[number],
            "projection_matrix": turns[2 + number],
        }
        lines = ["image_width: 640", "image_height: 480", f"camera_name: stereo/{name}", "distortion_model: plumb_bob"]
        for key, matrix in matrices.items():
            lines += [f"{key}:", f"  rows: {matrix.shape[0]}", f"  cols: {matrix.shape[1]}"]
            numbers = [repr(float(number)) for number in matrix.ravel()]
            lines += (
                ["  data:", *(f"  - {one}" for one in numbers)] if block_lists else [f"  data: [{', '.join(numbers)}]"]
            )
        (folder / f"{name}.yaml").write_text("\n".join(lines) + "\n")
    return f"{folder / 'left.yaml'},{folder / 'right.yaml'}"


@pytest.mark.parametrize("block_lists", [False, True])
def test_a_pair_of_ros_files_is_read(tmp_path, block_lists):
    assert_same(import_rig(write_ros(tmp_path, block_lists)), tolerance=1e-6)


def test_one_ros_file_alone_asks_for_the_other(tmp_path):
    write_ros(tmp_path, False)
    with pytest.raises(CalibrationError, match="give both as LEFT,RIGHT"):
        import_rig(str(tmp_path / "left.yaml"))


def test_our_own_files_are_read_too(tmp_path):
    save_rig(RIG, tmp_path / "own.calibration.json")
    assert_same(import_rig(str(tmp_path / "own.calibration.json")))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\1\2",
        b"%YAML:1.0\n---\n",
        b"<?xml version='1.0'?><opencv_storage>",
        b"{",
        b"a: b\n" * 20000,
        b"M1: [1\n" * 9,
        b"<" + b"a" * 900_000,
        b"{" + b'"a" ' * 200_000,
        b" " * 900_000,
    ],
)
def test_what_is_no_calibration_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "file.yml").write_bytes(content)
    with pytest.raises(CalibrationError) as caught:
        import_rig(str(tmp_path / "file.yml"))
    assert "file.yml" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["yml", "xml", "json", "txt", "yaml"])
def test_spoilt_files_are_refused_in_one_line_or_still_sensible(tmp_path, kind):
    randomly = random.Random(kind)
    if kind == "txt":
        (tmp_path / "stereo.txt").write_text(KITTI)
        address = str(tmp_path / "stereo.txt")
    else:
        address = write_ros(tmp_path, False) if kind == "yaml" else write_opencv(tmp_path / f"stereo.{kind}")
    path = tmp_path / ("left.yaml" if kind == "yaml" else f"stereo.{kind}")
    good = path.read_bytes()
    for _ in range(60):
        spoilt = bytearray(good)
        for _ in range(randomly.randint(1, 12)):
            place = randomly.randrange(len(spoilt))
            spoilt[place : place + randomly.choice((0, 1, 1, 20))] = randomly.randbytes(randomly.choice((0, 1, 1, 5)))
        path.write_bytes(spoilt)
        try:
            Rectifier(import_rig(address, RIG.size))
        except SterefoError as error:
            assert "\n" not in str(error)
