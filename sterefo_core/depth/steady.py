"""Disparity that does not flicker: every frame's is averaged with those of the frames before, moved to where it is now.

The result depends on the frame and on the few before it alone, not on what was asked for before: a seek gives what
playing gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from sterefo_core.depth.averaging import BLOCK, STRETCH, Found, averaged, found_again, looked_at
from sterefo_core.errors import BadFrameError
from sterefo_core.live import LiveSource
from sterefo_core.measuring import checked_disparity
from sterefo_core.protocols import DepthEngine, Source
from sterefo_core.types import DisparityMap, StereoFrame

BEFORE = 2
"""Frames before the present one that count."""
_SMALLER = 4  # motion is found in a picture so many times smaller


@dataclass(frozen=True, eq=False)
class _Past:
    """A frame that was looked at, its disparity, both in words, and its small grey picture, where motion is found."""

    frame: StereoFrame
    disparity: DisparityMap
    words: np.ndarray
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
        self._motion = _motion_finder()

    def compute(self, frame: StereoFrame) -> DisparityMap:
        """Disparity of `frame.left`. Raises SterefoError where the pair is none."""
        here = self._seen(frame)
        known = [self._earlier(index) for index in range(frame.index - 1, max(frame.index - BEFORE, 0) - 1, -1)]
        earlier = [past for past in known if past is not None and past.frame.left.shape == frame.left.shape]
        near = [past for past in self._past if past is not here and abs(past.frame.index - frame.index) <= BEFORE]
        self._past = [here, *near]
        found = self._found(here, earlier)
        if not found:
            return here.disparity
        return DisparityMap(averaged(here.words, found, *frame.left.shape[:2]), here.disparity.valid)

    def _found(self, here: _Past, earlier: list[_Past]) -> list[Found]:
        """What earlier frames, the latest first, say; motion farther back goes over the frames between."""
        found, later, motion = [], here, np.zeros((*(side // BLOCK for side in here.words.shape), 2), np.float32)
        for past in earlier:
            motion = _further(motion, self._motion(later, past))
            found.append(found_again(here.words, past.words, motion))
            later = past
        return [each for each in found if each is not None]

    def _seen(self, frame: StereoFrame) -> _Past:
        for past in self._past:
            if past.frame.index == frame.index and np.array_equal(past.frame.left[::8], frame.left[::8]):
                return past
        disparity = checked_disparity(self._engine.compute(frame), frame)
        grey = cv2.blur(cv2.cvtColor(frame.left, cv2.COLOR_RGB2GRAY), (3, 3))
        bottom, right = (-side % STRETCH for side in grey.shape)
        whole = cv2.copyMakeBorder(grey, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        small = cv2.resize(whole, None, fx=1 / _SMALLER, fy=1 / _SMALLER, interpolation=cv2.INTER_AREA)
        return _Past(frame, disparity, looked_at(disparity, grey), small)

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


def _motion_finder() -> Callable[[_Past, _Past], np.ndarray]:
    """Finds where the blocks of a frame lie in one before it, `(H / 8, W / 8, 2)` px, and knows what it found last."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow.setFinestScale(1)

    @lru_cache(maxsize=BEFORE + 1)
    def find(here: _Past, past: _Past) -> np.ndarray:
        motion = np.asarray(flow.calc(here.small, past.small, np.zeros((*here.small.shape, 2), np.float32)))
        scale = _SMALLER / BLOCK
        return cv2.resize(motion * np.float32(_SMALLER), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

    return find


def _further(motion: np.ndarray, step: np.ndarray) -> np.ndarray:
    """A motion, and then the step from where it leads to."""
    rows, columns = np.indices(motion.shape[:2], np.float32)
    there = np.dstack((columns, rows)) + motion / np.float32(BLOCK)
    return motion + cv2.remap(step, there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
