"""Measured disparities made steady: fitted over the time around them, and left alone while nobody could see a change.

What comes nearer at constant speed has 1/d linear in time, so that d(t) (1 - c (t - t0)) = d(t0). Around every time
this line is fitted to the measurements, near ones counting most and outliers hardly (locally weighted regression,
Cleveland 1979). Where later measurements are known they count like earlier ones; where not, as with a live camera,
the line still ends at the present: it takes out noise without lagging behind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from sterefo_core.easing import Ease

WINDOW_S = 0.4
"""Measurements within so many seconds count."""
_NOISE_PX, _NOISE_SHARE = 0.3, 0.01  # of a measured disparity: px, and share of it
_WILD = 4.0  # times the noise: what is farther off the line is an outlier
_PASSES = 3
_USUAL_RATE = 0.5  # change of distance per second that is nothing special
_INVISIBLE_RADIUS_PX = 0.1
_LEAST_BAND_PX, _LARGEST_BAND_PX = 0.25, 1.0  # what matching can tell apart, and what a readout may be off
_STILL_S, _STILL_SHARE = 0.5, 0.3  # so long within this share of the band is rest
_CATCH_UP_S = 0.24


def smoothed(times_s: Sequence[float], values: Sequence[float], at_s: float) -> float:
    """The disparity at `at_s` by the measurements around it, px; not further from one made then than noise explains.

    Args:
        times_s, values: measurements within `WINDOW_S` of `at_s`, at least one; times in s, disparities in px.
        at_s: the time asked for; it need not be that of a measurement.
    """
    tau, d = np.asarray(times_s) - at_s, np.asarray(values)
    noise = np.maximum(_NOISE_PX, _NOISE_SHARE * d)
    near = (1 - np.minimum(np.abs(tau) / (1.01 * WINDOW_S), 1) ** 3) ** 3 / noise**2
    weights, at = near, 0.0
    for _ in range(_PASSES):
        at, rate = _line(tau, d, weights)
        apart = (d * (1 - rate * tau) - at) / (_WILD * noise)
        weights = near * np.maximum(1 - apart**2, 0.01) ** 2
    then = int(np.abs(tau).argmin())
    low, high = d.min(), d.max()
    if tau[then] == 0:
        low, high = d[then] - _WILD * noise[then], d[then] + _WILD * noise[then]
    return round(float(np.clip(at, low, high)), 6)  # what stands still shall stand exactly still


def _line(tau: np.ndarray, d: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """`at` and `rate` of at = d (1 - rate tau) with least squares, a rate near 0 being likelier."""
    run, total = d * tau, weights.sum()
    middle, mean = (weights * run).sum() / total, (weights * d).sum() / total
    spread = (weights * (run - middle) ** 2).sum() + 1 / _USUAL_RATE**2
    rate = float((weights * (run - middle) * (d - mean)).sum() / spread)
    return float(mean - rate * middle), rate


def dead_band(aperture: float) -> float:
    """How far in px the focus may be off before a lens of this aperture (blur radius px per px) shows it."""
    return float(np.clip(_INVISIBLE_RADIUS_PX / max(aperture, 1e-6), _LEAST_BAND_PX, _LARGEST_BAND_PX))


class Rest:
    """Leaves the focus where it is while the object stays in the dead band; one instance follows one object forward.

    What leaves the band is caught up with and followed exactly, until it has been still for a while.
    """

    def __init__(self) -> None:
        self._at: float | None = None
        self._ease = Ease(0.0, 0.0, 0.0)
        self._recent: deque[tuple[float, float]] = deque()

    def step(self, timestamp_s: float, disparity: float, band_px: float) -> float:
        """The disparity to focus on, for that of the object at this time; times do not go back."""
        if self._at is not None and abs(disparity - self._at) > band_px:
            self._ease = Ease(self._at, self._recent[-1][0], _CATCH_UP_S)
            self._at = None
            self._recent.clear()
        self._recent.append((timestamp_s, disparity))
        if self._at is None:
            followed = self._ease.towards(disparity, timestamp_s)
            if not self._is_still(band_px):
                return followed
            self._at = followed
        return self._at

    def _is_still(self, band_px: float) -> bool:
        while len(self._recent) > 1 and self._recent[1][0] <= self._recent[-1][0] - _STILL_S:
            self._recent.popleft()
        values = [value for _, value in self._recent]
        long_enough = self._recent[-1][0] - self._recent[0][0] >= _STILL_S
        return long_enough and max(values) - min(values) < _STILL_SHARE * band_px
