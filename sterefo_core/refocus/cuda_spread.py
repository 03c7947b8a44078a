"""The spreading of light on CUDA, as torch sees it: buffers, launches, and the derivative."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import triton
from torch import Tensor

from sterefo_core.refocus import triton_collect, triton_spread, triton_surfaces, triton_tiles
from sterefo_core.refocus.cuda_plan import ABSENT, Plan


class Shape(NamedTuple):
    """Sizes of one batch of pictures, and of the padded ones that lie `around` tiles, across and down, around them."""

    batch: int
    surfaces: int
    height: int
    width: int
    tile: tuple[int, int]
    around: tuple[int, int]
    tiles: tuple[int, int]

    @classmethod
    def of(cls, batch: int, surfaces: int, height: int, width: int, plan: Plan) -> Shape:
        """The sizes for pictures of `(height, width)` px blurred by the plan's disks."""
        across, down = (math.ceil(plan.margin_px / side) for side in plan.tile)
        tiles = math.ceil(width / plan.tile[0]) + 2 * across, math.ceil(height / plan.tile[1]) + 2 * down
        return cls(batch, surfaces, height, width, plan.tile, (across, down), tiles)

    @property
    def left(self) -> int:
        """Columns that are added on the left, px."""
        return self.around[0] * self.tile[0]

    @property
    def top(self) -> int:
        """Rows that are added above, px."""
        return self.around[1] * self.tile[1]

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of the padded picture in px."""
        return self.tiles[1] * self.tile[1], self.tiles[0] * self.tile[0]

    def border_beyond(self, margin_px: int) -> tuple[int, int, int, int]:
        """What `torch.nn.functional.pad` adds to pictures that have this margin, to make the padded ones."""
        height, width = self.padded
        right, bottom = width - self.width - self.left, height - self.height - self.top
        return self.left - margin_px, right - margin_px, self.top - margin_px, bottom - margin_px


class Light:
    """Light of a batch on its device, V surfaces of it, and which disks it needs in which tile.

    Attributes:
        records: `(B, V, 2, padded height, padded width)` int64: radius code and red, green and blue, 32 bits each.
        coverage: `(B, V, padded height, padded width)` float32.
        ranks: largest disks of the light in every tile, and `widened`: of the light that reaches each tile.
        lines: bits of the slices that have light in every line of every tile, and `widened_lines`: of the tiles beside.
    """

    def __init__(self, shape: Shape, plan: Plan, middle_row: float | None = None) -> None:
        """`middle_row` is that of the whole picture, if these are but some of its rows."""
        self.middle_row = (shape.height - 1) / 2 if middle_row is None else middle_row
        device, slices = plan.taps.device, len(plan.slices)
        self.shape, self.plan = shape, plan
        self.records = torch.empty(shape.batch, shape.surfaces, 2, *shape.padded, dtype=torch.int64, device=device)
        self.coverage = torch.ones(shape.batch, shape.surfaces, *shape.padded, device=device)
        tiles = shape.batch, *shape.tiles[::-1], shape.surfaces, slices
        self.ranks = torch.empty(tiles, dtype=torch.int32, device=device)
        self.widened = torch.empty_like(self.ranks)
        lines = shape.batch, shape.surfaces, shape.tiles[0], shape.padded[0]
        self.lines = torch.empty(lines, dtype=torch.int64, device=device)
        self.widened_lines = torch.empty_like(self.lines)

    def fill(self, light: Tensor, radii: Tensor) -> None:
        """Take the light `(B, 4 V, H, W)` and signed radii `(B, V, H, W)` of the pictures, or of the padded ones."""
        shape, plan, (height, width) = self.shape, self.plan, light.shape[-2:]
        left, top = (0, 0) if (height, width) == shape.padded else (shape.left, shape.top)
        tile = {"WIDTH": plan.tile[0], "HEIGHT": plan.tile[1]}
        triton_surfaces.fill_records[(*shape.tiles, shape.batch * shape.surfaces)](
            light.contiguous(), radii.contiguous(), plan.squares, self.records, self.coverage, len(plan.squares),
            height, width, shape.padded[1], left, top, shape.surfaces, ABSENT=ABSENT, **tile, num_warps=2,
        )  # fmt: skip
        self._find_disks()

    def _find_disks(self) -> None:
        shape, plan = self.shape, self.plan
        slices, (across, down) = len(plan.slices), shape.around
        tile = {"WIDTH": plan.tile[0], "HEIGHT": plan.tile[1]}
        triton_tiles.find_disks[(*shape.tiles, shape.batch)](
            self.records, self.ranks, self.lines, plan.slices, slices, len(plan.squares) // 2, shape.padded[1],
            shape.surfaces, **tile, num_warps=2,
        )  # fmt: skip
        triton_tiles.widen_disks[(shape.tiles[0] - 2 * across, shape.tiles[1] - 2 * down, shape.batch)](
            self.ranks, self.widened, plan.reach, shape.surfaces * slices, *shape.tiles, *shape.around,
            BLOCK=triton.next_power_of_2(shape.surfaces * slices), **tile, num_warps=1,
        )  # fmt: skip
        rows = shape.padded[0]
        triton_tiles.widen_lines[(shape.tiles[0] - 2 * across, triton.cdiv(rows, 256), shape.batch * shape.surfaces)](
            self.lines, self.widened_lines, shape.tiles[0], rows, across, BLOCK=256, num_warps=2
        )

    def spread(self, out: Tensor, result: str, encoder: Tensor | None = None) -> Tensor:
        """Write the refocused pictures, or their slices, to `out`; `triton_spread.spread` says what `result` means."""
        shape, plan, shapes = self.shape, self.plan, self.plan.shapes
        height, width = shape.padded
        grid = math.ceil(shape.width / plan.block[0]), math.ceil(shape.height / plan.block[1]), shape.batch
        triton_spread.spread[grid](
            self.records, self.coverage, self.widened, self.widened_lines, plan.slices, plan.taps.view(torch.int64),
            plan.reach, plan.chords, out if encoder is None else encoder, out, len(plan.slices), plan.margin_px,
            shape.height, shape.width, width, height, shape.left, shape.top, shape.surfaces,
            len(shapes.irises) // shapes.across, shapes.across, plan.taps.shape[1], shapes.per_px,
            self.middle_row,
            TILE_HEIGHT=plan.tile[1], WIDTH=plan.block[0], ROWS=plan.block[1], RESULT=result,
            SHAPES=len(shapes.irises) > 1, num_warps=1, maxnreg=96,  # more registers, fewer warps to hide loads
        )  # fmt: skip
        return out

    def collect(self, grad: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of the light `(B, 4 V, padded)` and of its share of the upper rung, from those of the slices."""
        shape, plan = self.shape, self.plan
        height, width = shape.padded
        light = torch.empty(shape.batch, 4 * shape.surfaces, height, width, device=grad.device)
        share = torch.empty_like(self.coverage)
        triton_collect.collect[(*shape.tiles, shape.batch * shape.surfaces)](
            self.records, self.coverage, self.ranks, plan.slices, plan.taps.view(torch.int64), plan.reach,
            plan.chords, grad.contiguous(), light, share, len(plan.slices), plan.margin_px, shape.height,
            shape.width, width, shape.left, shape.top, shape.surfaces,
            HEIGHT=plan.tile[1], WIDTH=plan.tile[0], ROWS=plan.block[1], num_warps=4,
        )  # fmt: skip
        return light, share


class Slices(torch.autograd.Function):
    """The light of every slice after the lens, `(B, S, 4, H, W)`.

    Of light `(B, 4 V, padded)` and signed radii `(B, V, padded)`, float32, within a `Shape`; differentiable for both.
    """

    @staticmethod
    def forward(ctx, light: Tensor, radii: Tensor, shape: Shape, plan: Plan) -> Tensor:
        """All slices, far to near."""
        ctx.spread = Light(shape, plan)
        ctx.save_for_backward(radii)
        ctx.spread.fill(light, radii)
        out = light.new_empty(shape.batch, len(plan.slices), 4, shape.height, shape.width)
        return ctx.spread.spread(out, "slices")

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """Every light collects the gradient of the pixels that it fell on."""
        (radii,), squares = ctx.saved_tensors, ctx.spread.plan.squares
        rung = torch.bucketize(radii * radii.abs(), squares[1:-1], right=True)
        step = squares[(rung + 1).clamp(max=len(squares) - 1)] - squares[rung]
        light, share = ctx.spread.collect(grad)
        return light, share * 2 * radii.abs() / torch.where(step > 0, step, torch.inf), None, None
