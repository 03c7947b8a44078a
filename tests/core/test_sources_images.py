"""Folders, patterns and single pairs of pictures, and how a picture file becomes an array."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from sterefo_core.errors import BadFrameError
from sterefo_core.sources import open_source
from sterefo_core.sources.reading import read_picture
from tests.core import kitti_folders as made


def assert_shows(source, index: int, number: int) -> None:
    frame = source.read(index)
    np.testing.assert_array_equal(frame.left, made.view(number, 0))
    np.testing.assert_array_equal(frame.right, made.view(number, 1))


def test_two_folders_are_paired_by_number_and_in_the_order_of_numbers(tmp_path):
    names = [f"{number}.png" for number in range(12)]  # "10.png" sorts before "2.png" as text
    made.write_views(tmp_path / "L", tmp_path / "R", names)
    source = open_source(f"{tmp_path / 'L'},{tmp_path / 'R'}")
    assert (len(source), source.calibration, source.name) == (12, None, tmp_path.name)
    assert source.timestamp_s(11) == pytest.approx(11 / 25)
    assert_shows(source, 2, 2)
    assert_shows(source, 11, 11)


def test_patterns_pick_the_pictures_of_each_camera_from_one_folder(tmp_path):
    for number in range(3):
        made.write(tmp_path / f"left_{number}.png", made.view(number, 0))
        made.write(tmp_path / f"right_{number}.png", made.view(number, 1))
    source = open_source(f"{tmp_path}/left_*.png,{tmp_path}/right_*.png")
    assert len(source) == 3
    assert_shows(source, 1, 1)


def test_lists_without_common_numbers_are_paired_in_order(tmp_path):
    for number, (left, right) in enumerate([("a9", "b19"), ("a10", "b20")]):
        made.write(tmp_path / "L" / f"{left}.png", made.view(number, 0))
        made.write(tmp_path / "R" / f"{right}.png", made.view(number, 1))
    source = open_source(f"{tmp_path}/L,{tmp_path}/R")
    assert len(source) == 2
    assert_shows(source, 1, 1)


def test_numbers_that_are_not_unique_do_not_pair(tmp_path):
    made.write_views(tmp_path / "left", tmp_path / "right", ["day1.png", "night1.png"])
    source = open_source(tmp_path)
    assert len(source) == 2
    assert_shows(source, 1, 1)


def test_hidden_files_and_other_files_are_no_pictures(tmp_path):
    made.write_views(tmp_path / "left", tmp_path / "right", ["1.png", "2.png"])
    made.write_text(tmp_path / "left" / "._1.png", "what a file manager leaves")
    made.write_text(tmp_path / "left" / "notes7.txt", "what a person leaves")
    assert len(open_source(tmp_path)) == 2


def test_an_address_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    made.write_views(tmp_path / "L", tmp_path / "R", ["1.png", "2.png"])
    middlebury(tmp_path / "cones", ("im2.png", "im6.png"))
    assert open_source("~/cones").name == "cones"
    assert len(open_source("~/L,~/R")) == 2


def test_two_pictures_are_one_pair_whatever_their_numbers(tmp_path):
    made.write_views(tmp_path, tmp_path / "unused", ["im0.png"])
    made.write(tmp_path / "im1.png", made.view(0, 1))
    source = open_source(f"{tmp_path}/im0.png,{tmp_path}/im1.png")
    assert len(source) == 1
    assert_shows(source, 0, 0)


@pytest.mark.parametrize("sides", [("left", "right"), ("image_left", "image_right")])
def test_one_folder_with_a_folder_for_each_side(tmp_path, sides):
    made.write_views(tmp_path / "shop" / sides[0], tmp_path / "shop" / sides[1], ["7.png", "8.png"])
    source = open_source(tmp_path / "shop")
    assert (source.name, len(source)) == ("shop", 2)
    assert_shows(source, 1, 1)


def test_commas_in_names_are_understood(tmp_path):
    left, right = tmp_path / "a,b" / "L", tmp_path / "a,b" / "R"
    made.write_views(left, right, ["0.png"])
    assert_shows(open_source(f"{left},{right}"), 0, 0)


def test_every_fifth_picture_is_a_numbering_without_holes(tmp_path):
    names = [f"{number:04d}.png" for number in (0, 5, 10, 20)]
    made.write_views(tmp_path / "left", tmp_path / "right", names)
    source = open_source(tmp_path)
    assert len(source) == 5
    assert_shows(source, 4, 3)
    with pytest.raises(BadFrameError, match=r"left/0015\.png is missing"):
        source.read(3)


def test_clock_times_as_names_are_no_numbering(tmp_path):
    names = [f"{stamp}.png" for stamp in (1403636579763555584, 1403636579813555456, 1403636579863555584)]
    made.write_views(tmp_path / "left", tmp_path / "right", names)
    source = open_source(tmp_path)
    assert len(source) == 3
    assert_shows(source, 2, 2)


def write_y4m(path, width, brightness):
    """Two frames of one brightness: a video with no zero byte in it, like a text file."""
    frame = b"FRAME\n" + bytes([brightness]) * (width * 48) + bytes([128]) * (width * 24)
    path.write_bytes(f"YUV4MPEG2 W{width} H48 F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 2)
    return path


def test_a_video_is_opened_with_its_layout(tmp_path):
    path = write_y4m(tmp_path / "film.y4m", 128, 200)
    assert open_source(path, "side-by-side").size == (64, 48)
    assert open_source(path, "top-bottom").size == (128, 24)


def test_two_videos_are_one_source(tmp_path):
    left, right = write_y4m(tmp_path / "l.y4m", 64, 200), write_y4m(tmp_path / "r.y4m", 64, 90)
    frame = open_source(f"{left},{right}").read(1)
    assert (frame.left.mean() > 180, frame.right.mean() < 110) == (True, True)


def middlebury(folder, names):
    for camera, name in enumerate(names):
        made.write(folder / name, made.view(0, camera))
    return folder


@pytest.mark.parametrize("names", [("im0.png", "im1.png"), ("im2.png", "im6.png"), ("view1.png", "view5.png")])
def test_a_middlebury_scene_is_one_pair(tmp_path, names):
    source = open_source(middlebury(tmp_path / "cones", names))
    assert (source.name, source.kind, len(source), source.calibration) == ("cones", "Middlebury scene", 1, None)
    assert_shows(source, 0, 0)


def test_middlebury_calibration_is_in_millimetres_with_an_offset(tmp_path):
    made.write_text(
        middlebury(tmp_path, ("im0.png", "im1.png")) / "calib.txt",
        "cam0=[3997.684 0 1176.728; 0 3997.684 1011.728; 0 0 1]\n"
        "cam1=[3997.684 0 1307.839; 0 3997.684 1011.728; 0 0 1]\n"
        "doffs=131.111\nbaseline=193.001\nwidth=2964\nheight=1988\nndisp=280\n",
    )
    calibration = open_source(tmp_path).calibration
    assert (calibration.focal_px, calibration.cx_px, calibration.cy_px) == (3997.684, 1176.728, 1011.728)
    assert calibration.baseline_m == pytest.approx(0.193001)
    assert calibration.disparity_offset_px == pytest.approx(131.111)


def test_real_middlebury_scenes(real_data):
    assert open_source(real_data / "middlebury" / "cones").size == (450, 375)
    assert open_source(real_data / "middlebury" / "adirondack").read(0).right.shape == (497, 720, 3)


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (32, 1))
    picture = read_picture(made.write(tmp_path / "ramp.png", ramp))
    assert picture.dtype == np.uint8 and picture.shape == (32, 64, 3)
    assert np.abs(picture[..., 0] - ramp / 257.0).max() < 1


def test_transparency_is_dropped(tmp_path):
    rgb = made.view(0, 0)
    rgba = np.dstack([rgb[..., ::-1], np.full(rgb.shape[:2], 90, np.uint8)])
    assert cv2.imwrite(str(tmp_path / "a.png"), rgba)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), rgb)


@pytest.mark.parametrize("suffix", ["bmp", "jpg", "ppm", "tif", "webp"])
def test_other_formats_are_read(tmp_path, suffix):
    smooth = np.full((32, 40, 3), (200, 90, 30), np.uint8)
    picture = read_picture(made.write(tmp_path / f"a.{suffix}", smooth))
    assert np.abs(picture.astype(int) - smooth).max() <= 4


def test_opening_decodes_no_more_than_the_first_picture(tmp_path, monkeypatch):
    made.write_views(tmp_path / "left", tmp_path / "right", [f"{number}.png" for number in range(6)])
    decoded, original = [], cv2.imdecode
    monkeypatch.setattr(cv2, "imdecode", lambda *given: decoded.append(1) or original(*given))
    source = open_source(tmp_path)
    assert len(decoded) == 1
    assert source.timestamp_s(5) > 0 and len(decoded) == 1


def test_reading_and_closing_leave_no_thread(tmp_path):
    source = open_source(made.make_odometry(tmp_path))
    before = threading.active_count()
    source.read(0)
    source.close()
    source.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("index", [-1, 5])
def test_a_frame_number_outside_is_an_index_error(tmp_path, index):
    source = open_source(made.make_odometry(tmp_path, frames=5))
    for question in (source.read, source.timestamp_s, source.truth):
        with pytest.raises(IndexError, match=rf"frame {index} is outside 0\.\.4"):
            question(index)
