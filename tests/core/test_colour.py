import numpy as np

from sterefo_core import colour


def test_every_byte_survives_the_round_trip_through_linear_light():
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(colour.srgb_from_linear(colour.linear_from_srgb(every)), every)


def test_encoder_table_is_within_one_byte_of_the_formula():
    linear = np.linspace(0, 1, 100_001)
    exact = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(colour.srgb_from_linear(linear) - exact).max() < 1.0


def test_light_outside_the_range_is_clipped():
    assert colour.srgb_from_linear(np.array([-1.0, 7.0])).tolist() == [0, 255]


def test_a_disparity_has_the_same_colour_in_every_frame():
    near, far = np.full((2, 2), 60.0), np.array([[60.0, 1.0], [2.0, 3.0]])
    assert np.array_equal(colour.disparity_colours(near, 64)[0, 0], colour.disparity_colours(far, 64)[0, 0])
