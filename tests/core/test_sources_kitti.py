"""The KITTI layouts: what is recognised, which frames, times, calibrations and truths come out."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from sterefo_core.errors import SourceError
from sterefo_core.sources import open_source
from sterefo_core.types import Box, LabelledBox
from tests.core import kitti_folders as made


def assert_calibrated_as_made(calibration) -> None:
    assert calibration.focal_px == made.FOCAL_PX
    assert calibration.baseline_m == pytest.approx(made.BASELINE_M, rel=1e-9)
    assert (calibration.cx_px, calibration.cy_px) == (made.CX_PX, made.CY_PX)
    assert calibration.disparity_offset_px == made.OFFSET_PX


def test_odometry_plays_its_pictures_at_their_times(tmp_path):
    source = open_source(made.make_odometry(tmp_path, frames=5))
    assert (source.name, source.kind) == ("07", "KITTI odometry, colour")
    assert (len(source), source.size) == (5, (made.WIDTH, made.HEIGHT))
    frame = source.read(3)
    assert (frame.index, frame.timestamp_s) == (3, pytest.approx(made.odometry_time_s(3)))
    np.testing.assert_array_equal(frame.left, made.view(3, 0))
    np.testing.assert_array_equal(frame.right, made.view(3, 1))
    assert_calibrated_as_made(frame.calibration)
    assert source.calibration == frame.calibration
    assert source.audio is None
    assert (source.truth(0).disparity, source.truth(0).boxes) == (None, ())


def test_grey_is_taken_where_there_is_no_colour_and_gives_three_equal_channels(tmp_path):
    source = open_source(made.make_odometry(tmp_path, grey=True, colour=False))
    frame = source.read(1)
    assert source.kind == "KITTI odometry, grey"
    assert frame.left.shape == (made.HEIGHT, made.WIDTH, 3)
    assert np.ptp(frame.left, axis=2).max() == 0 < np.ptp(frame.left)
    assert_calibrated_as_made(source.calibration)


def test_colour_is_preferred_to_grey(tmp_path):
    assert open_source(made.make_odometry(tmp_path, grey=True)).kind == "KITTI odometry, colour"


@pytest.mark.parametrize("inside", ["", "sequences", "sequences/07/image_2", "sequences/07/image_3"])
def test_odometry_is_found_from_the_folders_around_and_inside_it(tmp_path, inside):
    made.make_odometry(tmp_path)
    assert open_source(tmp_path / inside).name == "07"


def test_a_relative_address_is_the_same_source(tmp_path, monkeypatch):
    monkeypatch.chdir(made.make_odometry(tmp_path))
    assert open_source(".").name == "07"


def test_a_sequence_cut_out_of_the_middle_keeps_its_own_times_from_zero(tmp_path):
    sequence = made.make_odometry(tmp_path, frames=5)
    for camera in ("image_2", "image_3"):
        for number in (0, 1):
            (sequence / camera / f"{number:06d}.png").unlink()
    source = open_source(sequence)
    expected = [made.odometry_time_s(number) - made.odometry_time_s(2) for number in (2, 3, 4)]
    assert [source.timestamp_s(index) for index in range(len(source))] == pytest.approx(expected)
    np.testing.assert_array_equal(source.read(0).left, made.view(2, 0))


def test_without_calibration_and_times_a_sequence_plays_at_ten_hertz_without_metres(tmp_path):
    sequence = made.make_odometry(tmp_path)
    (sequence / "calib.txt").unlink()
    (sequence / "times.txt").unlink()
    source = open_source(sequence)
    assert (source.calibration, source.read(0).calibration) == (None, None)
    assert source.timestamp_s(4) == pytest.approx(0.4)


def test_raw_takes_the_calibration_of_the_date_and_nanoseconds_across_a_full_second(tmp_path):
    source = open_source(made.make_raw(tmp_path))
    assert (source.name, source.kind) == ("2011_09_26_drive_0005_sync", "KITTI raw, colour")
    assert_calibrated_as_made(source.calibration)
    expected = [(nanoseconds - made.RAW_NANOSECONDS[0]) / 1e9 for nanoseconds in made.RAW_NANOSECONDS]
    assert [source.timestamp_s(index) for index in range(3)] == pytest.approx(expected, abs=1e-12)
    np.testing.assert_array_equal(source.read(2).right, made.view(2, 1))


def test_raw_without_colour_is_grey(tmp_path):
    source = open_source(made.make_raw(tmp_path, colour=False))
    assert source.kind == "KITTI raw, grey"
    assert_calibrated_as_made(source.calibration)


@pytest.mark.parametrize("inside", ["", "2011_09_26", "2011_09_26/2011_09_26_drive_0005_sync/image_02/data"])
def test_raw_is_found_from_the_folders_around_and_inside_it(tmp_path, inside):
    made.make_raw(tmp_path)
    assert open_source(tmp_path / inside).kind == "KITTI raw, colour"


def test_tracking_gives_its_labels_as_true_boxes_and_leaves_out_dontcare(tmp_path):
    source = open_source(made.make_tracking(tmp_path) / "image_02" / "0004")
    car = LabelledBox(2, "Car", Box(10.5, 20.0, 20.0, 12.0))
    assert (source.name, source.kind, len(source)) == ("0004", "KITTI tracking, colour", 3)
    assert source.truth(0).boxes == (car,)
    assert [(box.object_id, box.name) for box in source.truth(1).boxes] == [(2, "Car"), (7, "Pedestrian")]
    assert source.truth(2).boxes == ()
    assert source.timestamp_s(2) == pytest.approx(0.2)
    assert_calibrated_as_made(source.calibration)


@pytest.mark.parametrize("inside", ["", "training", "training/image_02", "training/image_03", "training/image_03/0004"])
def test_tracking_is_found_from_the_folders_around_and_inside_it(tmp_path, inside):
    made.make_tracking(tmp_path)
    assert open_source(tmp_path / inside).kind == "KITTI tracking, colour"


def test_of_several_sequences_the_message_names_one_to_open(tmp_path):
    made.make_tracking(tmp_path, ("0004", "0011"))
    with pytest.raises(SourceError, match=r"holds 2 sequences: .* example .*image_02/0004$"):
        open_source(tmp_path)
    assert open_source(tmp_path / "training" / "image_02" / "0011").name == "0011"


def test_stereo_2015_gives_every_pair_its_truth_and_calibration(tmp_path):
    source = open_source(made.make_stereo(tmp_path / "kitti2015"))
    assert (source.name, source.kind, len(source)) == ("kitti2015 training", "KITTI stereo 2015, colour", 2)
    disparity = source.truth(1).disparity
    assert not disparity.valid[: made.HEIGHT // 2].any() and disparity.valid[made.HEIGHT // 2 :].all()
    assert disparity.values.dtype == np.float32 and np.all(disparity.values == made.DISPARITY_PX + 0.25)
    assert [source.read(index).calibration.focal_px for index in range(2)] == [made.FOCAL_PX, made.FOCAL_PX + 1]


def test_stereo_2015_instances_give_boxes_with_an_identity_for_each_pair(tmp_path):
    source = open_source(made.make_stereo(tmp_path))
    boxes = [source.truth(index).boxes[0] for index in range(2)]
    assert [labelled.box for labelled in boxes] == [Box(8, 30, 12, 10)] * 2
    assert boxes[0].object_id != boxes[1].object_id


def test_stereo_2012_is_colour_where_present_else_grey_and_has_the_same_truth(tmp_path):
    training = made.make_stereo(tmp_path, year=2012)
    assert open_source(tmp_path).kind == "KITTI stereo 2012, colour"
    for camera in ("colored_0", "colored_1"):
        shutil.rmtree(training / camera)
    source = open_source(tmp_path)
    assert source.kind == "KITTI stereo 2012, grey"
    assert source.truth(0).disparity.values[-1, -1] == made.DISPARITY_PX + 0.25
    assert_calibrated_as_made(source.calibration)


def test_stereo_without_truth_still_plays(tmp_path):
    training = made.make_stereo(tmp_path)
    for folder in ("disp_occ_0", "obj_map", "calib_cam_to_cam"):
        shutil.rmtree(training / folder)
    source = open_source(tmp_path)
    assert (source.truth(0).disparity, source.truth(0).boxes, source.calibration) == (None, (), None)


def test_pairs_of_a_benchmark_may_have_different_sizes(tmp_path):
    training = made.make_stereo(tmp_path)
    for camera in ("image_2", "image_3"):
        made.write(training / camera / "000008_10.png", made.view(0, 0)[:40, :60])
    assert open_source(tmp_path).read(1).left.shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("sequence", "kind", "length", "focal_times_baseline"),
    [
        ("90", "KITTI odometry, colour", 20, 382.67),
        ("91", "KITTI odometry, grey", 40, 379.81),
    ],
)
def test_real_odometry(real_data, sequence, kind, length, focal_times_baseline):
    folder: Path = real_data / "kitti_odometry" / "sequences" / sequence
    source = open_source(folder)
    assert (source.kind, len(source)) == (kind, length)
    assert source.calibration.focal_px * source.calibration.baseline_m == pytest.approx(focal_times_baseline, abs=0.01)
    times = [float(line) for line in (folder / "times.txt").read_text().split()]
    assert [source.timestamp_s(index) for index in range(length)] == pytest.approx(times[:length])
    frame = source.read(length - 1)
    assert frame.left.shape == frame.right.shape == (source.size[1], source.size[0], 3)


def test_real_stereo_2015_agrees_with_the_boxes_and_medians_that_came_with_it(real_data):
    source = open_source(real_data / "kitti2015")
    names = sorted(path.name for path in (real_data / "kitti2015" / "training" / "image_2").iterdir())
    assert len(source) == len(names) == 14
    assert source.calibration.focal_px * source.calibration.baseline_m == pytest.approx(384.38, abs=0.01)
    with (real_data / "kitti2015" / "object_boxes_from_obj_map.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if names.index(row["file"]) < 4]
    for row in rows:
        index, instance = names.index(row["file"]), int(row["obj"])
        truth = source.truth(index)
        (labelled,) = (box for box in truth.boxes if box.object_id == 256 * index + instance)
        assert labelled.box == Box(*(float(row[side]) for side in "xywh"))
        mask = cv2.imread(str(real_data / "kitti2015" / "training" / "obj_map" / row["file"]), cv2.IMREAD_UNCHANGED)
        known = truth.disparity.values[(mask == instance) & truth.disparity.valid]
        assert (len(known), np.median(known)) == (
            int(row["n_gt_px"]),
            pytest.approx(float(row["median_gt_disp"]), abs=0.01),
        )
