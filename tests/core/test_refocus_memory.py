"""A training step fits into the memory of an ordinary machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

STEP = """
import resource, torch
from sterefo_core.refocus.functional import refocus
from sterefo_core.types import Lens

def peak_gb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6

torch.set_num_threads(1)
before = peak_gb()
image = torch.rand(1, 3, 540, 960, requires_grad=True)
disparity = torch.linspace(2, 62, 540)[None, None, :, None].repeat(1, 1, 1, 960)
disparity[..., 100:300, 300:500] = 58
disparity.requires_grad_()
refocus(image, disparity, 30.0, Lens(aperture=0.8, max_radius_px=25.0)).square().mean().backward()
print(peak_gb() - before)
"""


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is in other units elsewhere")
def test_a_training_step_at_960_by_540_takes_less_than_4_gb():
    done = subprocess.run([sys.executable, "-c", STEP], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 4
