"""Everything that can be wrong with what is opened: one line each, naming the file and what to do about it."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.sources import open_source
from tests.core import kitti_folders as made

LAST = 4


def assert_helps(error: SourceError, path: Path | str, *words: str) -> None:
    """One line of the form "PATH is wrong so: do this"."""
    text = str(error)
    assert "\n" not in text
    assert str(path) in text
    for word in words:
        assert word in text
    assert len(text.rpartition(": ")[2]) > 8, f"says nothing to do: {text}"


@pytest.fixture
def sequence(tmp_path) -> Path:
    return made.make_odometry(tmp_path, frames=LAST + 1)


def damage_missing(path: Path) -> None:
    path.unlink()


def damage_cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_last_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def damage_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_text(path: Path) -> None:
    path.write_text("not a picture at all")


def damage_claims_too_many_pixels(path: Path) -> None:
    path.write_bytes(b"P6 100000 100000 255\n" + bytes(1000))


def damage_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def damage_other_size(path: Path) -> None:
    made.write(path, made.view(0, 0)[:40])


def damage_tiny(path: Path) -> None:
    made.write(path, made.view(0, 0)[:2, :2])


DAMAGES = {
    damage_missing: "is missing",
    damage_cut_in_half: "is cut off",
    damage_last_byte: "is cut off",
    damage_inside: "is damaged",
    damage_empty: "is empty",
    damage_text: "is damaged or no picture",
    damage_claims_too_many_pixels: "is damaged",
    damage_folder: "cannot be read",
    damage_other_size: "is 64x40 pixels",
    damage_tiny: "is 2x2 pixels",
}


@pytest.mark.parametrize("side", ["image_2", "image_3"])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_one_bad_picture_costs_its_frame_only(sequence, damage, side):
    path = sequence / side / "000002.png"
    damage(path)
    source = open_source(sequence)
    assert len(source) == LAST + 1
    with pytest.raises(BadFrameError) as caught:
        source.read(2)
    assert_helps(caught.value, path, DAMAGES[damage])
    np.testing.assert_array_equal(source.read(3).left, made.view(3, 0))


@pytest.mark.parametrize("damage", [damage_missing, damage_cut_in_half], ids=lambda damage: damage.__name__)
def test_a_bad_first_picture_does_not_hide_the_size_of_the_others(sequence, damage):
    damage(sequence / "image_2" / "000000.png")
    source = open_source(sequence)
    assert source.size == (made.WIDTH, made.HEIGHT)
    with pytest.raises(BadFrameError):
        source.read(0)
    assert source.read(1).timestamp_s == pytest.approx(made.odometry_time_s(1))


def test_a_frame_of_another_size_is_named_with_both_sizes(sequence):
    for side in ("image_2", "image_3"):
        damage_other_size(sequence / side / "000004.png")
    with pytest.raises(BadFrameError) as caught:
        open_source(sequence).read(4)
    assert_helps(caught.value, sequence / "image_2" / "000004.png", "64x40", "64x48")


def test_a_hole_in_the_numbering_is_a_frame_that_names_the_missing_file(sequence):
    for side in ("image_2", "image_3"):
        (sequence / side / "000003.png").unlink()
    source = open_source(sequence)
    assert len(source) == LAST + 1
    with pytest.raises(BadFrameError) as caught:
        source.read(3)
    assert_helps(caught.value, sequence / "image_2" / "000003.png", "is missing")
    assert source.read(4).timestamp_s == pytest.approx(made.odometry_time_s(4))


def test_numbers_too_far_apart_to_count_are_no_holes(tmp_path):
    made.write_views(tmp_path / "left", tmp_path / "right", ["0.png", "99999999999999999999.png"])
    assert len(open_source(tmp_path)) == 2


def test_of_a_damaged_png_nothing_is_printed_past_the_error(tmp_path, capfd):
    made.write_views(tmp_path / "left", tmp_path / "right", ["0.png", "1.png"])
    path = tmp_path / "left" / "1.png"
    whole, source = path.read_bytes(), open_source(tmp_path)
    for place in range(8, len(whole) - 12, len(whole) // 50):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(BadFrameError):
            source.read(1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("share", [0.5, 0.99])
@pytest.mark.parametrize("suffix", ["jpg", "png", "ppm", "bmp", "tif", "webp"])
def test_no_format_gives_half_a_picture(tmp_path, suffix, share):
    made.write_views(tmp_path / "left", tmp_path / "right", [f"0.{suffix}", f"1.{suffix}"])
    path = tmp_path / "right" / f"1.{suffix}"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(BadFrameError) as caught:
        open_source(tmp_path).read(1)
    assert_helps(caught.value, path)


def test_a_cut_jpeg_is_found_out_although_its_thumbnail_is_whole(tmp_path):
    thumbnail = cv2.imencode(".jpg", made.view(1, 0)[:16, :16])[1].tobytes()
    picture = cv2.imencode(".jpg", made.view(0, 0))[1].tobytes()
    header = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    made.write_views(tmp_path / "left", tmp_path / "right", ["0.jpg", "1.jpg"])
    path = tmp_path / "left" / "1.jpg"
    path.write_bytes(picture[:2] + header + picture[2:])
    assert open_source(tmp_path).read(1).left.shape == (made.HEIGHT, made.WIDTH, 3)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadFrameError, match=r"1\.jpg is cut off"):
        open_source(tmp_path).read(1)


def test_pictures_too_small_to_use_cannot_be_opened(tmp_path):
    for side in ("left", "right"):
        made.write(tmp_path / side / "0.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(SourceError) as caught:
        open_source(tmp_path)
    assert_helps(caught.value, tmp_path / "left" / "0.png", "2x2", "16x16")


def test_the_smallest_pictures_can_be_opened(tmp_path):
    for side in ("left", "right"):
        made.write(tmp_path / side / "0.png", np.zeros((16, 16, 3), np.uint8))
    assert open_source(tmp_path).size == (16, 16)


def raises_on_opening(address: Path | str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        open_source(address)
    return caught.value


def test_nothing_there(tmp_path):
    assert_helps(raises_on_opening(tmp_path / "absent"), tmp_path / "absent", "does not exist")


def test_an_address_that_the_system_refuses(tmp_path):
    assert_helps(raises_on_opening(tmp_path / ("a" * 300)), "a" * 300, "cannot be read")


def test_an_empty_folder(tmp_path):
    assert_helps(raises_on_opening(tmp_path), tmp_path, "is empty")


def test_a_folder_that_is_no_data_set(tmp_path):
    made.write_text(tmp_path / "notes" / "todo.txt", "milk")
    assert_helps(raises_on_opening(tmp_path), tmp_path, "no stereo data set")


def test_the_pictures_of_one_camera_in_a_plain_folder(tmp_path):
    made.write(tmp_path / "0001.png", made.view(0, 0))
    assert_helps(raises_on_opening(tmp_path), tmp_path, "one camera only", "LEFT,RIGHT")


@pytest.mark.parametrize("lost", ["image_2", "image_3"])
def test_a_sequence_with_one_camera(sequence, lost):
    shutil.rmtree(sequence / lost)
    assert_helps(raises_on_opening(sequence), sequence / lost, "is missing", "both cameras")


def test_a_camera_folder_without_pictures(sequence):
    for path in (sequence / "image_3").iterdir():
        path.unlink()
    assert_helps(raises_on_opening(sequence), sequence / "image_3", "no numbered pictures")


def test_a_sequence_named_by_clock_times(sequence):
    for side in ("image_2", "image_3"):
        (sequence / side / "000004.png").rename(sequence / side / "1403636579763555584.png")
    assert_helps(raises_on_opening(sequence), sequence / "image_2", "do not count pictures", "LEFT,RIGHT")


def test_a_side_folder_without_pictures(tmp_path):
    made.write(tmp_path / "left" / "0.png", made.view(0, 0))
    (tmp_path / "right").mkdir()
    assert_helps(raises_on_opening(tmp_path), tmp_path / "right", "holds no pictures")


def test_a_raw_drive_that_is_not_rectified(tmp_path):
    drive = made.make_raw(tmp_path)
    extract = drive.rename(drive.with_name(drive.name.replace("_sync", "_extract")))
    assert_helps(raises_on_opening(extract), extract, "not rectified", "_sync")


def test_a_tracking_sequence_that_is_not_there(tmp_path):
    training = made.make_tracking(tmp_path)
    empty = training / "image_02" / "0009"
    empty.mkdir()
    assert_helps(raises_on_opening(empty), training / "image_03" / "0009", "is missing")


def test_a_single_picture(tmp_path):
    path = made.write(tmp_path / "im0.png", made.view(0, 0))
    assert_helps(raises_on_opening(path), path, "single picture", "LEFT,RIGHT")


@pytest.mark.parametrize("name", ["notes.txt", "film.mp4"])
def test_a_text_file(tmp_path, name):
    path = made.write_text(tmp_path / name, "not a film\n" * 3)
    assert_helps(raises_on_opening(path), path, "is a text file")


def test_an_empty_file(tmp_path):
    path = made.write_text(tmp_path / "film.mp4", "")
    assert_helps(raises_on_opening(path), path, "is empty")


def test_one_half_of_two_that_is_not_there(tmp_path):
    made.write(tmp_path / "L" / "0.png", made.view(0, 0))
    assert_helps(raises_on_opening(f"{tmp_path}/L,{tmp_path}/R"), f"{tmp_path}/R", "neither a file nor a folder")


def test_two_lists_that_cannot_be_paired(tmp_path):
    for name in ("L/a.png", "L/b.png", "R/x.png"):
        made.write(tmp_path / name, made.view(0, 0))
    error = raises_on_opening(f"{tmp_path}/L,{tmp_path}/R")
    assert_helps(error, tmp_path / "L", "2 pictures", str(tmp_path / "R"), "has 1")
