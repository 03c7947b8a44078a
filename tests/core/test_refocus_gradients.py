"""The gradient of refocusing is useful: lens and depth can be found again from a refocused picture."""

from __future__ import annotations

import torch
from torch import Tensor

from sterefo_core.refocus.functional import refocus
from sterefo_core.types import Lens

HEIGHT, WIDTH, MAX_RADIUS = 32, 44, 6.0


def scene() -> tuple[Tensor, Tensor]:
    """A textured picture of slanted ground with two boards on it, and its disparity."""
    generator = torch.Generator().manual_seed(11)
    image = torch.rand(1, 3, HEIGHT, WIDTH, generator=generator)
    disparity = torch.linspace(4, 24, HEIGHT)[None, None, :, None].repeat(1, 1, 1, WIDTH)
    disparity[..., 4:22, 6:18] = 20.0
    disparity[..., 8:28, 26:38] = 28.0
    return image, disparity


def test_focus_and_aperture_are_recovered_from_one_refocused_picture():
    image, disparity = scene()
    target = refocus(image, disparity, 17.0, Lens(aperture=0.3, max_radius_px=MAX_RADIUS))
    focus, log_aperture = torch.tensor(10.0, requires_grad=True), torch.tensor(0.15).log().requires_grad_()
    optimiser = torch.optim.Adam([{"params": [focus], "lr": 1.0}, {"params": [log_aperture], "lr": 0.1}])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 50)
    for _ in range(50):
        optimiser.zero_grad()
        refocused = refocus(image, disparity, focus, Lens(aperture=log_aperture.exp(), max_radius_px=MAX_RADIUS))
        (refocused - target).square().mean().backward()
        optimiser.step()
        schedule.step()
    assert abs(focus.item() / 17.0 - 1) < 0.02
    assert abs(log_aperture.exp().item() / 0.3 - 1) < 0.02


def test_a_perturbed_disparity_is_sharpened_through_the_refocus_loss():
    image, disparity = scene()
    focuses = torch.tensor([4.0, 16.0, 28.0])
    pictures, lens = image.expand(3, -1, -1, -1), Lens(aperture=0.3, max_radius_px=MAX_RADIUS)
    target = refocus(pictures, disparity.expand(3, -1, -1, -1), focuses, lens)
    blurred = torch.nn.functional.avg_pool2d(disparity, 5, stride=1, padding=2, count_include_pad=False)
    found = blurred.clone().requires_grad_()
    optimiser = torch.optim.Adam([found], lr=0.5)
    for _ in range(40):
        optimiser.zero_grad()
        (refocus(pictures, found.expand(3, -1, -1, -1), focuses, lens) - target).square().mean().backward()
        optimiser.step()
    before, after = ((estimate - disparity).abs().mean().item() for estimate in (blurred, found.detach()))
    assert after < 0.7 * before, (before, after)
