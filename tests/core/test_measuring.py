import numpy as np
import pytest

from sterefo_core.measuring import Expectation, measure_again, measure_disparity, measure_object
from sterefo_core.types import Box, DisparityMap


def disparity_of(values, valid=None):
    values = np.asarray(values, np.float32)
    return DisparityMap(values, np.ones(values.shape, bool) if valid is None else valid)


def test_the_focus_is_the_median_of_the_object_and_not_of_the_background_at_the_rim_of_its_box():
    values = np.full((60, 80), 5.0)
    values[22:38, 30:50] = 40.0
    assert measure_disparity(disparity_of(values), Box(26, 18, 28, 24)) == 40.0


def test_invalid_disparities_do_not_count():
    values, valid = np.full((40, 40), 12.0), np.ones((40, 40), bool)
    values[10:30, 10:22], valid[10:30, 10:22] = 99.0, False
    assert measure_disparity(disparity_of(values, valid), Box(10, 10, 20, 20)) == 12.0


@pytest.mark.parametrize("box", [Box(100, 100, 5, 5), Box(0, 0, 0, 0), Box(-50, -50, 20, 20)])
def test_a_box_outside_the_picture_measures_nothing(box):
    assert measure_disparity(disparity_of(np.ones((20, 20))), box) is None


def test_a_box_without_valid_disparity_measures_nothing():
    nothing = np.zeros((20, 20), bool)
    assert measure_disparity(disparity_of(np.ones((20, 20)), nothing), Box(2, 2, 10, 10)) is None


@pytest.mark.parametrize("box", [Box(19.5, 19.5, 3, 3), Box(-2, -2, 2.5, 2.5), Box(3, 3, 0.2, 0.2), Box(0, 19, 20, 1)])
def test_a_box_at_the_very_border_is_still_measured(box):
    assert measure_disparity(disparity_of(np.full((20, 20), 7.0)), box) == 7.0


def fenced():
    """A thing at 20 px behind a fence at 40 px, before a wall at 5 px; and the thing's box."""
    values = np.full((100, 160), 5.0)
    values[20:80, 50:110] = 20.0
    for x in range(0, 160, 10):
        values[:, x : x + 6] = 40.0
    return disparity_of(values), Box(50, 20, 60, 60)


def test_a_fence_that_goes_on_beside_the_box_is_not_the_object():
    disparity, box = fenced()
    assert measure_disparity(disparity, box) == 40.0 and measure_object(disparity, box) == 20.0


def test_a_thin_thing_in_a_box_drawn_too_large_is_found():
    values = np.full((100, 160), 8.0)
    values[20:80, 72:84] = 33.0
    disparity, box = disparity_of(values), Box(50, 15, 56, 70)
    assert measure_disparity(disparity, box) == 8.0 and measure_object(disparity, box) == 33.0


def test_where_nothing_stands_out_the_median_is_believed():
    disparity = disparity_of(np.tile(np.linspace(4, 12, 160), (100, 1)))
    box = Box(50, 15, 56, 70)
    assert measure_object(disparity, box) == measure_disparity(disparity, box)


def test_who_walks_by_before_the_object_does_not_take_the_focus():
    values = np.full((60, 80), 5.0)
    values[10:50, 20:60] = 20.0
    values[:, 25:48] = 45.0
    disparity, box = disparity_of(values), Box(20, 10, 40, 40)
    assert measure_again(disparity, box, Expectation(19.0, 3.0)) == 20.0
    values[:, 15:65] = 45.0
    assert measure_again(disparity_of(values), box, Expectation(19.0, 3.0)) is None


def test_an_object_where_it_is_expected_is_measured_by_the_plain_median():
    values = np.random.default_rng(0).normal(20, 0.5, (60, 80))
    disparity, box = disparity_of(values), Box(20, 10, 40, 40)
    assert measure_again(disparity, box, Expectation(20.4, 2.0)) == measure_disparity(disparity, box)
