"""The refocusing stage as the pipeline meets it: bytes in, bytes out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from sterefo_core.errors import SterefoError
from sterefo_core.refocus import make_renderer
from sterefo_core.types import Lens


def test_bytes_in_focus_come_back_as_they_were():
    image = np.random.default_rng(1).integers(0, 256, (20, 31, 3), dtype=np.uint8)
    disparity = np.full((20, 31), 12, np.float32)
    refocused = make_renderer("cpu").render(image, disparity, 12.0, Lens(), None)
    assert refocused.dtype == np.uint8
    assert np.array_equal(refocused, image)


def test_light_is_mixed_in_linear_light():
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, ::2] = 255  # half the light: sRGB 188, not 128
    refocused = make_renderer("cpu").render(image, np.full((40, 40), 40, np.float32), 0.0, Lens(aperture=0.25), None)
    assert abs(float(refocused[10:30, 10:30].mean()) - 188) < 3


def test_an_unknown_device_is_named():
    with pytest.raises(SterefoError, match='no device "gpu9"'):
        make_renderer("gpu9")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_asking_for_cuda_without_one_says_so():
    with pytest.raises(SterefoError, match="no CUDA device was found"):
        make_renderer("cuda")


def test_importing_the_package_does_not_import_torch():
    code = "import sys, sterefo_core.refocus; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
