"""Frames on CUDA: their memory is kept, they stay on the device, and where memory is full less is used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.core.cuda_twin import DEVICE, LENS, photograph  # isort: skip (says how kernels run)

from sterefo_core.refocus.cuda_renderer import CudaRenderer
from sterefo_core.refocus.sparing import SparingRenderer

pytestmark = pytest.mark.usefixtures("few_large_blocks")

SMALL = replace(LENS, max_radius_px=1.0)


def memory_of(renderer: CudaRenderer) -> dict[str, int]:
    """Where the renderer's tensors lie, on the device and on the host."""
    frame, kept = renderer._frame, renderer._pinned
    tensors = {**vars(frame), **vars(frame.spread), **frame.spread.plan._asdict(), **kept}
    return {name: value.data_ptr() for name, value in tensors.items() if isinstance(value, torch.Tensor)}


def test_after_the_first_frame_nothing_as_large_as_a_picture_is_allocated(monkeypatch):
    image, disparity = photograph(6, 10)
    renderer = CudaRenderer(DEVICE)
    renderer.render(image, disparity, 5.0, SMALL, image)
    before, made = memory_of(renderer), []
    for name in ("empty", "zeros", "ones", "full", "empty_like", "zeros_like", "tensor", "as_tensor"):
        plain = getattr(torch, name)
        monkeypatch.setattr(torch, name, lambda *a, _plain=plain, **k: made.append(_plain(*a, **k)) or made[-1])
    renderer.render(255 - image, disparity[::-1], 4.0, replace(SMALL, aperture=0.3), image)
    assert memory_of(renderer) == before
    assert sum(tensor.numel() for tensor in made) < 10  # the settings


def test_frames_on_the_device_are_the_renderers_and_overwrite_each_other():
    image, disparity = photograph(6, 10)
    renderer = CudaRenderer(DEVICE)
    expected = renderer.render(image, disparity, 5.0, SMALL, image)
    given = [torch.as_tensor(array, device=DEVICE) for array in (image, disparity, image)]
    first = renderer.render_on_device(*given[:2], 5.0, SMALL, given[2])
    assert np.array_equal(first.cpu().numpy(), expected)
    assert renderer.render_on_device(*given[:2], 4.0, SMALL).data_ptr() == first.data_ptr()


def test_strips_are_as_large_as_each_other_and_cover_every_row_with_what_reaches_it():
    lens, height = replace(LENS, max_radius_px=10.0), 375
    strips = list(CudaRenderer(DEVICE, parts=4)._strips(height, lens))
    assert [row for _, wanted in strips for row in wanted] == list(range(height))
    assert len({len(rows) for rows, _ in strips}) == 1
    for rows, wanted in strips:
        assert rows.start == 0 or wanted.start - rows.start >= 3 * 10 + 2 * 375 / 24
        assert rows.stop == height or rows.stop - wanted.stop >= 3 * 10 + 2 * 375 / 24


def test_strips_are_the_whole_picture(monkeypatch):
    image, _ = photograph(8, 1)
    image[4:6] = 255
    lens, depth = replace(SMALL, highlights=1.0, cats_eye=0.1), np.full((8, 1), 7.0)
    whole = CudaRenderer(DEVICE).render(image, depth, 5.0, lens, None)
    halves = [(range(7), range(4)), (range(1, 8), range(4, 8))]  # enough for this radius and one surface
    monkeypatch.setattr(CudaRenderer, "_strips", lambda *_: halves)
    assert np.array_equal(CudaRenderer(DEVICE).render(image, depth, 5.0, lens, None), whole)
    assert not np.array_equal(whole, image)


@pytest.mark.skipif(DEVICE != "cuda", reason="no CUDA device")
def test_strips_are_the_whole_picture_at_full_size_on_a_gpu():
    image, disparity = photograph(375, 1242)
    lens = replace(LENS, max_radius_px=10.0, aperture=2.0, highlights=1.0, cats_eye=0.5)
    whole = CudaRenderer().render(image, disparity, 5.0, lens, image)
    assert (CudaRenderer(parts=4).render(image, disparity, 5.0, lens, image) == whole).mean() > 0.999


class Full:
    """A renderer whose memory is full from the second picture on."""

    def __init__(self, error: RuntimeError) -> None:
        self.error, self.rendered = error, 0

    def render(self, image, *_):
        self.rendered += 1
        if self.rendered > 1:
            raise self.error
        return image


class Roomy:
    def render(self, image, *_):
        return 255 - image


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("Triton Error [CUDA]: out of memory")]
)
def test_where_memory_is_full_rendering_goes_on_with_less_and_says_so(error, caplog):
    image, disparity = photograph(6, 10)
    renderer = SparingRenderer(Full(error), [("in strips", lambda: full_at_once), ("on the CPU", Roomy)])
    full_at_once = Full(error)
    full_at_once.rendered = 1
    assert np.array_equal(renderer.render(image, disparity, 5.0, LENS, None), image)
    for _ in range(2):
        assert np.array_equal(renderer.render(image, disparity, 5.0, LENS, None), 255 - image)
    assert full_at_once.rendered == 2
    said = [record.getMessage() for record in caplog.records]
    assert said == [f"the GPU's memory is full: refocusing goes on {how}" for how in ("in strips", "on the CPU")]


def test_other_errors_are_not_taken_for_full_memory():
    image, disparity = photograph(6, 10)
    renderer = SparingRenderer(Full(RuntimeError("a bug")), [("on the CPU", Roomy)])
    renderer.render(image, disparity, 5.0, LENS, None)
    with pytest.raises(RuntimeError, match="a bug"):
        renderer.render(image, disparity, 5.0, LENS, None)
