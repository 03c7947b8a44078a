"""A tiny stereo clip of any size, and the ways in which a source can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from sterefo_core.errors import BadFrameError
from sterefo_core.pipeline import Pipeline
from sterefo_core.refocus import make_renderer
from sterefo_core.types import Calibration, DisparityMap, StereoFrame, Truth
from trackers import make_tracker

WALL_PX, OBJECT_PX = 2, 6
Spoil = Callable[[StereoFrame], StereoFrame]


class Clip:
    """Implements Source: a textured block that moves before a textured wall.

    Args:
        spoilt: what is done to a frame before it is handed over, by its index; it may raise.
        times: seconds of every frame; 25 a second without.
    """

    name, kind, audio = "clip", "block before a wall", None
    calibration = Calibration(focal_px=60, baseline_m=0.5, cx_px=20, cy_px=15)

    def __init__(
        self,
        width: int = 64,
        height: int = 48,
        count: int = 8,
        spoilt: Mapping[int, Spoil] | None = None,
        times: list[float] | None = None,
    ) -> None:
        rng = np.random.default_rng(5)
        self.size, self._count, self._spoilt, self._times = (width, height), count, spoilt or {}, times
        self._wall = rng.integers(0, 256, (height, width + WALL_PX, 3), np.uint8)
        self._block = rng.integers(0, 256, (max(height // 2, 1), max(width // 3, 1), 3), np.uint8)

    def __len__(self) -> int:
        return self._count

    def timestamp_s(self, index: int) -> float:
        """Seconds."""
        return self._times[index] if self._times else index / 25

    def read(self, index: int) -> StereoFrame:
        """The frame, spoilt where that was asked for."""
        left, right = (self._eye(index, eye) for eye in (0, 1))
        frame = StereoFrame(index, self.timestamp_s(index), left, right, self.calibration)
        return self._spoilt[index](frame) if index in self._spoilt else frame

    def _eye(self, index: int, eye: int) -> np.ndarray:
        width, height = self.size
        picture = self._wall[:, eye * WALL_PX :][:, :width].copy()
        top, left = height // 4, max(width // 3 + index - eye * OBJECT_PX, 0)
        place = picture[top : top + len(self._block), left : left + self._block.shape[1]]
        place[:] = self._block[: place.shape[0], : place.shape[1]]
        return picture

    def truth(self, index: int) -> Truth:
        """Nothing is known."""
        return Truth()

    def close(self) -> None:
        """Nothing to give back."""


class Told:
    """A depth engine that says the same of every frame: the nasty `values` it is given, none or all of them valid."""

    def __init__(self, value: float, valid: bool) -> None:
        self._value, self._valid = value, valid

    def compute(self, frame: StereoFrame) -> DisparityMap:
        """What it was told to say."""
        shape = frame.left.shape[:2]
        return DisparityMap(np.full(shape, self._value, np.float32), np.full(shape, self._valid))


def unreadable(frame: StereoFrame) -> StereoFrame:
    """A frame that is damaged."""
    raise BadFrameError(f"frame {frame.index} is cut off: copy it again")


def pipeline_of(source: Clip, depth: object) -> Pipeline:
    """The real tracker and renderer on this source."""
    return Pipeline(source, depth, make_renderer("cpu"), make_tracker)  # type: ignore[arg-type]
