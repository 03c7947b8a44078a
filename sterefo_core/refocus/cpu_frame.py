"""The way of one picture through the CPU kernels, and the memory that they work in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from sterefo_core.colour import linear_from_srgb, srgb_from_linear
from sterefo_core.lens import Lens
from sterefo_core.refocus.cpu_cats_eye import barrel_of
from sterefo_core.refocus.cpu_hidden import (
    colour_hidden,
    find_rims_along_columns,
    find_rims_along_rows,
    smooth_hidden,
)
from sterefo_core.refocus.cpu_light import Light, sort_light
from sterefo_core.refocus.cpu_plan import LEVELS, Plan
from sterefo_core.refocus.cpu_spread import BAND_ROWS, Band, render_band
from sterefo_core.refocus.cpu_surfaces import Rules, Surfaces, measure_radius, unmix_outlines
from sterefo_core.refocus.highlights import clipped_spots, gain_of
from sterefo_core.refocus.rules import SMOOTHING_STEPS

_LINEAR_OF_BYTE = linear_from_srgb(np.arange(256, dtype=np.uint8))
_BYTE_OF_ROOT = srgb_from_linear(np.square(np.arange(4096) / 4095))
_GROUP_ROWS = 1 << (LEVELS - 1)
_PART = 32  # rows or columns that a thread takes at a time
_MOST_LIGHTS = 6  # of one pixel: three surfaces, each perhaps between two slices


class Frame:
    """The work space for one size of picture and one plan: it is filled anew by every picture."""

    def __init__(self, size: tuple[int, int], plan: Plan, threads: int) -> None:
        height, width = size
        self._size, self._plan, self._threads = size, plan, threads
        self._disparity, self._seen = np.empty(size, np.float32), np.empty(size, np.uint8)
        self._right, self._no_right = (np.empty((*s, 3), np.uint8) for s in (size, (0, 0)))
        self._surfaces = _empty_surfaces(size)
        self._smoothed = np.empty_like(self._surfaces.hidden)
        rows = [-(-height >> level) for level in range(LEVELS)]
        self._base = np.concatenate([[0], np.cumsum(rows)])
        self._starts, self._ends = (np.empty((self._base[-1], len(plan.low)), np.int64) for _ in range(2))
        self._light = self._points(0)
        self._sums = [np.zeros((len(plan.low), width + _GROUP_ROWS, 5), np.float32) for _ in range(threads)]
        self._reach = int(plan.reach.max())
        self._margin = 4 * (2 * self._reach + 4)  # a disk centred at the last point beyond the border
        self._bands = [_band(width, 4 * width + 2 * self._margin) for _ in range(threads)]

    def fits(self, size: tuple[int, int], plan: Plan) -> bool:
        """Whether this work space is for pictures of this size and that plan."""
        return self._size == size and self._plan is plan

    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """The refocused picture; arguments as of `Renderer.render`, of this size and of any layout."""
        self._surfaces.image[:], self._disparity[:] = image, disparity
        if right is not None:
            self._right[:] = right
        result = np.empty((*self._size, 3), np.uint8)
        with ThreadPoolExecutor(self._threads) as pool:
            lamps = pool.submit(self._mark_lamps, image, lens.highlights)
            self._measure(pool, focus, lens)
            surfaces = self._find_hidden(pool, self._no_right if right is None else self._right, lamps)
            positions, barrel = self._reserve(), barrel_of(lens, self._size)
            self._share_out(
                pool,
                lambda group, thread: sort_light(
                    surfaces, self._plan, barrel, group, positions[group], self._light, self._sums[thread]
                ),
                range(len(positions)),
            )
            self._share_out(
                pool,
                lambda top, thread: render_band(
                    top, self._light, self._plan, barrel, self._bands[thread], self._margin, _BYTE_OF_ROOT, result
                ),
                range(0, self._size[0], BAND_ROWS),
            )
        return result

    def _measure(self, pool: ThreadPoolExecutor, focus: float, lens: Lens) -> None:
        plan, given = self._plan, self._disparity

        def measure(rows: range, thread: int) -> None:
            known = focus, float(lens.sharp_px), float(lens.aperture), plan.low, plan.high[-1]
            if not measure_radius(given, *known, self._surfaces, rows.start, rows.stop):
                raise ValueError("disparity has values that are not finite (NaN or infinity)")

        self._share_out(pool, measure, _parts(self._size[0]))

    def _mark_lamps(self, image: np.ndarray, strength: float) -> None:
        """Give lamps codes above 255, which stand for as much more light. Until then their radii can be worked on."""
        if strength > 0:
            self._surfaces.image[clipped_spots(image)] += 256
            self._surfaces.linear[256:] = _LINEAR_OF_BYTE * gain_of(strength)

    def _find_hidden(self, pool: ThreadPoolExecutor, right: np.ndarray, lamps: Future[None]) -> Surfaces:
        height, width = self._size
        surfaces, rules = self._surfaces, Rules()

        def over(length: int, kernel: Callable, *given: object) -> None:
            self._share_out(pool, lambda part, thread: kernel(*given, part.start, part.stop), _parts(length))

        over(height, find_rims_along_rows, surfaces.radius, surfaces.outline, surfaces.rim, rules)
        over(width, find_rims_along_columns, surfaces.radius, surfaces.rim, rules)
        lamps.result()
        over(height, unmix_outlines, surfaces, rules)
        known_until = width - 1 - float(self._disparity.max())
        over(height, colour_hidden, surfaces, rules, self._disparity, right, known_until, self._seen)
        spare = self._smoothed
        for step in SMOOTHING_STEPS:
            over(height, smooth_hidden, surfaces, rules, self._seen, step, spare)
            surfaces, spare = surfaces._replace(hidden=spare), surfaces.hidden
        return surfaces

    def _reserve(self) -> np.ndarray:
        """Where each group of rows may put its points of light; makes room for all of them."""
        height, width = self._size
        surfaces = self._surfaces
        further = np.count_nonzero(surfaces.rim >= 0, axis=1) + np.count_nonzero(surfaces.outline, axis=1)
        further = np.add.reduceat(further, np.arange(0, height, _GROUP_ROWS))
        beyond = 2 * _GROUP_ROWS**2 * _MOST_LIGHTS * (self._reach + 1)
        room = 2 * (_GROUP_ROWS * (width + _GROUP_ROWS) + further) + beyond
        ends = np.cumsum(room)
        if ends[-1] > self._light.column.size:
            self._light = self._points(int(ends[-1] * 1.2))
        return ends - room

    def _points(self, room: int) -> Light:
        colour, column, disk = np.empty(4 * room, np.float32), np.empty(room, np.int32), np.empty(room, np.int32)
        return Light(colour, column, disk, self._starts, self._ends, self._base)

    def _share_out(self, pool: ThreadPoolExecutor, task: Callable, parts: Iterable) -> None:
        """Do `task(part, thread)` for every part, on all threads; each takes the next part when it is free."""
        queue, lock = iter(parts), threading.Lock()

        def work(thread: int) -> None:
            while True:
                with lock:
                    part = next(queue, None)
                if part is None:
                    return
                task(part, thread)

        list(pool.map(work, range(self._threads)))


def _empty_surfaces(size: tuple[int, int]) -> Surfaces:
    def plane(dtype: type, *channels: int) -> np.ndarray:
        return np.empty((*size, *channels), dtype)

    return Surfaces(
        image=plane(np.uint16, 3),
        linear=np.tile(_LINEAR_OF_BYTE, 2),
        radius=plane(np.float32),
        slot=plane(np.uint8),
        outline=plane(np.uint8),
        share=plane(np.float32),
        clean=plane(np.float32, 4),
        rim=plane(np.int32),
        hidden=plane(np.float32, 4),
    )


def _band(width: int, stride: int) -> Band:
    through = np.empty((BAND_ROWS, width), np.float32)
    sizes = BAND_ROWS * width * 4, (BAND_ROWS + 1) * stride, stride, width * 4
    picture, spread, above, across = (np.empty(size, np.float32) for size in sizes)
    return Band(through, np.empty_like(through), picture, spread, above, across, np.empty(width * 4, np.uint32))


def _parts(length: int) -> list[range]:
    return [range(start, min(start + _PART, length)) for start in range(0, length, _PART)]
