"""Cat's eyes: towards the corners of the picture the barrel of the lens cuts the aperture.

Seen from a corner, the rim of the front element is another disk, off the aperture's centre, and only what lies within
both lets light through. So lights behind the focal plane lose the outer part of their disks, and lights in front of it
the inner one. A lens gets darker there; this one does not, as if the picture were corrected for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from sterefo_core.lens import Lens
from sterefo_core.refocus.iris import Iris, iris_of

_STEP = 1 / 8
"""The cut is moved in steps of this many radii; between them pictures are mixed."""


class Part(NamedTuple):
    """A part of the picture as it is seen through one shape of the aperture.

    `weight`, `(rows, columns)` or what broadcasts to it, is by how much it counts: parts overlap, and their weights in
    a pixel sum to one.
    """

    rows: slice
    columns: slice
    iris: Iris
    weight: Tensor


def shift_per_px(cats_eye: float, height: int, width: int) -> float:
    """By how many radii the barrel is off the aperture for each px from the picture's middle."""
    return cats_eye / (math.hypot(height, width) / 2)


def parts_of(lens: Lens, height: int, width: int) -> list[Part]:
    """All parts of a picture: the whole of it where the aperture has one shape everywhere."""
    iris = iris_of(lens)
    if lens.cats_eye == 0:
        return [Part(slice(0, height), slice(0, width), iris, torch.ones(1, 1))]
    apart = _STEP / shift_per_px(lens.cats_eye, height, width)
    return [
        Part(rows, columns, replace(iris, cut=(-x, -y)), down[:, None] * across)
        for rows, down, y in _ramps(height, apart)
        for columns, across, x in _ramps(width, apart)
    ]


def _ramps(length: int, apart: float) -> Iterator[tuple[slice, Tensor, float]]:
    """Weights that rise and fall linearly around places `apart` px from each other, and the shift at each."""
    place = (torch.arange(length, dtype=torch.float64) - (length - 1) / 2) / apart
    last = math.ceil(float(place[-1]))
    for node in range(-last, last + 1):
        weight = (1 - (place - node).abs()).clamp(min=0)
        inside = weight.nonzero().flatten().tolist()
        if inside:
            part = slice(inside[0], inside[-1] + 1)
            yield part, weight[part], node * _STEP
