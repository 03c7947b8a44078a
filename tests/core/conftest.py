"""What the tests of cameras share: the pictures that their servers play."""

import cv2
import numpy as np
import pytest

from sterefo_core.sources import open_source
from sterefo_core.sources.synthetic import SyntheticSource


@pytest.fixture(scope="session")
def stereo_pictures(request) -> list[tuple[np.ndarray, np.ndarray]]:
    """Eight pairs of one scene, 480x144: of KITTI where the real data is, else of the demo."""
    try:
        source = open_source(request.getfixturevalue("real_data") / "kitti_odometry" / "sequences" / "90")
    except pytest.skip.Exception:
        source = SyntheticSource((480, 200))
    frames = [source.read(index) for index in range(8)]
    return [(_small(frame.left), _small(frame.right)) for frame in frames]


def _small(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (480, 144), interpolation=cv2.INTER_AREA)


@pytest.fixture
def few_large_blocks(monkeypatch):
    """Triton's interpreter takes time by blocks, not by pixels."""
    from sterefo_core.refocus import cuda_plan
    from tests.core.cuda_twin import DEVICE

    if DEVICE == "cpu":
        monkeypatch.setattr(cuda_plan, "BLOCK", (32, 16))
        monkeypatch.setattr(cuda_plan, "TILE", (32, 16))
    cuda_plan.plan_for.cache_clear()
    yield
    cuda_plan.plan_for.cache_clear()
