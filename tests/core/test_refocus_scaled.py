"""Smaller previews: the same lens, sharp pixels as they were, no halos, and blurred things spill over sharp ones."""

import numpy as np
import pytest

from sterefo_core.refocus.cpu import CpuRenderer
from sterefo_core.refocus.scaled import ScaledRenderer
from sterefo_core.types import Lens

SIZE = 120, 160
INSIDE = slice(40, 80), slice(50, 110)
LENS = Lens(aperture=0.5, max_radius_px=24.0)
SCALES = pytest.mark.parametrize("scale", [0.71, 0.5, 0.25])


def scaled(renderer, scale):
    made = ScaledRenderer(renderer)
    made.scale = scale
    return made


def scene(inside, outside):
    """A picture and its disparity: grey values and disparities of a rectangle and of what surrounds it."""
    image, disparity = np.full((*SIZE, 3), outside[0], np.uint8), np.full(SIZE, outside[1], np.float32)
    image[INSIDE], disparity[INSIDE] = inside
    return image, disparity


def test_the_lens_of_a_smaller_picture_blurs_by_the_same_share_of_it():
    asked = []

    class Recorder:
        def render(self, image, disparity, focus_disparity, lens, right):
            asked.append((image.shape, float(disparity.max()), focus_disparity, lens))
            return image

    image, disparity = scene(inside=(200, 60.0), outside=(200, 20.0))
    scaled(Recorder(), 0.5).render(image, disparity, 20.0, LENS, None)
    ((shape, largest, focus, lens),) = asked
    assert shape == (SIZE[0] // 2, SIZE[1] // 2, 3)
    assert lens.aperture * (largest - focus) == pytest.approx(0.5 * (60 - 20) * 0.5)
    assert lens.max_radius_px == LENS.max_radius_px * 0.5


@SCALES
def test_what_is_in_focus_keeps_the_pixels_of_the_full_picture(scale):
    image, disparity = scene(inside=(0, 40.0), outside=(90, 4.0))
    image[INSIDE] = np.random.default_rng(0).integers(0, 256, image[INSIDE].shape)
    out = scaled(CpuRenderer(), scale).render(image, disparity, 40.0, LENS, None)
    assert np.array_equal(out[INSIDE], image[INSIDE])


@SCALES
def test_a_sharp_outline_has_no_halo(scale):
    image, disparity = scene(inside=(255, 40.0), outside=(30, 4.0))
    out = scaled(CpuRenderer(), scale).render(image, disparity, 40.0, LENS, None).astype(int)
    out[INSIDE] = 30
    assert abs(out - 30).max() <= 2


@SCALES
def test_what_is_blurred_before_the_focus_spills_over_what_is_sharp_without_a_seam(scale):
    image, disparity = scene(inside=(255, 40.0), outside=(30, 4.0))
    full = CpuRenderer().render(image, disparity, 4.0, LENS, None).astype(int)
    out = scaled(CpuRenderer(), scale).render(image, disparity, 4.0, LENS, None).astype(int)
    assert full[INSIDE[0].start - 4, 80, 0] > 100  # it does spill
    assert abs(out - full).max() <= 30
    steps = np.abs(np.diff(out[:, 80, 0]))
    assert steps.max() <= np.abs(np.diff(full[:, 80, 0])).max() + 14
