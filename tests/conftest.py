"""What all tests share: where the real data lies, and a quiet, deterministic process."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's spinning barriers stall a busy two-core machine,
os.environ.setdefault("OMP_NUM_THREADS", "1")  # and so does waiting for threads that others keep from running
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

from tests.threads import PATIENCE_S


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with KITTI, Middlebury and OTB data: $STEREFO_TEST_DATA, or ../shared/data beside the project."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("STEREFO_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set STEREFO_TEST_DATA to run this")
    return folder


@pytest.fixture
def patient(monkeypatch):
    """Cameras are waited for as long as a busy machine needs: until they are open, and while they are silent."""
    from sterefo_core.sources.camera import open_camera

    monkeypatch.setattr(open_camera, "__defaults__", ("auto", PATIENCE_S))
    for module in ("camera_mjpeg", "camera_stream"):
        monkeypatch.setattr(f"sterefo_core.sources.{module}.SILENT_S", PATIENCE_S)
