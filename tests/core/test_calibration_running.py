"""Cameras without a calibration are aligned by what they see; cameras that got out of it are noticed."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from sterefo_core.calibration.drift import EVERY, DriftWatch, row_offsets
from sterefo_core.calibration.self_rectify import SelfRectification, aligned_by_sight
from sterefo_core.depth import make_depth_engine
from sterefo_core.errors import CalibrationError
from sterefo_core.sources import open_source
from sterefo_core.sources.synthetic import SyntheticSource

TURNS = [((1.2, -1.0, 1.5), 1.01), ((-0.8, 1.5, -1.0), 0.985)]
"""Pitch, yaw and roll of the right camera in degrees, and how much longer its focal length is."""


@pytest.fixture(scope="module")
def kitti(real_data):
    return open_source(real_data / "kitti2015" / "training")


def crooked(frame, turn_deg, longer):
    """The homography that turns the right camera, and the picture that it then takes."""
    calibration = frame.calibration
    matrix = np.array(
        [[calibration.focal_px, 0, calibration.cx_px], [0, calibration.focal_px, calibration.cy_px], [0, 0, 1]]
    )
    warp = matrix @ np.diag([longer, longer, 1]) @ cv2.Rodrigues(np.radians(turn_deg))[0] @ np.linalg.inv(matrix)
    size = frame.right.shape[1::-1]
    return warp, cv2.warpPerspective(frame.right, warp, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def wrong_part(source, warp, right, rectification):
    """D1: the part of the true pixels whose disparity in the rectified pair is off by 3 px and 5 %."""
    frame, truth = source.read(0), source.truth(0).disparity
    rows, columns = np.indices(truth.values.shape, np.float32)
    left_x, left_y, right_x = (rectification.apply(places, places) for places in (columns, rows, columns))
    left, aligned = rectification.apply(frame.left, right)
    found = make_depth_engine("sgm").compute(replace(frame, left=left, right=aligned)).values
    at = np.rint(left_y[0]).astype(int), np.rint(left_x[0]).astype(int)
    true_match = warp @ np.stack([left_x[0] - truth.values[at], left_y[0], np.ones_like(found)]).reshape(3, -1)
    out_rows, out_columns = np.indices(found.shape, np.float32)
    found_match = cv2.remap(
        right_x[1], out_columns - found, out_rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    error = np.abs(found_match - (true_match[0] / true_match[2]).reshape(found.shape))[truth.valid[at]]
    return float(np.mean((error > 3) & (error > 0.05 * truth.values[at][truth.valid[at]])))


class Untouched:
    """A rectification that leaves everything as it is."""

    def apply(self, left, right):
        return left, right


@pytest.mark.parametrize(("turn_deg", "longer"), TURNS)
def test_crooked_cameras_are_aligned_to_half_a_pixel(kitti, turn_deg, longer):
    frame = kitti.read(0)
    _, right = crooked(frame, turn_deg, longer)
    rectification = SelfRectification([(frame.left, right)])
    _, offsets = row_offsets(*rectification.apply(frame.left, right))
    assert len(offsets) > 50 and np.median(np.abs(offsets)) < 0.5
    assert rectification.calibration is None and rectification.size == frame.right.shape[1::-1]
    assert rectification.told == f"self-rectified from {rectification.matches} matches, not calibrated"


def test_depth_of_crooked_cameras_is_nearly_as_good_as_that_of_true_ones(kitti):
    frame = kitti.read(0)
    as_it_was = wrong_part(kitti, np.eye(3), frame.right, Untouched())
    warp, right = crooked(frame, *TURNS[0])
    aligned = wrong_part(kitti, warp, right, SelfRectification([(frame.left, right)]))
    assert aligned < as_it_was + 0.02
    assert wrong_part(kitti, warp, right, Untouched()) > 0.3


def test_cameras_that_squint_get_disparities_above_zero():
    frame = open_source("demo").read(0)
    _, right = crooked(frame, (0.3, 2.0, -0.5), 1.0)
    for turned in (right, crooked(frame, (0.3, -2.0, -0.5), 1.0)[1]):
        aligned = SelfRectification([(frame.left, turned)]).apply(frame.left, turned)
        left, matched = matched_features(*aligned)
        assert len(left) > 50
        assert np.percentile((left - matched)[:, 0], 2) > 0


def test_cameras_are_aligned_only_where_their_rows_disagree(kitti):
    frame = kitti.read(0)
    assert aligned_by_sight(frame.left, frame.right) is None
    assert aligned_by_sight(frame.left, np.zeros_like(frame.right)) is None
    assert aligned_by_sight(frame.left, crooked(frame, *TURNS[1])[1]).told.startswith("self-rectified from ")


def test_good_pairs_are_left_alone_though_windows_are_mistaken_for_their_neighbours():
    source = SyntheticSource((480, 200))
    for frame in map(source.read, range(10)):
        small = [cv2.resize(eye, (480, 144), interpolation=cv2.INTER_AREA) for eye in (frame.left, frame.right)]
        assert aligned_by_sight(*small) is None


def test_pairs_whose_rows_agree_are_aligned_where_the_cameras_squint():
    frame = open_source("demo").read(0)
    assert aligned_by_sight(frame.left, crooked(frame, (0.0, -2.0, 0.0), 1.0)[1]) is not None


def test_aligned_pictures_have_no_black_rim(kitti):
    frame = kitti.read(0)
    rectification = SelfRectification([(frame.left, crooked(frame, *TURNS[0])[1])])
    white = np.full_like(frame.left, 255)
    assert all(picture.min() == 255 for picture in rectification.apply(white, white))


def matched_features(left, right):
    orb = cv2.ORB.create(1500)
    (points_l, bits_l), (points_r, bits_r) = (orb.detectAndCompute(picture, None) for picture in (left, right))
    found = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(bits_l, bits_r)
    pairs = np.array([(points_l[one.queryIdx].pt, points_r[one.trainIdx].pt) for one in found if one.distance < 30])
    same_row = np.abs(pairs[:, 0, 1] - pairs[:, 1, 1]) < 2
    return pairs[same_row, 0], pairs[same_row, 1]


def test_pictures_of_nothing_or_of_different_things_are_not_aligned():
    grey = np.full((240, 320, 3), 128, np.uint8)
    with pytest.raises(CalibrationError, match=r"only 0 matches agree.*: calibrate them"):
        SelfRectification([(grey, grey)])
    random = np.random.default_rng(0)
    left, right = (cv2.GaussianBlur(random.integers(0, 255, (240, 320, 3), np.uint8), (0, 0), 2) for _ in range(2))
    with pytest.raises(CalibrationError, match="cannot be aligned"):
        SelfRectification([(left, right)])


def watched(source, frames, shift_px=0.0, roll_deg=0.0):
    """What a new watch says in the end, when it is offered these frames with the right camera moved."""
    watch = DriftWatch()
    for frame in map(source.read, frames):
        height, width = frame.right.shape[:2]
        move = cv2.getRotationMatrix2D((width / 2, height / 2), roll_deg, 1) + np.array([[0, 0, 0], [0, 0, shift_px]])
        right = cv2.warpAffine(frame.right, move, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        for _ in range(EVERY):
            said = watch.offer(frame.left, right)
    return watch, said


@pytest.mark.parametrize("sequence", ["90", "91"])
def test_a_tilt_of_one_and_a_half_pixels_is_noticed_and_none_is_not(real_data, sequence):
    source = open_source(real_data / "kitti_odometry" / "sequences" / sequence)
    frames = range(0, 20, 3)
    assert watched(source, frames)[1] is None
    for shift_px in (-1.6, 1.6):
        watch, said = watched(source, frames, shift_px)
        assert watch.offset_px == pytest.approx(1.6, abs=0.5)
        assert said == (
            f"the cameras look out of calibration, rows differ by {watch.offset_px:.1f} px: calibrate again"
        )


def test_a_roll_is_noticed_too_and_a_good_camera_is_forgiven_again():
    source = open_source("demo")
    watch, said = watched(source, range(7), roll_deg=0.35)
    assert said is not None
    for frame in map(source.read, range(10, 20)):
        for _ in range(EVERY):
            said = watch.offer(frame.left, frame.right)
    assert said is None and watch.offset_px < 0.3


def test_nothing_is_said_of_pictures_without_features():
    watch, grey = DriftWatch(), np.full((240, 320, 3), 128, np.uint8)
    assert all(watch.offer(grey, grey) is None for _ in range(10 * EVERY))
    assert watch.offset_px is None
