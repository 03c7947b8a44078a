"""The CUDA twin has the whole lens: every setting gives the definition's picture and gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.core.cuda_twin import DEVICE, LENS, light_of, photograph, scene  # isort: skip (says how kernels run)

from sterefo_core.refocus import cuda, functional
from sterefo_core.refocus.cuda_renderer import CudaRenderer
from sterefo_core.refocus.highlights import clipped_spots
from sterefo_core.refocus.renderer import DefinitionRenderer

pytestmark = pytest.mark.usefixtures("few_large_blocks")

SETTINGS = {
    "odd blades": {"blades": 5, "blade_rotation_deg": 20.0},
    "round blades": {"blades": 6, "roundness": 0.5},
    "squeeze": {"squeeze": 2.0},
    "sharp range": {"sharp_px": 1.5},
}
ALL = {"blades": 7, "squeeze": 1.5, "sharp_px": 0.5, "cats_eye": 0.12}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_gives_the_definitions_picture(name):
    image, disparity = scene(6, 10)
    lens = replace(LENS, **SETTINGS[name])
    expected = functional.refocus(image, disparity, 5.0, lens)
    assert torch.allclose(cuda.refocus(image, disparity, 5.0, lens), expected, atol=1e-5)
    assert not torch.allclose(functional.refocus(image, disparity, 5.0, LENS), expected, atol=1e-3)


def test_all_settings_together_give_the_definitions_picture():
    image, disparity = scene(3, 4)
    lens = replace(LENS, max_radius_px=1.5, **ALL)
    expected = functional.refocus(image, disparity, 1.0, lens)
    assert torch.allclose(cuda.refocus(image, disparity, 1.0, lens), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(5, 1), (1, 4)])
def test_all_settings_together_give_the_definitions_gradients(size):
    image, disparity = scene(*size)
    lens, given = replace(LENS, max_radius_px=1.5, **ALL), []
    for function in (functional.refocus, cuda.refocus):
        asked = [tensor.clone().requires_grad_() for tensor in (image, disparity)]
        (function(*asked, 1.0, lens) ** 2).sum().backward()
        given.append([tensor.grad for tensor in asked])
    for expected, twin in zip(*given, strict=True):
        assert torch.allclose(twin, expected, rtol=2e-3, atol=1e-4)


def starry(height: int, width: int) -> np.ndarray:
    """Clipped spots of all kinds: points, diagonals, a ring, combs that join late, and areas too large for lamps."""
    image = (np.random.default_rng(5).random((height, width, 1)) < 0.35) * np.full(3, 255)
    image[2:12, 2:12], image[3:11, 3:11] = 255, 0
    image[20:, ::2], image[22:, 1::2], image[-1] = 255, 0, 255
    image[15:18, :] = 0
    image[:12, 30:] = 200
    image[5, 40:42] = 255  # in daylight
    return image.astype(np.uint8)


@pytest.mark.parametrize("size", [(40, 60), (130, 7)])
def test_lamps_are_the_definitions_spots(size):
    image = starry(*size)
    renderer, lens = CudaRenderer(DEVICE), replace(LENS, max_radius_px=0.0, highlights=1.0)
    renderer.render(image, np.ones(size, np.float32), 1.0, lens, None)
    found = renderer._frame.lamps.cpu().numpy() > 0
    expected = clipped_spots(image)
    assert expected.any()
    assert np.array_equal(found, expected)


def test_lamps_get_their_light_back():
    image, disparity = photograph(10, 14)
    image[4:6, 9:11] = 255
    lens = replace(LENS, highlights=0.7)
    twin = CudaRenderer(DEVICE).render(image, disparity, 8.0, lens, None)
    expected = DefinitionRenderer("cpu").render(image, disparity, 8.0, lens, None)
    assert (np.abs(twin.astype(int) - expected) <= 1).mean() > 0.99
    without = CudaRenderer(DEVICE).render(image, disparity, 8.0, LENS, None)
    assert light_of(twin).sum() > light_of(without).sum() * 1.02
