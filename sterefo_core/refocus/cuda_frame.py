"""One picture on a CUDA device: all memory that it needs, kept from frame to frame, and its kernels in their order."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
import triton
from torch import Tensor

from sterefo_core.colour import linear_from_srgb, srgb_from_linear
from sterefo_core.lens import Lens
from sterefo_core.refocus import triton_hidden, triton_lamps, triton_rims
from sterefo_core.refocus.cats_eye import shapes_of
from sterefo_core.refocus.cuda_plan import plan_for
from sterefo_core.refocus.cuda_spread import Light, Shape
from sterefo_core.refocus.highlights import gain_of, largest_lamp
from sterefo_core.refocus.iris import Iris, iris_of
from sterefo_core.refocus.rules import SMOOTHING_STEPS

LOWEST = torch.finfo(torch.float32).min


class Needs(NamedTuple):
    """What a frame's memory and tables depend on: its rows `top .. top + height` of pictures `whole` rows high."""

    height: int
    width: int
    top: int
    whole: int
    max_radius_px: float
    iris: Iris
    cats_eye: float

    @classmethod
    def of(cls, rows: range, size: tuple[int, int], lens: Lens) -> Needs:
        """For these rows of pictures of a size, (height, width)."""
        top = rows.start if lens.cats_eye else 0  # where in the picture they are matters to cat's eyes alone
        return cls(len(rows), size[1], top, size[0], float(lens.max_radius_px), iris_of(lens), lens.cats_eye)


@lru_cache(maxsize=2)
def _encoding(device: torch.device) -> tuple[Tensor, Tensor]:
    """The tables of `colour`: linear light of every byte, and the byte of 4096 steps of the square root of light."""
    decoder = torch.as_tensor(linear_from_srgb(np.arange(256)))
    encoder = torch.as_tensor(srgb_from_linear((np.arange(4096) / 4095) ** 2))
    return decoder.to(device), encoder.to(device)


class Frame:
    """The memory of one picture, or of some rows of it, and what is done there.

    Attributes:
        image, right: `(H, W, 3)` uint8 and disparity: `(H, W)` float32, to be filled.
        result: `(H, W, 3)` uint8, the refocused picture.
        broken: `(1,)` int32, 1 where a disparity was not finite.
    """

    def __init__(self, needs: Needs, lens: Lens, device: torch.device, graphs: bool) -> None:
        height, width = needs.height, needs.width
        plan = plan_for(needs.max_radius_px, shapes_of(lens, needs.whole, width), device)
        self.needs = needs
        self.spread = Light(Shape.of(1, 3, height, width, plan), plan, (needs.whole - 1) / 2 - needs.top)
        self.image, self.right = torch.zeros(2, height, width, 3, dtype=torch.uint8, device=device)
        self.result = torch.empty_like(self.image)
        self.disparity, self.trusted, self.seen = torch.zeros(3, height, width, device=device)
        self.light = torch.ones(1, 12, height, width, device=device)
        self.radii = torch.empty(1, 3, height, width, device=device)
        self.planes = torch.empty(2, 3, height, width, device=device)
        self.rims = torch.empty(2, height, width, dtype=torch.int32, device=device)
        self.fixed, self.lamps = torch.empty(2, height, width, dtype=torch.int8, device=device)
        self.settings, self.nearest = torch.empty(7, device=device), torch.empty(1, device=device)
        self.broken = torch.empty(1, dtype=torch.int32, device=device)
        self.spots: Tensor | None = None  # int32 (5, H, W), once lamps are looked for
        self._may_record = graphs
        self._graphs: dict[tuple[bool, bool], torch.cuda.CUDAGraph | None] = {}

    def refocus(self, focus_disparity: float, lens: Lens, with_right: bool, nearest: float = LOWEST) -> Tensor:
        """Compute `result` on the device alone, waiting for nothing.

        `nearest` is a disparity that is known to occur in the picture, if perhaps not in this frame's rows.
        """
        with_lamps = lens.highlights > 0
        if with_lamps and self.spots is None:
            self.spots = torch.empty(5, *self.disparity.shape, dtype=torch.int32, device=self.disparity.device)
        numbers = lens.aperture, focus_disparity, lens.sharp_px, lens.max_radius_px, gain_of(lens.highlights)
        settings = torch.tensor([*map(float, numbers), largest_lamp(self.needs.whole), nearest])
        self.settings.copy_(settings, non_blocking=True)  # not pinned: it is taken before this returns
        self._play(with_right, with_lamps)
        return self.result

    def _play(self, with_right: bool, with_lamps: bool) -> None:
        """Launch the kernels; from the second frame of a kind on as one graph, which spares the launches."""
        kind = with_right, with_lamps
        if self._may_record and kind in self._graphs and self._graphs[kind] is None:
            self._record(*kind)
        graph = self._graphs.setdefault(kind, None)
        if graph is not None:
            graph.replay()
        else:
            self._launch(*kind)  # the first time kernels are compiled and loaded, which cannot be recorded

    def _record(self, with_right: bool, with_lamps: bool) -> None:
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._launch(with_right, with_lamps)
        except RuntimeError as error:
            logging.getLogger(__name__).info("frames are not recorded as CUDA graphs: %s", error)
            self._may_record = False
        else:
            self._graphs[with_right, with_lamps] = graph

    def _launch(self, with_right: bool, with_lamps: bool) -> None:
        decoder, encoder = _encoding(self.image.device)
        (height, width), plan = self.disparity.shape, self.spread.plan
        size, tile = (height, width), {"WIDTH": plan.tile[0], "HEIGHT": plan.tile[1], "num_warps": 4}
        grid = triton.cdiv(width, plan.tile[0]), triton.cdiv(height, plan.tile[1])
        colour, other = self.planes
        self.broken.fill_(0)
        self.seen.fill_(LOWEST)
        self.nearest.copy_(self.settings[6:])
        if with_lamps and self.spots is not None:
            self._find_lamps(self.spots, grid, tile)
        triton_rims.measure[grid](
            self.image, self.disparity, decoder, self.settings, self.lamps, colour, self.radii, self.seen,
            self.nearest, self.broken, *size, WITH_RIGHT=with_right, WITH_LAMPS=with_lamps, **tile,
        )  # fmt: skip
        triton_rims.weigh_outlines[grid](self.radii, self.trusted, *size, **tile)
        triton_rims.unmix[grid](colour, self.trusted, self.light, self.radii, *size, **tile)
        triton_hidden.hide[grid](
            self._nearest_rims(grid, tile), self.light, self.radii, self.disparity, self.right,
            decoder, self.seen, self.nearest, colour, self.fixed, *size, WITH_RIGHT=with_right, **tile,
        )  # fmt: skip
        guesses = colour, other, colour, self.light[0, 4:7]
        for step, guess, smoothed in zip(SMOOTHING_STEPS, guesses[:-1], guesses[1:], strict=True):
            triton_hidden.smooth[grid](guess, smoothed, self.light, self.radii, self.fixed, step, *size, **tile)
        self.spread.fill(self.light, self.radii)
        self.spread.spread(self.result, "bytes", encoder)

    def _find_lamps(self, spots: Tensor, grid: tuple[int, int], tile: dict[str, int]) -> None:
        (*trees, sums), size = spots, self.disparity.shape
        triton_lamps.start_spots[grid](self.image, *trees, *size, **tile)
        triton_lamps.join_spots[grid](trees[0], trees[3], *size, **tile)
        triton_lamps.measure_spots[grid](*trees, *size, **tile)
        triton_lamps.sum_rows[(size[0],)](self.image, sums, size[1], BLOCK=1024, num_warps=4)
        triton_lamps.sum_columns[(triton.cdiv(size[1], 32),)](sums, *size, HEIGHT=64, WIDTH=32, num_warps=8)
        triton_lamps.mark_lamps[grid](*spots, self.lamps, self.settings, *size, **tile)

    def _nearest_rims(self, grid: tuple[int, int], tile: dict[str, int]) -> Tensor:
        """Jump flooding with steps down to 1, once more than the definition: here no round sees its own finds."""
        size, (rims, flooded) = self.disparity.shape, self.rims
        triton_hidden.flood[grid](self.radii, rims, rims, 1, *size, START=True, **tile)
        largest = int(2 * self.needs.max_radius_px + 1).bit_length() - 1
        for step in [1 << power for power in range(largest, -1, -1)] + [1]:
            triton_hidden.flood[grid](self.radii, rims, flooded, step, *size, START=False, **tile)
            rims, flooded = flooded, rims
        return rims
