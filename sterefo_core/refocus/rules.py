"""What the definition and its fast twins agree on: numbers and slices, without torch, which is slow to import."""

from __future__ import annotations

import math
from collections.abc import Sequence

GAP_PX = 1.0
"""Neighbours whose blur radii differ by more than this belong to different surfaces."""
SAME_PX = 1.0
"""Disparities closer than this are one surface."""
FARTHER = 0.3
"""How many px nearer a rim must be to win, for each px of radius that it lies less far behind: what is farther behind
is more often what goes on."""
SMOOTHING_STEPS = (4, 2, 1)
"""How far apart the neighbours are that hidden surfaces are smoothed with, px, one after the other."""
RIM_WEIGHT = 0.02
"""Of neighbours that lie on an outline themselves: they count only where there is nothing else."""
TRUST = 2.0
"""By this factor the colours of two surfaces must differ more than each of them varies."""
SLICE_PX = 2.0
"""Range of blur radius in one slice; far out of focus it grows to a quarter of the radius."""


def radius_rungs(max_radius_px: float) -> list[float]:
    """The signed radii at which disks are drawn, far to near: 0, 1, 2 ... 8, then an eighth farther each time.

    The last one is `max_radius_px` itself; negative radii lie behind the focal plane.
    """
    rungs = [0.0]
    while rungs[-1] < max_radius_px:
        rungs.append(min(rungs[-1] + max(1.0, rungs[-1] / 8), max_radius_px))
    return [-rung for rung in rungs[:0:-1]] + rungs


def slices_of(rungs: Sequence[float]) -> list[range]:
    """Neighbouring rungs (their indices) that make one slice, far to near. What is in focus has a slice of its own."""
    middle = len(rungs) // 2
    nearer: list[range] = []
    for index in range(middle + 1, len(rungs)):
        start = nearer[-1].start if nearer else middle
        if start > middle and rungs[index] - rungs[start] < max(SLICE_PX, rungs[start] / 4):
            nearer[-1] = range(start, index + 1)
        else:
            nearer.append(range(index, index + 1))
    farther = [range(len(rungs) - part.stop, len(rungs) - part.start) for part in reversed(nearer)]
    return [*farther, range(middle, middle + 1), *nearer]


def shift_per_px(cats_eye: float, height: int, width: int) -> float:
    """By how many radii the barrel is off the aperture for each px from the picture's middle."""
    return cats_eye / (math.hypot(height, width) / 2)
