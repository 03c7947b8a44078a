"""The refocusing stage on the CPU: the same function as `functional.refocus`, made fast.

Points of light are drawn as spans of rows: every row of a disk adds to a row of differences where the disk begins and
ends, and one running sum along the row turns them into light. So a pixel costs two additions for each row that it
reaches, however many slices there are. Large disks are drawn at reduced size in previews.
"""

from __future__ import annotations

import math
import os
import threading

import numpy as np

from sterefo_core.lens import Lens, unusable
from sterefo_core.refocus.cpu_frame import Frame
from sterefo_core.refocus.cpu_plan import plan_for
from sterefo_core.refocus.iris import iris_of

_MOST_THREADS = 8


class CpuRenderer:
    """Renders with all cores, `lens.quality` deciding how exactly. The Renderer protocol says what `render` takes.

    Calls from several threads wait for each other. Pictures do not depend on the number of threads.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or min(os.cpu_count() or 1, _MOST_THREADS)
        self._alone = threading.Lock()
        self._frame: Frame | None = None

    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB, focused at `focus_disparity` px.

        Raises:
            ValueError: shapes or types that do not fit, a disparity that is not finite, a negative aperture.
        """
        _check(image, disparity, focus_disparity, lens, right)
        with self._alone:
            plan = plan_for(float(lens.max_radius_px), lens.quality, iris_of(lens))
            if self._frame is None or not self._frame.fits(image.shape[:2], plan):
                self._frame = Frame(image.shape[:2], plan, self._threads)
            return self._frame.render(image, disparity, float(focus_disparity), lens, right)


def _check(
    image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape or image.dtype != np.uint8:
        raise ValueError(f"image is {image.dtype} of shape {image.shape}; it must be uint8 (H, W, 3), not empty")
    if disparity.shape != image.shape[:2]:
        raise ValueError(f"disparity has shape {disparity.shape}; the image needs {image.shape[:2]}")
    if right is not None and (right.shape != image.shape or right.dtype != np.uint8):
        raise ValueError(f"the right image is {right.dtype} of shape {right.shape}, the left one {image.shape}")
    if not math.isfinite(focus_disparity):
        raise ValueError("the focus disparity is not finite (NaN or infinity)")
    if wrong := unusable(lens):
        raise ValueError(wrong)
    if not 0 <= float(lens.aperture) < math.inf or not 0 <= lens.max_radius_px < math.inf:
        raise ValueError("aperture and largest radius of the lens must be finite and not below 0")
