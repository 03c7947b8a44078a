"""The CUDA twin of refocusing gives the definition's pictures and gradients."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.core.cuda_twin import DEVICE, LENS, light_of, photograph, scene  # isort: skip (says how kernels run)

from sterefo_core.refocus import cuda, cuda_plan, functional, make_renderer
from sterefo_core.refocus.cats_eye import shapes_of
from sterefo_core.refocus.cuda_renderer import CudaRenderer
from sterefo_core.refocus.cuda_spread import Shape, Slices
from sterefo_core.refocus.layers import spread
from sterefo_core.refocus.renderer import DefinitionRenderer
from sterefo_core.refocus.rules import radius_rungs, slices_of
from sterefo_core.types import Lens

pytestmark = pytest.mark.usefixtures("few_large_blocks")
TRUE_BLOCKS = cuda_plan.BLOCK, cuda_plan.TILE


def test_the_picture_is_the_definitions_to_a_hundred_thousandth():
    image, disparity = scene(11, 16)
    expected = functional.refocus(image, disparity, 5.0, LENS)
    assert torch.allclose(cuda.refocus(image, disparity, 5.0, LENS), expected, atol=1e-5)


def test_blocks_and_tiles_leave_no_seams(monkeypatch):
    for name, size in zip(("BLOCK", "TILE"), TRUE_BLOCKS, strict=True):
        monkeypatch.setattr(cuda_plan, name, size)
    image, disparity = scene(9, 34)
    lens = replace(LENS, max_radius_px=1.0)
    expected = functional.refocus(image, disparity, 5.0, lens)
    assert torch.allclose(cuda.refocus(image, disparity, 5.0, lens), expected, atol=1e-5)


def test_every_picture_of_a_batch_has_its_own_focus_and_aperture():
    image, disparity = scene(5, 7, batch=2)
    focus, lens = torch.tensor([4.0, 6.0]), Lens(aperture=torch.tensor([0.2, 0.4]), max_radius_px=1.0)
    expected = functional.refocus(image, disparity, focus, lens)
    assert torch.allclose(cuda.refocus(image, disparity, focus, lens), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1)])
def test_every_size_works(size):
    image, disparity = scene(*size)
    lens = replace(LENS, max_radius_px=1.0)
    expected = functional.refocus(image, disparity, 1.0, lens)
    assert torch.allclose(cuda.refocus(image, disparity, 1.0, lens), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_every_float_type_comes_back_as_it_was(dtype):
    image, disparity = scene(4, 6)
    lens = replace(LENS, max_radius_px=1.0)
    twin = cuda.refocus(image.to(dtype), disparity.to(dtype), 5.0, lens)
    expected = functional.refocus(image.to(dtype), disparity.to(dtype), 5.0, lens)
    assert twin.dtype == dtype
    assert torch.allclose(twin.float(), expected.float(), atol=1e-5 + 4 * torch.finfo(dtype).eps)


UNUSUAL = {
    "all disparities zero": (0.0, 0.0, 5.0),
    "disparities out of range": (1e6, -1e6, 5.0),
    "focus beyond everything": (1.0, 5.3, 1e6),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_disparities_give_the_definitions_picture(name):
    image, disparity = scene(4, 6)
    first, second, focus = UNUSUAL[name]
    disparity[...] = torch.where(torch.arange(6, device=DEVICE) < 3, first, second)
    lens = replace(LENS, max_radius_px=1.0)
    expected = functional.refocus(image, disparity, focus, lens)
    assert torch.allclose(cuda.refocus(image, disparity, focus, lens), expected, atol=1e-5)


def test_strided_pictures_of_one_image_at_several_focuses():
    image, disparity = scene(5, 6)
    turned, deep = (tensor.mT.expand(2, -1, -1, -1) for tensor in (image, disparity))
    focus, lens = torch.tensor([4.0, 6.0]), replace(LENS, max_radius_px=1.0)
    expected = functional.refocus(turned, deep, focus, lens)
    assert torch.allclose(cuda.refocus(turned, deep, focus, lens), expected, atol=1e-5)
    assert not torch.allclose(expected[0], expected[1], atol=1e-3)


def test_a_picture_that_is_not_finite_is_named():
    image, disparity = scene(3, 4)
    image[0, 1, 2, 3] = torch.nan
    with pytest.raises(ValueError, match="image has values that are not finite"):
        cuda.refocus(image, disparity, 5.0, LENS)


def test_a_constant_image_stays_constant_to_its_border():
    _, disparity = scene(9, 12)
    image = torch.full((1, 3, 9, 12), 0.3, device=DEVICE)
    assert torch.allclose(cuda.refocus(image, disparity, 5.0, LENS), image, atol=1e-5)


@pytest.mark.parametrize("lens", [replace(LENS, aperture=0.0), replace(LENS, max_radius_px=0.0)])
def test_what_is_in_focus_is_untouched(lens):
    image, disparity = scene(9, 12)
    assert torch.allclose(cuda.refocus(image, disparity, 5.0, lens), image, atol=1e-6)


def test_light_and_its_radius_get_the_definitions_gradients():
    """Of every slice: the definition puts slices together with a kink where their coverages add up to one."""
    generator, rungs = torch.Generator().manual_seed(3), radius_rungs(1.5)
    plan = cuda_plan.plan_for(1.5, shapes_of(LENS, 6, 8), torch.device(DEVICE))
    shape = Shape.of(1, 2, 6, 8, plan)
    light = torch.rand(1, 8, *shape.padded, generator=generator).to(DEVICE).requires_grad_()
    radii = (torch.rand(1, 2, *shape.padded, generator=generator) * 2.8 - 1.4).to(DEVICE).requires_grad_()
    toward = torch.rand(1, len(slices_of(rungs)), 4, 6, 8, generator=generator).to(DEVICE)
    inside = (..., slice(shape.top, shape.top + 6), slice(shape.left, shape.left + 8))
    expected = torch.stack([spread(light, radii, rungs, members)[inside] for members in slices_of(rungs)], dim=1)
    twin = Slices.apply(light, radii, shape, plan)
    assert torch.allclose(twin, expected, atol=1e-5)
    for given, twins in zip((light, radii), torch.autograd.grad(twin, (light, radii), toward), strict=True):
        assert torch.allclose(twins, torch.autograd.grad(expected, given, toward, retain_graph=True)[0], atol=1e-4)


def test_image_focus_and_aperture_get_the_definitions_gradients():
    image, disparity = scene(6, 10)
    gradients = []
    for function in (functional.refocus, cuda.refocus):
        given = [image.clone(), torch.tensor(5.0, device=DEVICE), torch.tensor(0.5, device=DEVICE)]
        picture, focus, aperture = (tensor.requires_grad_() for tensor in given)
        (function(picture, disparity, focus, replace(LENS, aperture=aperture)) ** 2).sum().backward()
        gradients.append([tensor.grad for tensor in given])
    for expected, twin in zip(*gradients, strict=True):
        assert torch.allclose(twin, expected, rtol=2e-3, atol=1e-4)


def share_alike(twin: torch.Tensor, expected: torch.Tensor, within: float) -> float:
    """Share of pixels whose values, in the first dimension, are the same."""
    return ((twin - expected).abs().amax(0) <= within).float().mean().item()


def test_the_renderer_gives_the_definitions_surfaces_and_bytes_frame_after_frame():
    """But for a pixel here and there, as the nearest rim is found by flooding, in another order."""
    image, disparity = photograph(12, 30)
    renderer, lens, kept = CudaRenderer(DEVICE), LENS, None
    for right in (None, np.roll(image[:, ::-1], 4, axis=1)):
        twin = renderer.render(image, disparity, 5.0, lens, right)
        depth = torch.as_tensor(disparity, device=DEVICE)[None, None]
        radius, other = functional.signed_radius(depth, 5.0, lens), None if right is None else light_of(right)
        light, radii = functional.surfaces_of(light_of(image), radius, depth, other)
        present = light[0, 3::4] > 0
        assert present[1].any()
        assert present[2].any()
        assert share_alike(renderer._frame.light[0], light[0], within=1e-4) > 0.99
        assert share_alike(renderer._frame.radii[0] * present, radii[0] * present, within=1e-4) > 0.99
        expected = DefinitionRenderer("cpu").render(image, disparity, 5.0, lens, right)
        assert twin.dtype == np.uint8
        assert (np.abs(twin.astype(int) - expected) <= 1).mean() > 0.99
        assert np.abs(twin.astype(int) - image).max() > 40
        assert kept is None or renderer._frame is kept
        image, disparity, kept = 255 - image, disparity[::-1].copy(), renderer._frame


def test_a_disparity_that_is_not_finite_is_named():
    image, disparity = photograph(5, 6)
    disparity[2, 3] = np.nan
    with pytest.raises(ValueError, match="disparity has values that are not finite"):
        CudaRenderer(DEVICE).render(image, disparity, 5.0, replace(LENS, max_radius_px=1.0), None)


def test_where_the_kernels_do_not_run_the_definition_renders_and_says_why(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "sterefo_core.refocus.cuda_renderer", None)  # importing it fails
    monkeypatch.setattr("sterefo_core.refocus.renderer.torch_device", torch.device)
    assert isinstance(make_renderer("cuda").renderer, DefinitionRenderer)
    assert "refocusing on CUDA is slow" in caplog.text


def test_all_kernels_compile_for_an_h100_without_spilling_registers():
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    command = [sys.executable, "-m", "tests.core.compiled_for_cuda"]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert {line.split(":")[0] for line in lines} >= {"measure", "unmix", "hide", "spread", "collect"}
    assert all(line.endswith(" 0 bytes spilled") for line in lines)


@pytest.mark.skipif(DEVICE != "cuda", reason="no CUDA device")
@pytest.mark.parametrize("size", [(375, 1242), (2160, 3840)])
def test_full_size_on_a_gpu(size):
    image, disparity = scene(*size)
    lens = Lens(aperture=5.0, max_radius_px=25.0)
    expected = functional.refocus(image, disparity, 5.0, lens)
    assert torch.allclose(cuda.refocus(image, disparity, 5.0, lens), expected, atol=1e-4)
    smooth = (torch.nn.functional.avg_pool2d(image, 5, 1, 2)[0].permute(1, 2, 0).cpu().numpy() * 255).astype(np.uint8)
    twin = CudaRenderer().render(smooth, disparity[0, 0].cpu().numpy(), 5.0, lens, None)
    right = DefinitionRenderer("cuda").render(smooth, disparity[0, 0].cpu().numpy(), 5.0, lens, None)
    assert (np.abs(twin.astype(int) - right) <= 1).mean() > 0.99


@pytest.mark.skipif(DEVICE != "cuda", reason="no CUDA device")
def test_recorded_frames_are_those_that_are_launched_kernel_by_kernel():
    image, disparity = photograph(60, 90)
    plain, recorded = CudaRenderer(graphs=False), CudaRenderer()
    for turn in range(4):
        lens = replace(LENS, aperture=0.3 + 0.1 * turn, highlights=0.5)
        expected = plain.render(image, disparity, 5.0, lens, image)
        assert np.array_equal(recorded.render(image, disparity, 5.0, lens, image), expected)
        image = np.roll(image, 3, axis=1)
    assert any(recorded._frame._graphs.values())
