import cv2
import numpy as np
import pytest

from sterefo_core.sources import open_source
from sterefo_core.sources.synthetic import SyntheticSource
from sterefo_core.types import Box


@pytest.fixture(scope="module")
def demo():
    return SyntheticSource(size=(480, 200))


def test_a_frame_is_the_same_however_it_was_reached(demo):
    straight = [demo.read(i) for i in (3, 4, 90)]
    again = [demo.read(i) for i in (90, 4, 3)][::-1]
    other = SyntheticSource(size=(480, 200)).read(90)
    for a, b in zip(straight, again, strict=True):
        assert np.array_equal(a.left, b.left) and np.array_equal(a.right, b.right)
    assert np.array_equal(other.left, straight[-1].left)


def test_the_right_image_is_the_left_one_moved_by_the_exact_disparity(demo):
    for index in (0, 60, 124):
        frame, truth = demo.read(index), demo.truth(index)
        rows, columns = np.indices(truth.disparity.values.shape, np.float32)
        source_x = columns - truth.disparity.values
        moved = cv2.remap(frame.right, source_x, rows, cv2.INTER_LINEAR).astype(int)
        inside = truth.disparity.valid & (source_x >= 0)
        off = np.abs(moved - frame.left).mean(axis=2)[inside]
        assert np.median(off) < 2.5 and (off < 12).mean() > 0.85


def test_disparity_and_distance_agree_with_the_calibration(demo):
    """The pedestrian walks 11 m from where the camera starts."""
    truth = demo.truth(0)
    box = next(label.box for label in truth.boxes if label.name == "pedestrian")
    focal_length_times_baseline = demo.calibration.focal_px * demo.calibration.baseline_m
    chest = Box(*box.centre, 1, 1).slices()
    assert truth.disparity.values[chest][0, 0] == pytest.approx(focal_length_times_baseline / 11, rel=0.01)


def test_the_car_comes_nearer_and_the_boxes_keep_their_names(demo):
    boxes = [{label.name: label.box for label in demo.truth(index).boxes} for index in (10, 124)]
    assert set(boxes[0]) == set(boxes[1]) == {"pedestrian", "car"}
    assert boxes[1]["car"].area > 4 * boxes[0]["car"].area


def test_the_lights_are_brighter_than_the_camera_can_show(demo):
    assert (demo.read(0).left.min(axis=2) >= 250).sum() > 20


def test_the_demo_is_the_default_address_and_has_a_subject_to_click():
    demo = open_source("demo")
    assert (len(demo), demo.size, demo.timestamp_s(25)) == (125, (960, 400), 1.0)
    assert demo.subject.name == "pedestrian" and demo.subject in demo.truth(0).boxes


@pytest.mark.parametrize("index", [-1, 125])
def test_a_frame_outside_the_demo_is_an_index_error(demo, index):
    with pytest.raises(IndexError, match=r"0\.\.124"):
        demo.read(index)
