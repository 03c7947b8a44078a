"""What disparity says of a box: how far its object is, how much of it is seen, and what is before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sterefo_core.types import Box, DisparityMap

_CENTRAL, _INNER = 0.6, 0.8
_SEARCHED, _DEEP, _NOISE_PX = 0.12, 0.1, 1.0  # of the disparity, and px: an object's may jump, and differ within it
_LEAST_MEASURED = 0.15
_TRIED = np.linspace(0.9, 0.1, 9)  # quantiles, from near to far
_AROUND = 1.4  # what is beside a box is looked for in one so many times as wide
_UPPER = 0.7  # of the box, from its top
_LEAST_NEARER = 0.02
_LEAST_ACROSS, _MOST_ROWS = 12, 24  # px and rows of a box in which repetition is looked for
_APART, _ALIKE = (
    0.5,
    0.7,
)  # correlation: a row has left itself, and has come back; without repetition it stays below 0.5


@dataclass(frozen=True)
class Surface:
    """The object's surface in a box.

    Attributes:
        disparity: its median, px.
        support: share of the box's middle that it fills, of what was measured.
        nearer: share of the box's middle that is clearly nearer, and so covers it.
        measured: share of the box's middle that was measured.
    """

    disparity: float
    support: float
    nearer: float
    measured: float


def look_at(disparity: DisparityMap, box: Box, expected: float | None = None) -> Surface | None:
    """The surface in the middle of the box: that near `expected` px if given, else the one that fills most of it.

    None where hardly anything is measured, or it is infinitely far; `support` is 0 and `disparity` as expected where
    nothing of the box is near that distance.
    """
    height, width = disparity.values.shape
    inside = box.central(_CENTRAL).clipped(width - 1, height - 1)
    if inside.area == 0:
        return None
    window = inside.slices()
    valid = disparity.valid[window]
    measured = float(valid.mean())
    if measured < _LEAST_MEASURED:
        return None
    values = disparity.values[window][valid]
    start = _commonest(values) if expected is None else expected
    near = values[np.abs(values - start) < _SEARCHED * start + _NOISE_PX]
    if near.size == 0:
        return Surface(start, 0.0, float((values > start).mean()), measured)
    middle = float(np.median(near))
    tolerance = max(_DEEP * middle, _NOISE_PX)
    same = np.abs(values - middle) < tolerance
    at = float(np.median(values[same])) if same.any() else middle
    if at <= 0:
        return None  # what is infinitely far has no size
    return Surface(at, float(same.mean()), float((values > middle + tolerance).mean()), measured)


def _commonest(values: np.ndarray) -> float:
    """The disparity around which most of the values are, the nearer one of equals."""
    tried = np.quantile(values, _TRIED)
    near = np.abs(values[:, None] - tried) < np.maximum(_DEEP * tried, _NOISE_PX)
    return float(tried[near.sum(axis=0).argmax()])


def stands_free(disparity: DisparityMap, box: Box, at: float) -> bool:
    """Whether nothing nearer than `at` px is in or beside the box: matching smears the edges of what is.

    The lower part does not count: the ground is nearer there.
    """
    height, width = disparity.values.shape
    wide = box.central(_AROUND)
    upper = Box(wide.x, box.y, wide.width, _UPPER * box.height).clipped(width - 1, height - 1)
    apart = disparity.values[upper.slices()] - at
    return bool((apart > 2 * max(_DEEP * at, _NOISE_PX)).mean() < _LEAST_NEARER)


def repeats_after(image: np.ndarray, box: Box) -> float | None:
    """Pixels after which the rows in the box are alike again, as stripes are; None where they are not.

    Matching may take such an object to be nearer or farther by so many px of disparity, or a multiple. It is the first
    peak of the rows' autocorrelation, summed over them, that comes near the highest one.
    """
    rows, columns = box.central(_INNER).clipped(image.shape[1], image.shape[0]).slices()
    part = image[rows, columns]
    across = part.shape[1]
    if part.shape[0] == 0 or across < _LEAST_ACROSS:
        return None
    part = part[:: -(-part.shape[0] // _MOST_ROWS)].mean(axis=2)
    part -= part.mean(axis=1, keepdims=True)
    power = (np.abs(np.fft.rfft(part, 2 * across, axis=1)) ** 2).sum(axis=0)
    lags = np.arange(across // 2 + 1)
    energy = np.concatenate([[0.0], np.cumsum((part**2).sum(axis=0))])
    overlap = np.sqrt(energy[across - lags] * (energy[across] - energy[lags]))
    alike = np.fft.irfft(power)[lags] / np.maximum(overlap, 1e-6)
    apart = np.flatnonzero(alike < _APART)
    again = np.flatnonzero(alike[apart[0] :] > _ALIKE) + apart[0] if apart.size else apart
    if not again.size:
        return None
    first = again[0] + np.argmin(np.diff(alike[again[0] :], append=-1) > 0)
    return float(first)
