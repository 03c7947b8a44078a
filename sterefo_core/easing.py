"""Values on their way: along the smoothstep curve, over a fixed time, towards a target as it is now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ease:
    """A value that leaves `start` at time `start_s` and reaches its (moving) target `duration_s` later."""

    start: float
    start_s: float
    duration_s: float

    def towards(self, target: float, timestamp_s: float) -> float:
        """The value at this time, with the target where it is now; beyond neither of the two."""
        if self.duration_s <= 0:
            return target
        return self.start + (target - self.start) * smoothstep((timestamp_s - self.start_s) / self.duration_s)


def smoothstep(x: float) -> float:
    """0 up to 0, 1 from 1 on, and in between 3 x^2 - 2 x^3, which begins and ends at rest."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)
