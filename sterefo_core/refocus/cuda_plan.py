"""What the CUDA kernels look up: the weight of every tap of every disk, by slice, and how far each disk reaches."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from sterefo_core.refocus.aperture import disk_kernel
from sterefo_core.refocus.layers import radius_rungs, slices_of

BLOCK = 32, 4
"""Width and height, in px, of the block of pixels that one warp computes: every thread has a column of it, so that
light that was read once is used for all of its rows."""
TILE = 32, 8
"""Width and height in px of a tile: what is known of the light in it is the largest disk of every slice."""
FRACTION_BITS = 23
ABSENT = -(1 << 30)
"""Code of a pixel without light."""


class Plan(NamedTuple):
    """Tables for one largest radius on one device. S slices, N rungs; a disk's rank is 1 + its rungs from focus.

    Light has a radius code: its lower rung's index in the high bits, and in the low `FRACTION_BITS` the share of its
    light that belongs to the next rung.

    Attributes:
        margin_px: how far the largest disk reaches.
        block, tile: `BLOCK` and `TILE`.
        squares: `(N,)` float32 s * |s| of the rungs, far to near.
        slices: `(S, 7)` int32, far to near: its middle tap at code 0, taps per row, taps per column, lowest and highest
            code that it tells apart, first and last rung.
        taps: `(T, 2)` float32, a line over the fraction 1..2: offset and slope of a tap's weight, by row, column,
            rung.
        reach: `(ranks + 1,)` int32 px; rank 0, which is no light, reaches so little that loops over it are empty.
        chords: `(ranks + 1, 2 margin_px + rows)` int32: how far left and right light may lie in this row, in px,
            counted from the first row of a block of pixels.
    """

    margin_px: int
    block: tuple[int, int]
    tile: tuple[int, int]
    squares: Tensor
    slices: Tensor
    taps: Tensor
    reach: Tensor
    chords: Tensor


@lru_cache(maxsize=4)
def plan_for(max_radius_px: float, device: torch.device) -> Plan:
    """The tables for a lens."""
    rungs = radius_rungs(max_radius_px)
    kernels = [disk_kernel(abs(rung)) for rung in rungs]
    rows, taps, start = [], [], 0
    for members in slices_of(rungs):
        table = _weights([kernels[index] for index in members])  # (rows, columns, rungs + 2, 2)
        height, width, nodes = table.shape[:3]
        middle = start + (height // 2 * width + width // 2) * nodes - (members.start - 1)
        codes = [(members.start - 1) << FRACTION_BITS, members.stop << FRACTION_BITS]
        rows.append([middle, width * nodes, nodes, *codes, members.start, members.stop - 1])
        taps.append(table.flatten(0, 2))
        start += height * width * nodes
    reach, chords = _extents(kernels[len(rungs) // 2 :])
    squares = torch.tensor([rung * abs(rung) for rung in rungs], dtype=torch.float32)
    tables = (squares, torch.tensor(rows, dtype=torch.int32), torch.cat(taps).float(), reach, chords)
    return Plan(int(reach[-1]), BLOCK, TILE, *(table.contiguous().to(device) for table in tables))


def _weights(kernels: list[Tensor]) -> Tensor:
    """Lines between the weights of neighbouring rungs; rungs outside the slice, and rows outside the disks, weigh 0."""
    reach = max(kernel.shape[0] for kernel in kernels) // 2
    middle = reach + BLOCK[1] - 1
    nodes = torch.zeros(2 * middle + 1, 2 * reach + 1, len(kernels) + 3, dtype=torch.float64)
    for index, kernel in enumerate(kernels):
        n = kernel.shape[0] // 2
        nodes[middle - n : middle + n + 1, reach - n : reach + n + 1, index + 1] = kernel
    slope = nodes.diff(dim=-1)
    return torch.stack((nodes[..., :-1] - slope, slope), dim=-1)


def _extents(kernels: list[Tensor]) -> tuple[Tensor, Tensor]:
    """`Plan.reach` and `Plan.chords` of the disks from the smallest to the largest."""
    margin = kernels[-1].shape[0] // 2
    chords = torch.full((len(kernels) + 1, 2 * margin + BLOCK[1]), -1, dtype=torch.int32)
    for rank, kernel in enumerate(kernels, start=1):
        n = kernel.shape[0] // 2
        distance = (torch.arange(2 * n + 1) - n).abs()
        half = torch.where(kernel > 0, distance, -1).amax(dim=1).int()
        for row in range(BLOCK[1]):
            part = chords[rank, margin - n + row : margin + n + 1 + row]
            torch.maximum(part, half, out=part)
    reach = torch.tensor([-BLOCK[1]] + [kernel.shape[0] // 2 for kernel in kernels], dtype=torch.int32)
    return reach, chords
