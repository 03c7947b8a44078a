"""The refocusing stage on the CPU: the same function as `functional.refocus`, made fast.

Points of light are drawn as spans of rows: every row of a disk adds to a row of differences where the disk begins and
ends, and one running sum along the row turns them into light. So a pixel costs two additions for each row that it
reaches, however many slices there are.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sterefo_core.colour import linear_from_srgb, srgb_from_linear
from sterefo_core.refocus.cpu_light import GROUP_ROWS, Light, Surfaces, sort_light
from sterefo_core.refocus.cpu_plan import LEVELS, Plan, plan_for
from sterefo_core.refocus.cpu_spread import BAND_ROWS, Band, render_band
from sterefo_core.refocus.cpu_surfaces import find_rims_along_columns, find_rims_along_rows, measure_radius
from sterefo_core.types import Lens

_LINEAR_OF_BYTE = linear_from_srgb(np.arange(256, dtype=np.uint8))
_BYTE_OF_ROOT = srgb_from_linear(np.square(np.arange(4096) / 4095))
_MOST_THREADS = 8
_PART = 64  # rows or columns that a thread takes at a time


class CpuRenderer:
    """Renders with all cores, `lens.quality` deciding how exactly. The Renderer protocol says what `render` takes.

    Calls from several threads wait for each other. Pictures do not depend on the number of threads.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or min(os.cpu_count() or 1, _MOST_THREADS)
        self._alone = threading.Lock()
        self._frame: _Frame | None = None

    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB, focused at `focus_disparity` px.

        Raises:
            ValueError: shapes or types that do not fit, a disparity that is not finite, a negative aperture.
        """
        _check(image, disparity, focus_disparity, lens, right)
        with self._alone:
            plan = plan_for(float(lens.max_radius_px), lens.quality)
            if self._frame is None or not self._frame.fits(image.shape[:2], plan):
                self._frame = _Frame(image.shape[:2], plan, self._threads)
            return self._frame.render(image, disparity, float(focus_disparity), float(lens.aperture))


class _Frame:
    """The work space for one size of picture and one plan."""

    def __init__(self, size: tuple[int, int], plan: Plan, threads: int) -> None:
        height, width = size
        self._size, self._plan, self._threads = size, plan, threads
        self._radius, self._slot = np.empty(size, np.float32), np.empty(size, np.uint8)
        self._rim = np.empty(size, np.int32)
        self._image, self._disparity = np.empty((*size, 3), np.uint8), np.empty(size, np.float32)
        rows = [-(-height >> level) for level in range(LEVELS)]
        self._base = np.concatenate([[0], np.cumsum(rows)])
        self._starts, self._ends = (np.empty((self._base[-1], len(plan.low)), np.int64) for _ in range(2))
        self._reach = [int(plan.reach[plan.level == n].max(initial=0)) for n in range(LEVELS)]
        self._margin = 4 * (2 * max(self._reach) + 4)  # a disk centred at the last point beyond the border
        self._stride = 4 * width + 2 * self._margin
        self._light = self._points(0)
        self._sums = [np.zeros((len(plan.low), width + GROUP_ROWS, 5), np.float32) for _ in range(threads)]
        self._bands = [self._band(width) for _ in range(threads)]

    def fits(self, size: tuple[int, int], plan: Plan) -> bool:
        """Whether this work space is for pictures of this size and that plan."""
        return self._size == size and self._plan is plan

    def render(self, image: np.ndarray, disparity: np.ndarray, focus: float, aperture: float) -> np.ndarray:
        """The refocused picture; arguments as of `Renderer.render`, checked."""
        height, width = self._size
        self._image[:], self._disparity[:] = image, disparity  # whatever their type, layout and permissions
        plan = self._plan
        given = focus, aperture, plan.low, plan.high[-1], self._radius, self._slot

        def measure(rows: range, thread: int) -> None:
            if not measure_radius(self._disparity, *given, rows.start, rows.stop):
                raise ValueError("disparity has values that are not finite (NaN or infinity)")

        self._share_out(measure, _parts(height, _PART))
        self._share_out(
            lambda p, _: find_rims_along_rows(self._radius, self._rim, p.start, p.stop), _parts(height, _PART)
        )
        self._share_out(
            lambda p, _: find_rims_along_columns(self._radius, self._rim, p.start, p.stop), _parts(width, _PART)
        )
        positions = self._reserve()
        surfaces = Surfaces(self._image, _LINEAR_OF_BYTE, self._radius, self._slot, self._rim)
        self._share_out(
            lambda group, thread: sort_light(surfaces, plan, group, positions[group], self._light, self._sums[thread]),
            range(len(positions)),
        )
        result = np.empty((height, width, 3), np.uint8)
        self._share_out(
            lambda top, thread: render_band(
                top, self._light, plan, self._bands[thread], self._stride, self._margin, _BYTE_OF_ROOT, result
            ),
            range(0, height, BAND_ROWS),
        )
        return result

    def _reserve(self) -> np.ndarray:
        """Where each group of rows may put its points of light; makes room for all of them."""
        height, width = self._size
        starts = np.arange(0, height, GROUP_ROWS)
        hidden = np.add.reduceat(np.count_nonzero(self._rim >= 0, axis=1), starts)
        beyond = 2 * 4 * GROUP_ROWS * (GROUP_ROWS + 1) * (max(self._reach) + 1)
        room = 2 * (GROUP_ROWS * (width + GROUP_ROWS) + hidden) + beyond
        ends = np.cumsum(room)
        if ends[-1] > self._light.column.size:
            self._light = self._points(int(ends[-1] * 1.2))
        return ends - room

    def _points(self, room: int) -> Light:
        colour, column, disk = np.empty(4 * room, np.float32), np.empty(room, np.int32), np.empty(room, np.int32)
        return Light(colour, column, disk, self._starts, self._ends, self._base)

    def _band(self, width: int) -> Band:
        through = np.empty((BAND_ROWS, width), np.float32)
        flat = [BAND_ROWS * width * 4, (BAND_ROWS + 1) * self._stride, self._stride, width * 4]
        return Band(through, np.empty_like(through), *(np.empty(size, np.float32) for size in flat))

    def _share_out(self, task: Callable, parts: Iterable) -> None:
        """Do `task(part, thread)` for every part, on all threads; each takes the next part when it is free."""
        queue, lock = iter(parts), threading.Lock()

        def work(thread: int) -> None:
            while True:
                with lock:
                    part = next(queue, None)
                if part is None:
                    return
                task(part, thread)

        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(work, range(self._threads)))


def _parts(length: int, size: int) -> list[range]:
    return [range(start, min(start + size, length)) for start in range(0, length, size)]


def _check(
    image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape or image.dtype != np.uint8:
        raise ValueError(f"image is {image.dtype} of shape {image.shape}; it must be uint8 (H, W, 3), not empty")
    if disparity.shape != image.shape[:2]:
        raise ValueError(f"disparity has shape {disparity.shape}; the image needs {image.shape[:2]}")
    if right is not None and right.shape != image.shape:
        raise ValueError(f"the right image has shape {right.shape}, the left one {image.shape}")
    if not math.isfinite(focus_disparity):
        raise ValueError("the focus disparity is not finite (NaN or infinity)")
    if not 0 <= float(lens.aperture) < math.inf or not 0 <= lens.max_radius_px < math.inf:
        raise ValueError("aperture and largest radius of the lens must be finite and not below 0")
