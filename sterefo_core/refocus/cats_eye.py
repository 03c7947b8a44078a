"""Cat's eyes: towards the corners of the picture the barrel of the lens cuts the aperture.

Seen from a corner, the rim of the front element is another disk, off the aperture's centre, and only what lies within
both lets light through. So lights behind the focal plane lose the outer part of their disks, and lights in front of it
the inner one. A lens gets darker there; this one does not, as if the picture were corrected for it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor

from sterefo_core.lens import Lens
from sterefo_core.refocus.iris import Iris, iris_of
from sterefo_core.refocus.rules import shift_per_px

_STEP = 1 / 8
"""The cut is moved in steps of this many radii; between them pictures are mixed."""


class Shapes(NamedTuple):
    """The aperture's shapes across a picture, at places of a grid around its middle.

    Attributes:
        irises: row by row; one where the aperture has one shape everywhere.
        across: columns of the grid.
        per_px: how many columns, or rows, of the grid a pixel is wide.
    """

    irises: tuple[Iris, ...]
    across: int
    per_px: float


class Part(NamedTuple):
    """A part of the picture as it is seen through one shape of the aperture.

    `weight`, `(rows, columns)` or what broadcasts to it, is by how much it counts: parts overlap, and their weights in
    a pixel sum to one.
    """

    rows: slice
    columns: slice
    iris: Iris
    weight: Tensor


def shapes_of(lens: Lens, height: int, width: int) -> Shapes:
    """All shapes that the aperture has in a picture; between the places of their grid, pictures are mixed."""
    iris = iris_of(lens)
    if lens.cats_eye == 0:
        return Shapes((iris,), 1, 0.0)
    per_px = shift_per_px(lens.cats_eye, height, width) / _STEP
    rows, columns = ((nodes * _STEP).tolist() for nodes in (_nodes(height, per_px), _nodes(width, per_px)))
    cuts = [(-x, -y) for y in rows for x in columns]
    return Shapes(tuple(replace(iris, cut=cut) for cut in cuts), len(columns), per_px)


def parts_of(lens: Lens, height: int, width: int) -> list[Part]:
    """All parts of a picture: the whole of it where the aperture has one shape everywhere."""
    shapes = shapes_of(lens, height, width)
    if shapes.per_px == 0:
        return [Part(slice(0, height), slice(0, width), shapes.irises[0], torch.ones(1, 1))]
    places = product(_ramps(height, shapes.per_px), _ramps(width, shapes.per_px))
    return [
        Part(rows, columns, iris, down[:, None] * across)
        for iris, ((rows, down), (columns, across)) in zip(shapes.irises, places, strict=True)
        if down.numel() and across.numel()
    ]


def _nodes(length: int, per_px: float) -> Tensor:
    """Where on one side of the grid, counted from the picture's middle, shapes are given."""
    last = math.ceil((length - 1) / 2 * per_px)
    return torch.arange(-last, last + 1, dtype=torch.float64)


def _ramps(length: int, per_px: float) -> list[tuple[slice, Tensor]]:
    """Weights that rise and fall linearly around the places of the grid; none where no pixel is near."""
    place = (torch.arange(length, dtype=torch.float64) - (length - 1) / 2) * per_px
    weights = (1 - (place - _nodes(length, per_px)[:, None]).abs()).clamp(min=0)
    inside = (weight.nonzero().flatten().tolist() for weight in weights)
    parts = [slice(near[0], near[-1] + 1) if near else slice(0, 0) for near in inside]
    return [(part, weight[part]) for part, weight in zip(parts, weights, strict=True)]
