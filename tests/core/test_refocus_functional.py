"""The definition of refocusing keeps the promises that a real lens keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from sterefo_core.refocus.functional import refocus
from sterefo_core.types import Lens

LENS = Lens(aperture=0.5, max_radius_px=8.0)


def textured(height: int, width: int, batch: int = 1, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(7), dtype=dtype)


def flat(height: int, width: int, disparity: float, batch: int = 1) -> torch.Tensor:
    return torch.full((batch, 1, height, width), disparity)


def step(height: int, width: int, left: float, right: float) -> torch.Tensor:
    """Disparity `left` in the left half and `right` in the right half."""
    disparity = flat(height, width, left)
    disparity[..., width // 2 :] = right
    return disparity


def test_a_constant_image_stays_constant_to_its_border():
    disparity = torch.rand(1, 1, 40, 50, generator=torch.Generator().manual_seed(3)) * 40
    disparity[..., 10:30, 10:30] += 30
    refocused = refocus(torch.full((1, 3, 40, 50), 0.3), disparity, 22.0, LENS)
    assert torch.allclose(refocused, torch.tensor(0.3), atol=1e-4)


def test_energy_is_kept():
    image = torch.zeros(1, 3, 60, 60)
    image[..., 20:40, 20:40] = textured(20, 20)
    refocused = refocus(image, flat(60, 60, 20.0), 8.0, LENS)
    assert refocused.sum().item() == pytest.approx(image.sum().item(), rel=1e-4)


def test_the_picture_is_untouched_at_aperture_zero():
    image = textured(20, 30)
    assert torch.equal(refocus(image, flat(20, 30, 20.0), 3.0, replace(LENS, aperture=0.0)), image)


def test_the_picture_is_untouched_at_largest_radius_zero():
    image = textured(20, 30)
    assert torch.equal(refocus(image, flat(20, 30, 20.0), 3.0, replace(LENS, max_radius_px=0.0)), image)


def test_what_is_in_focus_is_untouched_beside_what_is_behind_it():
    image = textured(40, 60)
    refocused = refocus(image, step(40, 60, left=20.0, right=4.0), 20.0, LENS)
    assert (refocused - image)[..., :30].abs().max() < 1 / 255


def test_a_point_light_becomes_an_even_disk_of_its_radius():
    image = torch.zeros(1, 3, 41, 41)
    image[..., 20, 20] = 100.0
    refocused = refocus(image, flat(41, 41, 12.0), 0.0, LENS)[0, 0]  # radius 6
    distance = torch.hypot(*torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij"))
    assert torch.allclose(refocused[distance < 5], torch.tensor(100 / (torch.pi * 36)), rtol=0.03)
    assert refocused[distance > 7].abs().max() < 1e-4
    spread = (refocused * distance**2).sum() / refocused.sum()
    assert spread.item() == pytest.approx(6**2 / 2, rel=0.01)


def test_blur_grows_smoothly_with_the_radius():
    image = torch.zeros(1, 3, 41, 41)
    image[..., 20, 20] = 1.0
    distance = torch.hypot(*torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij"))
    for radius in (0.3, 1.0, 1.5, 4.7, 7.6):
        refocused = refocus(image, flat(41, 41, 2 * radius), 0.0, LENS)[0, 0]
        spread = (refocused * distance**2).sum() / refocused.sum()
        assert spread.item() == pytest.approx(radius**2 / 2, rel=0.05 if radius > 1 else 0.1)


def test_radii_above_the_largest_are_drawn_at_the_largest():
    image = textured(30, 30)
    far, farther = (refocus(image, flat(30, 30, d), 0.0, LENS) for d in (16.0, 500.0))
    assert torch.equal(far, farther)


def test_a_sharp_foreground_does_not_leak_into_the_blurred_background():
    image = torch.full((1, 3, 40, 60), 0.2)
    image[..., :30] = 5.0
    refocused = refocus(image, step(40, 60, left=20.0, right=4.0), 20.0, LENS)
    assert torch.allclose(refocused[..., 30:], torch.tensor(0.2), atol=1e-3)


def test_a_blurred_foreground_spreads_over_the_sharp_background():
    image = torch.full((1, 3, 40, 60), 0.2)
    image[..., :30] = 1.0
    row = refocus(image, step(40, 60, left=20.0, right=8.0), 8.0, LENS)[0, 0, 20]  # radius 6
    assert row[33] > 0.3
    assert row[26] < 0.9
    assert (row.diff() < 1e-4).all()
    assert row[29:31].mean().item() == pytest.approx(0.6, abs=0.03)


def test_a_slanted_surface_is_not_darkened_where_it_crosses_slices():
    disparity = torch.linspace(0, 32, 80)[:, None].expand(1, 1, 80, 80)
    image = textured(80, 80)
    image[:, :, :, 30:50] = 0.0
    plain = refocus(torch.ones_like(image), disparity, 16.0, LENS)
    assert torch.allclose(plain, torch.ones_like(plain), atol=1e-4)


def test_a_light_mixed_into_the_pixels_around_it_makes_no_ring_of_another_radius():
    image, disparity = torch.full((1, 3, 60, 60), 0.01), flat(60, 60, 30.0)
    image[..., 28:33, 28:33], disparity[..., 28:33, 28:33] = 6.0, 40.0
    image[..., 29:32, 29:32] = 20.0
    disparity[..., 29:32, 29:32], disparity[..., 28, :], disparity[..., 32, :] = 40.0, 30.0, 30.0
    disparity[..., :, 28], disparity[..., :, 32] = 30.0, 30.0
    refocused = refocus(image, disparity, 46.0, LENS)[0, 0]  # the light's radius is 3, the wall's is 8
    assert refocused[30, 30] > 3
    assert refocused[30, 37] < 0.05


def test_the_right_image_shows_what_is_behind_a_foreground():
    background = textured(40, 100)
    image, disparity = background[..., :60].clone(), flat(40, 60, 4.0)
    image[..., 20:32], disparity[..., 20:32] = 0.5, 24.0
    right = background[..., 4:64].clone()
    right[..., 0:8] = 0.5
    truth = background[..., 20:32]
    errors = []
    for other in (None, right):
        seen_through = refocus(image, disparity, 4.0, replace(LENS, aperture=0.4), other)[..., 20:32]
        foreground_only = (seen_through - truth)[..., 4:36, 9:12]
        errors.append(foreground_only.std().item())
    assert errors[1] < 0.7 * errors[0]


def test_every_picture_of_a_batch_has_its_own_focus_and_aperture():
    image, disparity = textured(20, 24, batch=2), flat(20, 24, 10.0, batch=2)
    disparity[:, :, 5:15, 5:15] = 22.0
    focus, aperture = torch.tensor([10.0, 22.0]), torch.tensor([0.3, 0.6])
    together = refocus(image, disparity, focus, replace(LENS, aperture=aperture))
    for i in range(2):
        lens = replace(LENS, aperture=float(aperture[i]))
        alone = refocus(image[i : i + 1], disparity[i : i + 1], float(focus[i]), lens)
        assert torch.allclose(together[i : i + 1], alone, atol=1e-5)


@pytest.mark.parametrize("shape", [{}, {"blades": 5, "squeeze": 1.5, "cats_eye": 0.1, "sharp_px": 0.3}])
def test_gradients_are_right(shape):
    generator = torch.Generator().manual_seed(5)
    image = torch.rand(2, 3, 6, 7, generator=generator, dtype=torch.float64, requires_grad=True)
    disparity = (torch.rand(2, 1, 6, 7, generator=generator, dtype=torch.float64) * 9).requires_grad_()
    focus = torch.tensor([3.3, 5.1], dtype=torch.float64, requires_grad=True)
    aperture = torch.tensor([0.5, 0.4], dtype=torch.float64, requires_grad=True)

    right = torch.rand(2, 3, 6, 7, generator=generator, dtype=torch.float64, requires_grad=True)

    def run(image, disparity, focus, aperture, right):
        return refocus(image, disparity, focus, Lens(aperture=aperture, max_radius_px=4.0, **shape), right)

    assert torch.autograd.gradcheck(run, (image, disparity, focus, aperture, right), fast_mode=True)


def test_gradients_are_useful_for_image_disparity_focus_and_aperture():
    image, disparity = textured(30, 40).requires_grad_(), step(30, 40, left=20.0, right=8.0).requires_grad_()
    focus, aperture = torch.tensor(10.0, requires_grad=True), torch.tensor(0.4, requires_grad=True)
    (refocus(image, disparity, focus, replace(LENS, aperture=aperture)) ** 2).sum().backward()
    assert all(given.grad is not None and bool(torch.isfinite(given.grad).all()) for given in (image, disparity))
    assert (image.grad != 0).float().mean() > 0.99
    assert (disparity.grad != 0).float().mean() > 0.9
    assert focus.grad.abs() > 1e-3
    assert aperture.grad.abs() > 1e-3


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (13, 17), (2, 2)])
def test_every_size_works(size):
    image = textured(*size)
    refocused = refocus(image, flat(*size, 10.0), 3.0, LENS)
    assert refocused.shape == image.shape
    assert torch.isfinite(refocused).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_float_type_gives_the_same_picture_in_its_own_type(dtype):
    image, disparity = textured(12, 16), step(12, 16, left=14.0, right=6.0)
    refocused = refocus(image.to(dtype), disparity.to(dtype), 6.0, LENS)
    assert refocused.dtype == dtype
    assert torch.allclose(refocused.float(), refocus(image, disparity, 6.0, LENS), atol=0.02)


def test_tensors_that_are_not_contiguous_are_read_right():
    image, disparity = textured(12, 16), step(12, 16, left=14.0, right=6.0)
    stored = image.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    assert torch.equal(refocus(stored, disparity, 6.0, LENS), refocus(image, disparity, 6.0, LENS))


def test_disparities_out_of_any_range_stay_sane():
    image = textured(20, 24)
    disparity = torch.zeros(1, 1, 20, 24)
    disparity[..., ::3, ::2], disparity[..., 1::3, 1::2] = 1e9, -1e9
    refocused = refocus(image, disparity, 1e6, LENS)
    assert refocused.min() >= -1e-4
    assert refocused.max() <= image.max() + 1e-4


@pytest.mark.parametrize("which", ["image", "disparity", "right image"])
def test_values_that_are_not_finite_are_named(which):
    given = {"image": textured(5, 6), "disparity": flat(5, 6, 3.0), "right image": textured(5, 6)}
    given[which][0, 0, 2, 3] = float("nan")
    with pytest.raises(ValueError, match=f"{which} has values that are not finite"):
        refocus(given["image"], given["disparity"], 3.0, LENS, given["right image"])


@pytest.mark.parametrize(
    ("image", "disparity", "lens", "text"),
    [
        (torch.zeros(3, 5, 6), flat(5, 6, 1.0), LENS, "needs"),
        (torch.zeros(1, 3, 5, 6), flat(5, 7, 1.0), LENS, "disparity has shape"),
        (torch.zeros(1, 3, 5, 6, dtype=torch.uint8), flat(5, 6, 1.0), LENS, "floating point"),
        (torch.zeros(1, 3, 5, 6), flat(5, 6, 1.0), replace(LENS, aperture=-0.1), "not below 0"),
        (torch.zeros(1, 3, 5, 6), flat(5, 6, 1.0), replace(LENS, max_radius_px=float("inf")), "finite"),
        (torch.zeros(1, 3, 5, 6), flat(5, 6, 1.0), replace(LENS, blades=4), "5 to 9"),
        (torch.zeros(1, 3, 5, 6), flat(5, 6, 1.0), replace(LENS, squeeze=0.0), "from 1 to 2"),
    ],
)
def test_input_that_does_not_fit_is_refused(image, disparity, lens, text):
    with pytest.raises(ValueError, match=text):
        refocus(image, disparity, 1.0, lens)
