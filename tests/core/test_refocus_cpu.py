"""The CPU kernel is the definition of refocusing made fast, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from sterefo_core.colour import linear_from_srgb
from sterefo_core.refocus.cpu import CpuRenderer
from sterefo_core.refocus.renderer import DefinitionRenderer
from sterefo_core.types import Lens, Quality

FINAL = Lens(aperture=0.5, max_radius_px=8.0)
PREVIEW = replace(FINAL, quality=Quality.PREVIEW)
BOTH = pytest.mark.parametrize("lens", [FINAL, PREVIEW], ids=["final", "preview"])


@pytest.fixture(scope="module")
def renderer() -> CpuRenderer:
    return CpuRenderer(threads=2)


def textured(height: int, width: int) -> np.ndarray:
    """Coarse and fine texture, so that both a wrong radius and a wrong place show."""
    generator = np.random.default_rng(7)
    coarse = generator.integers(0, 200, (-(-height // 9), -(-width // 9), 3))
    fine = generator.integers(0, 56, (height, width, 3))
    return (coarse.repeat(9, 0).repeat(9, 1)[:height, :width] + fine).astype(np.uint8)


def two_planes(height: int, width: int, far: float = 5.0, near: float = 25.0) -> np.ndarray:
    """Slanted ground with a nearer rectangle in the middle; disparity in px."""
    disparity = np.linspace(far, (far + near) / 2, height, dtype=np.float32)[:, None].repeat(width, 1)
    disparity[height // 4 : height // 4 * 3 + 1, width // 3 : width // 3 * 2 + 1] = near
    return disparity


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


@BOTH
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 40), (37, 1), (33, 47), (61, 90), (360, 640)])
def test_it_is_the_definition_at_every_size(renderer, size, lens):
    image, disparity = textured(*size), two_planes(*size)
    fast, definition = (r.render(image, disparity, 14.0, lens, None) for r in (renderer, DefinitionRenderer("cpu")))
    assert fast.shape == image.shape
    assert fast.dtype == np.uint8
    assert mean_difference(fast, definition) < (1.5 if min(size) > 8 else 3)  # all border, where both only guess


@BOTH
@pytest.mark.parametrize("focus", [-30.0, 5.0, 14.0, 25.0, 90.0])
def test_it_is_the_definition_wherever_the_focus_is(renderer, focus, lens):
    image, disparity = textured(70, 110), two_planes(70, 110)
    fast, definition = (r.render(image, disparity, focus, lens, None) for r in (renderer, DefinitionRenderer("cpu")))
    assert mean_difference(fast, definition) < 2.0


@BOTH
@pytest.mark.parametrize("radius", [0.5, 1.0, 2.7, 6.0, 12.0, 25.0])
def test_it_is_the_definition_at_every_radius(renderer, radius, lens):
    image, disparity = textured(70, 110), two_planes(70, 110)
    lens = replace(lens, aperture=radius / 20, max_radius_px=max(radius, 1.0))
    for focus in (5.0, 25.0):
        fast, exact = (r.render(image, disparity, focus, lens, None) for r in (renderer, DefinitionRenderer("cpu")))
        assert mean_difference(fast, exact) < 2.0


@BOTH
def test_the_right_image_shows_what_is_hidden_as_in_the_definition(renderer, lens):
    image, disparity = textured(60, 110), two_planes(60, 110)
    right = 255 - textured(60, 110)  # nothing like the left, so that every use of it shows
    fast, definition = (r.render(image, disparity, 5.0, lens, right) for r in (renderer, DefinitionRenderer("cpu")))
    assert mean_difference(fast, definition) < 2.0
    assert mean_difference(fast, renderer.render(image, disparity, 5.0, lens, None)) > 0.5


@BOTH
def test_a_constant_image_stays_constant_to_its_border(renderer, lens):
    disparity = np.random.default_rng(3).uniform(0, 60, (45, 63)).astype(np.float32)
    image = np.full((45, 63, 3), (30, 120, 230), np.uint8)
    refocused = renderer.render(image, disparity, 22.0, replace(lens, max_radius_px=20.0), None)
    assert np.abs(refocused.astype(int) - image).max() <= 1


@BOTH
def test_what_is_in_focus_is_untouched(renderer, lens):
    image = textured(50, 80)
    disparity = np.full((50, 80), 20, np.float32)
    assert np.array_equal(renderer.render(image, disparity, 20.0, lens, None), image)
    disparity[:, 40:] = 4  # the background behind it is blurred, and does not leak into it
    refocused = renderer.render(image, disparity, 20.0, lens, None)
    assert np.abs(refocused.astype(int) - image)[:, :40].max() <= 1


@BOTH
def test_the_light_of_a_lamp_is_kept(renderer, lens):
    image = np.zeros((60, 60, 3), np.uint8)
    image[27:33, 27:33] = 255
    refocused = renderer.render(image, np.full((60, 60), 18, np.float32), 4.0, lens, None)  # radius 7
    light = linear_from_srgb(refocused)[..., 0]
    assert light.sum() == pytest.approx(36, rel=0.02)
    assert light[30, 30] < 0.5
    across = np.arange(60) - 29.5
    spread = (light.sum(axis=0) * across**2).sum() / light.sum()
    assert spread == pytest.approx(7**2 / 4 + 35 / 12, rel=0.05)  # variance of the disk, and of the lamp


@BOTH
def test_one_disparity_everywhere_is_one_even_blur(renderer, lens):
    image = textured(40, 60)
    for focus in (16.0, 24.0):  # radius 2 behind and before the focal plane
        lens_2 = replace(lens, aperture=0.5)
        refocused = renderer.render(image, np.full((40, 60), 20, np.float32), focus, lens_2, None)
        exact = DefinitionRenderer("cpu").render(image, np.full((40, 60), 20, np.float32), focus, lens_2, None)
        assert mean_difference(refocused, exact) < 0.5


@BOTH
@pytest.mark.parametrize("open_", [{"aperture": 0.0}, {"max_radius_px": 0.0}])
def test_a_closed_lens_leaves_the_picture_as_it_is(renderer, lens, open_):
    image = textured(20, 30)
    assert np.array_equal(renderer.render(image, two_planes(20, 30), 3.0, replace(lens, **open_), None), image)


@BOTH
def test_disparities_out_of_any_range_are_blurred_at_the_largest_radius(renderer, lens):
    image, disparity = textured(40, 60), two_planes(40, 60)
    disparity[:, :30] = 3e38
    sane = np.where(disparity > 1e9, 1e4, disparity).astype(np.float32)
    assert np.array_equal(
        renderer.render(image, disparity, 14.0, lens, None), renderer.render(image, sane, 14.0, lens, None)
    )
    disparity[:, 30:] = -3e38
    assert renderer.render(image, disparity, 14.0, replace(lens, aperture=0.0), None).shape == image.shape


def test_pictures_that_are_not_contiguous_or_not_writable_are_read_right(renderer):
    image, disparity = textured(40, 60), two_planes(40, 60)
    expected = renderer.render(image, disparity, 14.0, FINAL, None)
    strided = np.zeros((80, 120, 6), np.uint8)[::2, ::2, ::-2]
    strided[:] = image
    turned = np.asfortranarray(disparity.astype(np.float64))
    turned.flags.writeable = False
    assert np.array_equal(renderer.render(strided, turned, 14.0, FINAL, None), expected)


@BOTH
def test_the_number_of_threads_does_not_change_the_picture(lens):
    image, disparity = textured(75, 90), two_planes(75, 90)
    one, three = (CpuRenderer(threads=n).render(image, disparity, 14.0, lens, None) for n in (1, 3))
    assert np.array_equal(one, three)


def test_calls_from_several_threads_do_not_disturb_each_other(renderer):
    image = textured(60, 80)
    jobs = [(two_planes(60, 80), 4.0 + n, lens) for n in range(8) for lens in (FINAL, PREVIEW)]
    expected = [CpuRenderer(threads=1).render(image, d, focus, lens, None) for d, focus, lens in jobs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda job: renderer.render(image, *job, None), jobs))
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_a_picture_stays_as_it_was_when_the_next_one_is_rendered(renderer):
    image, disparity = textured(30, 40), two_planes(30, 40)
    first = renderer.render(image, disparity, 5.0, FINAL, None)
    kept = first.copy()
    renderer.render(image, disparity, 25.0, FINAL, None)
    assert np.array_equal(first, kept)


@BOTH
@pytest.mark.parametrize("size", [(61, 70), (62, 71), (63, 72), (64, 73)])  # all remainders of the smallest size
def test_a_picture_does_not_depend_on_the_one_before(lens, size):
    image, disparity, wide = textured(*size), two_planes(*size), replace(lens, aperture=1.0, max_radius_px=20.0)
    renderer = CpuRenderer(threads=1)
    for focus in (25.0, 5.0, 14.0):
        again = renderer.render(image, disparity, focus, wide, None)
        assert np.array_equal(again, CpuRenderer(threads=1).render(image, disparity, focus, wide, None))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_disparity_that_is_not_finite_is_named(renderer, value):
    disparity = two_planes(80, 60)
    disparity[70, 3] = value
    with pytest.raises(ValueError, match="disparity has values that are not finite"):
        renderer.render(textured(80, 60), disparity, 14.0, FINAL, None)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"image": np.zeros((20, 30), np.uint8)}, "it must be uint8"),
        ({"image": np.zeros((20, 30, 3), np.float32)}, "it must be uint8"),
        ({"disparity": np.zeros((20, 31), np.float32)}, "disparity has shape"),
        ({"right": np.zeros((20, 31, 3), np.uint8)}, "the right image is uint8 of shape"),
        ({"focus_disparity": float("nan")}, "focus disparity is not finite"),
        ({"lens": replace(FINAL, aperture=-0.1)}, "not below 0"),
        ({"lens": replace(FINAL, aperture=float("nan"))}, "must be finite"),
        ({"lens": replace(FINAL, max_radius_px=float("inf"))}, "must be finite"),
        ({"lens": replace(FINAL, blades=4)}, "5 to 9"),
        ({"lens": replace(FINAL, cats_eye=2.0)}, "from 0 to 1"),
    ],
)
def test_input_that_does_not_fit_is_refused(renderer, changed, text):
    image, disparity = textured(20, 30), two_planes(20, 30)
    given = {"image": image, "disparity": disparity, "focus_disparity": 14.0, "lens": FINAL, "right": None}
    with pytest.raises(ValueError, match=text):
        renderer.render(**{**given, **changed})


@BOTH
def test_surfaces_at_the_largest_radius_are_those_of_the_definition(renderer, lens):
    """The mean radius of neighbours that all have the largest one may be rounded to more than it."""
    image, generator = textured(60, 90), np.random.default_rng(11)
    disparity = np.where(generator.random((60, 90)) < 0.3, 90, 5).astype(np.float32)
    for largest in (7.3, 11.1, 12.0):
        wide = replace(lens, aperture=0.9, max_radius_px=largest)
        fast, definition = (r.render(image, disparity, 5.0, wide, None) for r in (renderer, DefinitionRenderer("cpu")))
        assert mean_difference(fast, definition) < 2.0
