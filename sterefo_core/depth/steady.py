"""Disparity that does not flicker: every frame's is averaged with those of the frames before, moved to where it is now.

A pixel of an earlier frame counts where it looks like the present one and is nearly as far; so nothing is carried over
edges, from what is hidden by now, or behind what moves. By how much a place has come nearer meanwhile is taken out
first, by the mean of its neighbourhood, so that the average does not lag. The result depends on the frame and on the
few before it alone, not on what was asked for before: a seek gives what playing gives.
"""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import int32, njit

from sterefo_core.errors import BadFrameError
from sterefo_core.live import LiveSource
from sterefo_core.protocols import DepthEngine, Source
from sterefo_core.types import DisparityMap, StereoFrame

BEFORE = 2
"""Frames before the present one that count."""
_FLOW_SCALE = 4  # motion is found in a picture so many times smaller
_ALIKE = 16  # levels of brightness between a pixel and where it comes from
_NEAR_SHARE, _NEAR_PX = 0.25, 2.5  # of the disparity, and px: what may be the same surface, come nearer
_SAME_SHARE, _SAME_PX = 0.04, 2.0  # and what is, once that is taken out
_SHIFT = 3  # means are taken over 5 x 5 blocks of 2^3 px
_SAME_SCENE = 0.45  # share of what was measured then that must be found again; else it is another scene, or a cut
_FEWEST = 24.0  # pixels that such a mean needs
_FILLED = 0.25  # weight of what was filled rather than measured

_kernel = njit(cache=True, nogil=True)


@dataclass(frozen=True, eq=False)
class _Past:
    """A frame that was looked at, its disparity, and its small grey picture, in which motion is found."""

    frame: StereoFrame
    disparity: DisparityMap
    grey: np.ndarray
    small: np.ndarray


class SteadyDepth:
    """Implements `DepthEngine` by steadying another one's disparity over time.

    A frame that is asked for after its neighbours costs one computation of `engine`; one out of the blue costs those of
    the frames before it, too. Of a camera, frames that have passed are not asked for again.

    Args:
        engine: computes the disparity of single frames.
        source: has the frames before the one that is asked for; it stays the caller's to close.
    """

    def __init__(self, engine: DepthEngine, source: Source) -> None:
        self._engine, self._source = engine, source
        self._live = isinstance(source, LiveSource)
        self._past: list[_Past] = []
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._flow.setFinestScale(1)

    def compute(self, frame: StereoFrame) -> DisparityMap:
        """Disparity of `frame.left`. Raises SterefoError where the pair is none."""
        here = self._seen(frame)
        known = [self._earlier(index) for index in range(frame.index - 1, max(frame.index - BEFORE, 0) - 1, -1)]
        earlier = [past for past in known if past is not None and past.grey.shape == here.grey.shape]
        near = [past for past in self._past if past is not here and abs(past.frame.index - frame.index) <= BEFORE]
        self._past = [here, *near]
        if not earlier:
            return here.disparity
        total, weight = _start(here.disparity)
        for past in earlier:
            moved = self._flow.calc(here.small, past.small, np.zeros((*here.small.shape, 2), np.float32))
            _add(here, past, np.asarray(moved), total, weight)
        return DisparityMap(total / weight, here.disparity.valid)

    def _seen(self, frame: StereoFrame) -> _Past:
        for past in self._past:
            if past.frame.index == frame.index and np.array_equal(past.frame.left[::8], frame.left[::8]):
                return past
        grey = cv2.blur(cv2.cvtColor(frame.left, cv2.COLOR_RGB2GRAY), (3, 3))
        size = max(grey.shape[1] // _FLOW_SCALE, 16), max(grey.shape[0] // _FLOW_SCALE, 16)
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        return _Past(frame, self._engine.compute(frame), grey, small)

    def _earlier(self, index: int) -> _Past | None:
        """A frame of the past, None where it cannot be read."""
        for past in self._past:
            if past.frame.index == index:
                return past
        if self._live:
            return None
        try:
            seen = self._seen(self._source.read(index))
        except BadFrameError:
            return None
        self._past = [*self._past, seen]
        return seen


def _start(disparity: DisparityMap) -> tuple[np.ndarray, np.ndarray]:
    """The weighted sum of disparities and the sum of weights of the present frame alone, `(H, W)` float32."""
    weight = np.where(disparity.valid, np.float32(1), np.float32(_FILLED))
    return disparity.values * weight, weight


def _add(here: _Past, past: _Past, flow: np.ndarray, total: np.ndarray, weight: np.ndarray) -> None:
    """Add what a frame of the past says, `flow` leading there, to the sums, in place."""
    height, width = here.grey.shape
    blocks = (height >> _SHIFT) + 1, (width >> _SHIFT) + 1
    steps = flow / (flow.shape[1] / width, flow.shape[0] / height)
    moved = np.ascontiguousarray(np.rint(steps).astype(np.int32).transpose(2, 0, 1))
    found = np.empty((height, width), np.float32)
    now_sums, sums, counts = (np.zeros(blocks, np.float32) for _ in range(3))
    now, before = here.disparity.values, past.disparity.values
    _fetch(now, here.grey, before, past.disparity.valid, past.grey, moved, found, now_sums, sums, counts)
    if counts.sum() < _SAME_SCENE * past.disparity.valid.sum():
        return
    now_sums, sums, counts = (
        cv2.blur(each, (5, 5), borderType=cv2.BORDER_CONSTANT) * 25 for each in (now_sums, sums, counts)
    )
    _blend(now, found, now_sums / np.maximum(sums, 1e-3), counts, total, weight)


@_kernel
def _fetch(now, grey, before, measured, grey_before, moved, found, now_sums, sums, counts):
    """For every pixel the disparity where it comes from, or -1 where that is not to be told; and sums by block."""
    height, width = now.shape
    rows, columns = moved.shape[1:]
    column_of = (np.arange(width) * columns // width).astype(np.int32)
    for y in range(height):
        row = y * rows // height
        for x in range(width):
            found[y, x] = -1
            there_x, there_y = x + moved[0, row, column_of[x]], y + moved[1, row, column_of[x]]
            if not (0 <= there_x < width and 0 <= there_y < height):
                continue
            darker = int32(grey[y, x]) - int32(grey_before[there_y, there_x])
            if not measured[there_y, there_x] or abs(darker) > _ALIKE:
                continue
            was = before[there_y, there_x]
            if abs(now[y, x] - was) <= max(_NEAR_SHARE * now[y, x], _NEAR_PX):
                found[y, x] = was
                now_sums[y >> _SHIFT, x >> _SHIFT] += now[y, x]
                sums[y >> _SHIFT, x >> _SHIFT] += was
                counts[y >> _SHIFT, x >> _SHIFT] += 1


@_kernel
def _blend(now, found, nearer, counts, total, weight):
    """Add what was found, brought to the present, where it agrees with the present."""
    for y in range(now.shape[0]):
        for x in range(now.shape[1]):
            if found[y, x] >= 0 and counts[y >> _SHIFT, x >> _SHIFT] >= _FEWEST:
                expected = found[y, x] * nearer[y >> _SHIFT, x >> _SHIFT]
                if abs(expected - now[y, x]) <= max(_SAME_SHARE * now[y, x], _SAME_PX):
                    total[y, x] += expected
                    weight[y, x] += 1
