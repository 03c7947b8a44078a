"""What the CUDA kernels look up: the weight of every tap of every disk, by slice, and how far each disk reaches.

A disk may be any shape of the aperture: the shapes differ in their tables alone.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from sterefo_core.refocus.aperture import disk_kernel
from sterefo_core.refocus.cats_eye import Shapes
from sterefo_core.refocus.iris import Iris
from sterefo_core.refocus.rules import radius_rungs, slices_of

BLOCK = 32, 4
"""Width and height, in px, of the block of pixels that one warp computes: every thread has a column of it, so that
light that was read once is used for all of its rows."""
TILE = 32, 8
"""Width and height in px of a tile: what is known of the light in it is the largest disk of every slice."""
FRACTION_BITS = 23
ABSENT = -(1 << 30)
"""Code of a pixel without light."""


class Plan(NamedTuple):
    """Tables for one lens and size of picture on one device. S slices, N rungs.

    Light has a radius code: its lower rung's index in the high bits, and in the low `FRACTION_BITS` the share of its
    light that belongs to the next rung. A disk's rank is 1 + its rungs from focus.

    Attributes:
        margin_px: how far the largest disk reaches.
        block, tile: `BLOCK` and `TILE`.
        shapes: of the aperture across the picture, M of them.
        squares: `(N,)` float32 s * |s| of the rungs, far to near.
        slices: `(S, 7)` int32, far to near: its middle tap at code 0, taps per row, taps per column, lowest and highest
            code that it tells apart, first and last rung.
        taps: `(M, T, 2)` float32, a line over the fraction 1..2: offset and slope of a tap's weight, by row, column,
            rung.
        reach: `(ranks + 1,)` int32 px; rank 0, which is no light, reaches so little that loops over it are empty.
        chords: `(ranks + 1, 2 margin_px + rows)` int32: how far left and right light may lie in this row, in px,
            counted from the first row of a block of pixels.
    """

    margin_px: int
    block: tuple[int, int]
    tile: tuple[int, int]
    shapes: Shapes
    squares: Tensor
    slices: Tensor
    taps: Tensor
    reach: Tensor
    chords: Tensor

    def with_only(self, iris: Iris) -> Plan:
        """The same tables where the aperture has one of its shapes everywhere."""
        index = self.shapes.irises.index(iris)
        return self._replace(shapes=Shapes((iris,), 1, 0.0), taps=self.taps[index : index + 1])


@lru_cache(maxsize=4)
def plan_for(max_radius_px: float, shapes: Shapes, device: torch.device) -> Plan:
    """The tables for a lens."""
    rungs = radius_rungs(max_radius_px)
    taps = [
        _weights([disk_kernel(rungs[index], iris) for index in members])
        for iris in shapes.irises
        for members in slices_of(rungs)
    ]
    slices, start = [], 0
    for members, table in zip(slices_of(rungs), taps, strict=False):  # (rows, columns, rungs + 2, 2)
        height, width, nodes = table.shape[:3]
        middle = start + (height // 2 * width + width // 2) * nodes - (members.start - 1)
        codes = [(members.start - 1) << FRACTION_BITS, members.stop << FRACTION_BITS]
        slices.append([middle, width * nodes, nodes, *codes, members.start, members.stop - 1])
        start += height * width * nodes
    uncut = replace(shapes.irises[0], cut=(0.0, 0.0))
    reach, chords = _extents([disk_kernel(rung, uncut) for rung in rungs[len(rungs) // 2 :]])
    squares = torch.tensor([rung * abs(rung) for rung in rungs], dtype=torch.float32)
    weights = torch.cat([table.flatten(0, 2) for table in taps]).view(len(shapes.irises), start, 2)
    tables = (squares, torch.tensor(slices, dtype=torch.int32), weights, reach, chords)
    return Plan(int(reach[-1]), BLOCK, TILE, shapes, *(table.contiguous().to(device) for table in tables))


def _weights(kernels: list[Tensor]) -> Tensor:
    """Lines between the weights of neighbouring rungs; rungs outside the slice, and rows outside the disks, weigh 0."""
    reach = max(kernel.shape[0] for kernel in kernels) // 2
    middle = reach + BLOCK[1] - 1
    nodes = torch.zeros(2 * middle + 1, 2 * reach + 1, len(kernels) + 3, dtype=torch.float64)
    for index, kernel in enumerate(kernels):
        n = kernel.shape[0] // 2
        nodes[middle - n : middle + n + 1, reach - n : reach + n + 1, index + 1] = kernel
    slope = nodes.diff(dim=-1)
    return torch.stack((nodes[..., :-1] - slope, slope), dim=-1).float()


def _extents(kernels: list[Tensor]) -> tuple[Tensor, Tensor]:
    """`Plan.reach` and `Plan.chords` of the disks from the smallest to the largest, and of those turned by half."""
    margin = kernels[-1].shape[0] // 2
    chords = torch.full((len(kernels) + 1, 2 * margin + BLOCK[1]), -1, dtype=torch.int32)
    for rank, kernel in enumerate(kernels, start=1):
        n = kernel.shape[0] // 2
        distance = (torch.arange(2 * n + 1) - n).abs()
        half = torch.where((kernel > 0) | (kernel.flip(0, 1) > 0), distance, -1).amax(dim=1).int()
        for row in range(BLOCK[1]):
            part = chords[rank, margin - n + row : margin + n + 1 + row]
            torch.maximum(part, half, out=part)
    reach = torch.tensor([-BLOCK[1]] + [kernel.shape[0] // 2 for kernel in kernels], dtype=torch.int32)
    return reach, chords
