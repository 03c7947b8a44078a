"""Which picture of the left camera belongs to which of the right one: those taken closest in time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from sterefo_core.sources.camera_reader import Grab

_KEPT = 16  # pictures of each camera: what a burst after a pause brings at once
_APART = 0.6  # of the shorter period: half of it, and some jitter
_FIRST_PERIOD_S = 0.1
_PATIENCE = 3.0  # longer periods without a pair, and pictures of two neighbouring moments will do


@dataclass(frozen=True, eq=False)
class Pair:
    """What the cameras took at one moment; `right` is None where one picture holds both eyes."""

    left: Grab
    right: Grab | None = None

    @property
    def captured_s(self) -> float:
        """When, on the clock `time.monotonic`."""
        return self.left.captured_s

    @property
    def skew_ms(self) -> float:
        """Time between the two pictures, 0 for one."""
        return abs(self.right.captured_s - self.left.captured_s) * 1000 if self.right else 0.0


class Pairing:
    """Pairs the pictures of two cameras that run freely. Every picture belongs to one pair at most; pairs ascend."""

    def __init__(self) -> None:
        self._unpaired: tuple[deque[Grab], deque[Grab]] = (deque(maxlen=_KEPT), deque(maxlen=_KEPT))
        self._times: tuple[deque[float], deque[float]] = (deque(maxlen=_KEPT), deque(maxlen=_KEPT))
        self._latest_s = 0.0

    def add(self, side: int, grab: Grab) -> Pair | None:
        """The pair that this picture of camera `side` (0 left, 1 right) completes; None while it has no partner."""
        self._unpaired[side].append(grab)
        self._times[side].append(grab.captured_s)
        others = self._unpaired[1 - side]
        if not others:
            return None
        other = min(others, key=lambda other: abs(other.captured_s - grab.captured_s))
        if abs(other.captured_s - grab.captured_s) > self._largest_skew_s(grab.captured_s):
            return None
        left, right = (grab, other) if side == 0 else (other, grab)
        self._forget_up_to(left, right)
        return Pair(left, right)

    def _largest_skew_s(self, now_s: float) -> float:
        periods = [_period_s(times) for times in self._times]
        impatient = now_s - self._latest_s > _PATIENCE * max(periods)
        return max(periods) if impatient else _APART * min(periods)

    def _forget_up_to(self, *paired: Grab) -> None:
        self._latest_s = max(grab.captured_s for grab in paired)
        for grabs, used in zip(self._unpaired, paired, strict=True):
            while grabs.popleft() is not used:
                pass


def _period_s(times: deque[float]) -> float:
    intervals = [later - earlier for earlier, later in pairwise(times)]
    return max(median(intervals), 0.001) if len(intervals) > 2 else _FIRST_PERIOD_S
