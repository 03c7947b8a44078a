"""The refocusing stage on the CPU: the same function as `functional.refocus`, made fast.

Points of light are drawn as spans of rows: every row of a disk adds to a row of differences where the disk begins and
ends, and one running sum along the row turns them into light. So a pixel costs two additions for each row that it
reaches, however many slices there are. Large disks are drawn at reduced size in previews.
"""

from __future__ import annotations

import os
import threading

import numpy as np

from sterefo_core.lens import Lens
from sterefo_core.refocus.checks import check_pictures
from sterefo_core.refocus.cpu_frame import Frame
from sterefo_core.refocus.cpu_plan import plan_for
from sterefo_core.refocus.iris import iris_of

_MOST_THREADS = 8


class CpuRenderer:
    """Renders with all cores, `lens.quality` deciding how exactly. The Renderer protocol says what `render` takes.

    Calls from several threads wait for each other. Pictures do not depend on the number of threads.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = min(threads or os.cpu_count() or 1, _MOST_THREADS)
        self._alone = threading.Lock()
        self._frame: Frame | None = None

    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB, focused at `focus_disparity` px.

        Raises:
            ValueError: shapes or types that do not fit, a disparity that is not finite, a negative aperture.
        """
        check_pictures(image, disparity, focus_disparity, lens, right)
        with self._alone:
            plan = plan_for(float(lens.max_radius_px), lens.quality, iris_of(lens))
            if self._frame is None or not self._frame.fits(image.shape[:2], plan):
                self._frame = Frame(image.shape[:2], plan, self._threads)
            return self._frame.render(image, disparity, float(focus_disparity), lens, right)
