import numpy as np
import pytest

from sterefo_core import optics
from sterefo_core.errors import SterefoError
from sterefo_core.lens import Lens
from sterefo_core.types import Box, Calibration

KITTI = Calibration(focal_px=721.5, baseline_m=0.54, cx_px=609.6, cy_px=172.9)


def test_disparity_and_metres_are_inverse():
    assert optics.disparity_from_metres(10.0, KITTI) == pytest.approx(721.5 * 0.54 / 10)
    assert optics.metres_from_disparity(optics.disparity_from_metres(7.3, KITTI), KITTI) == pytest.approx(7.3)


def test_zero_disparity_is_infinitely_far():
    assert np.isinf(optics.metres_from_disparity(np.array([0.0, 5.0]), KITTI)).tolist() == [True, False]


def test_a_distance_of_nothing_is_refused():
    with pytest.raises(SterefoError, match="above 0 m"):
        optics.disparity_from_metres(0.0, KITTI)


def test_blur_of_an_aperture_in_mm_agrees_with_the_thin_lens():
    """The disk's diameter is f_px * A * |1/Z - 1/Z_focus|, by similar triangles, without any mention of disparity."""
    aperture_m, depth, focus = 0.12, 25.0, 10.0
    diameter = KITTI.focal_px * aperture_m * abs(1 / depth - 1 / focus)
    aperture = optics.aperture_from_mm(120, KITTI)
    near, far = (optics.disparity_from_metres(z, KITTI) for z in (focus, depth))
    assert optics.blur_radius_px(far, near, Lens(aperture, max_radius_px=99.0)) == pytest.approx(diameter / 2)
    assert optics.mm_from_aperture(aperture, KITTI) == pytest.approx(120)


def test_blur_grows_from_nothing_beyond_the_sharp_range_to_the_largest_radius():
    lens = Lens(aperture=0.5, max_radius_px=6.0, sharp_px=2.0)
    radii = optics.blur_radius_px(np.array([10.0, 12.0, 8.0, 13.0, 4.0, 90.0]), 10.0, lens)
    assert radii.tolist() == [0.0, 0.0, 0.0, 0.5, 2.0, 6.0]


def test_the_capped_share_is_that_of_the_pixels_which_want_a_larger_disk():
    lens = Lens(aperture=0.5, max_radius_px=6.0, sharp_px=2.0)  # reached 14 px from the focal plane
    disparity = np.array([[10.0, 24.0, 25.0, -5.0]])
    assert optics.capped_share(disparity, 10.0, lens) == 0.5
    assert optics.capped_share(disparity, 10.0, Lens(aperture=0.0)) == 0.0


def test_a_calibration_that_makes_no_sense_is_refused():
    with pytest.raises(SterefoError, match="above 0"):
        Calibration(focal_px=-1, baseline_m=0.5, cx_px=0, cy_px=0)
    with pytest.raises(SterefoError, match="finite"):
        Calibration(focal_px=float("nan"), baseline_m=0.5, cx_px=0, cy_px=0)


def test_boxes_clip_overlap_and_shrink():
    box = Box(-5, 10, 20, 10)
    assert box.clipped(100, 15) == Box(0, 10, 15, 5)
    assert Box(200, 0, 5, 5).clipped(100, 100).area == 0
    assert box.overlap(box) == 1.0
    assert Box(0, 0, 10, 10).overlap(Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert box.central(0.5) == Box(0, 12.5, 10, 5)
    assert Box(2.2, 3.0, 0.1, 2.0).slices() == (slice(3, 5), slice(2, 3))
