"""At which scale playing refocuses, so that it keeps the rate that is asked of it. No Qt, and no clock of its own.

A picture costs the time that refocusing takes, which the scale can lower, and the rest: decoding, depth, tracking,
which it cannot. So smaller steps are taken only where they bring the rate, or a good part of what is missing. A step
that turns out to be wrong is taken back and not tried again for a while, each time for twice as long: the picture
never flickers between two scales.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

STEPS = (1.0, 0.71, 0.5)
"""Still smaller ones save little, and show."""
SHARES = (1.0, 0.75, 0.4)
"""Of the time that refocusing takes in full size, as measured on a CPU."""
PICTURES, LEAST_S = 4, 0.5
"""So many pictures, over at least so many seconds, are measured between two steps."""
LATE, ROOM = 1.05, 0.85
"""Playing is late where a picture costs more than `LATE` of its time, and has room for a larger one below `ROOM`."""
LEAST_GAIN = 0.15
"""The least share of a picture's cost that a smaller step must save, where it does not bring the rate.

One that saves less than half of this is given up again.
"""
LEAST_KEPT = 1 / 3
"""Of what a smaller step promised to save, at least so much must come true where the rate is still not reached."""
REGRET_S, PATIENCE_S, LONGEST_S = 10.0, 10.0, 160.0
"""A step reversed within `REGRET_S` was wrong: it is not tried again for `PATIENCE_S`, later for up to `LONGEST_S`."""

_SMALLER, _LARGER = 1, -1


@dataclass(frozen=True)
class Cost:
    """What a picture took, in seconds: refocusing it, and the rest, which is for all frames looked at, each."""

    rest_s: float
    refocus_s: float

    @property
    def all_s(self) -> float:
        """Of a picture before which no frame is skipped."""
        return self.rest_s + self.refocus_s

    def at(self, share: float) -> float:
        """`all_s` where refocusing takes so many times as long."""
        return self.rest_s + self.refocus_s * share


class AdaptiveScale:
    """Steps down while playing is late and smaller pictures help, and up again when there is room."""

    def __init__(self) -> None:
        self._step = 0
        self.held = True
        self._costs: list[Cost] = []
        self._measured_from_s: float | None = None
        self._promised_s: float | None = None
        self._last = (0, -REGRET_S)
        self._barred, self._barred_until_s, self._patience_s = 0, 0.0, PATIENCE_S

    @property
    def scale(self) -> float:
        """The scale of the next picture."""
        return STEPS[self._step]

    def restart(self) -> None:
        """Playing was interrupted: what was measured before does not count. The scale stays."""
        self._costs.clear()
        self._measured_from_s = self._promised_s = None

    def shown(self, now_s: float, asked_s: float, cost: Cost) -> None:
        """A picture was made at the present scale.

        Args:
            now_s: on any clock that never goes back.
            asked_s: time from frame to frame that is asked for.
            cost: what it took.
        """
        if self._measured_from_s is None:
            self._measured_from_s = now_s
            return  # the first one pays for making buffers of another size
        self._costs.append(cost)
        if len(self._costs) < PICTURES or now_s - self._measured_from_s < LEAST_S:
            return
        middle = Cost(median(cost.rest_s for cost in self._costs), median(cost.refocus_s for cost in self._costs))
        promised_s = self._promised_s
        self.restart()
        self.held = middle.all_s <= asked_s * LATE
        self._judge(now_s, asked_s, middle, promised_s)

    def _judge(self, now_s: float, asked_s: float, cost: Cost, promised_s: float | None) -> None:
        in_vain = promised_s is not None and cost.all_s > promised_s and not self.held
        if in_vain or self._has_room(asked_s, cost):
            self._move(_LARGER, now_s)
        elif not self.held and self._helps(asked_s, cost):
            smaller_s = cost.at(self._share(self._step + 1))
            if self._move(_SMALLER, now_s):
                self._promised_s = cost.all_s - (cost.all_s - smaller_s) * LEAST_KEPT

    def _has_room(self, asked_s: float, cost: Cost) -> bool:
        """Whether a larger picture keeps the rate, or, where no picture does, is hardly slower."""
        if self._step == 0:
            return False
        larger_s = cost.at(self._share(self._step - 1))
        out_of_reach = cost.at(self._share(len(STEPS) - 1)) > asked_s
        return larger_s <= asked_s * ROOM or (out_of_reach and larger_s - cost.all_s < larger_s * LEAST_GAIN / 2)

    def _helps(self, asked_s: float, cost: Cost) -> bool:
        """Whether a smaller picture brings the rate, or at least a good part of what is missing."""
        if self._step + 1 == len(STEPS):
            return False
        saved_s = cost.all_s - cost.at(self._share(self._step + 1))
        return cost.at(self._share(len(STEPS) - 1)) <= asked_s or saved_s >= LEAST_GAIN * cost.all_s

    def _share(self, step: int) -> float:
        """How many times as long as at the present step refocusing takes at another one."""
        return SHARES[step] / SHARES[self._step]

    def _move(self, way: int, now_s: float) -> bool:
        """One step, unless it was wrong lately; returns whether it was taken."""
        if way == self._barred and now_s < self._barred_until_s:
            return False
        before, when_s = self._last
        if before == -way and now_s - when_s <= REGRET_S:
            self._barred, self._barred_until_s = before, now_s + self._patience_s
            self._patience_s = min(self._patience_s * 2, LONGEST_S)
        self._step, self._last = self._step + way, (way, now_s)
        return True
