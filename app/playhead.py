"""Which frame is due: play, pause and speed as arithmetic on time stamps, without threads or timers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

_TICK_S = 1e-6  # a time stamp that rounding moved by less than this is still due


class Playhead:
    """A position that moves with the clock.

    Args:
        times_s: time stamp of every frame, ascending.
    """

    def __init__(self, times_s: Sequence[float]) -> None:
        self._times_s = times_s
        self._media_s, self._clock_s, self._speed = 0.0, 0.0, 0.0

    def start(self, frame: int, speed: float, now_s: float) -> None:
        """From this moment on move from `frame` at `speed` times real time; negative runs backwards."""
        self._media_s, self._clock_s, self._speed = self._times_s[frame], now_s, speed

    def due(self, now_s: float) -> int:
        """The frame to show now; it stays on the first or last one at the ends."""
        media_s = self._media_s + (now_s - self._clock_s) * self._speed
        if self._speed < 0:
            return min(bisect_left(self._times_s, media_s - _TICK_S), len(self._times_s) - 1)
        return max(bisect_right(self._times_s, media_s + _TICK_S) - 1, 0)

    def due_s(self, frame: int) -> float:
        """The moment at which `frame` is due, while moving."""
        return self._clock_s + (self._times_s[frame] - self._media_s) / self._speed
