"""Depth engines on data sets with true disparities: how wrong, where, how dense and how fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np

from sterefo_core.errors import SterefoError
from sterefo_core.evaluation.records import Record
from sterefo_core.evaluation.stereo_scores import ErrorCounts, StereoScores, count_errors, near_depth_edges
from sterefo_core.learning.datasets import Samples
from sterefo_core.learning.samples import StereoSample
from sterefo_core.protocols import DepthEngine
from sterefo_core.types import DisparityMap, StereoFrame

LARGEST_PX = 192.0
"""Disparities are kept within 0 and this before they are scored: a wild value counts as wrong, and only as that."""

EVERYWHERE = "all"
REGIONS = (EVERYWHERE, "seen by both", "hidden", "foreground", "near edges")
"""All known pixels; those that the right camera sees or not; of objects that the data set marks; near depth edges."""

_HEAD = ("data", "engine", "where", "pixels", "EPE px", "bad-1 %", "bad-2 %", "bad-3 %", "D1 %", "dense %", "ms")
_PLACES = {
    "epe_px": 3, "bad1_percent": 2, "bad2_percent": 2, "bad3_percent": 2, "d1_percent": 2,
    "density_percent": 1, "milliseconds": 1,
}  # fmt: skip

Pictured = Callable[[int, StereoSample, Mapping[str, DisparityMap]], None]


@dataclass(frozen=True)
class EngineScores:
    """One engine on one data set.

    Attributes:
        data, engine: their names.
        regions: scores by REGIONS, those that have pixels.
        density_percent: share of pixels that the engine measured rather than filled.
        milliseconds: median time for a pair.
    """

    data: str
    engine: str
    regions: Mapping[str, StereoScores]
    density_percent: float
    milliseconds: float


def evaluate_stereo(
    engines: Mapping[str, DepthEngine],
    samples: Samples,
    indices: Sequence[int],
    pictured: Pictured = lambda index, sample, maps: None,
) -> list[EngineScores]:
    """Score every engine on the pairs with these indices; `pictured` is told of each pair and the maps of all engines.

    Engines take turns on every pair, and the first pair is done twice, first to warm up. Raises SterefoError where no
    pair has a true disparity.
    """
    tallies = {name: _Tally() for name in engines}
    for turn, index in enumerate(indices):
        sample, maps = samples[index], {}
        frame = _frame(index, sample)
        for name, engine in engines.items():
            if turn == 0:
                engine.compute(_frame(index, sample))  # pictures of their own: engines may remember the last ones
            began = perf_counter()
            maps[name] = engine.compute(frame)
            tallies[name].add(1000 * (perf_counter() - began), maps[name], sample)
        pictured(index, sample, maps)
    if not any(tally.regions for tally in tallies.values()):
        raise SterefoError(f"{samples.name} has no true disparities to score engines by")
    return [tally.scores(samples.name, name) for name, tally in tallies.items()]


class _Tally:
    """What was counted of one engine so far."""

    def __init__(self) -> None:
        self.regions: dict[str, ErrorCounts] = {}
        self._milliseconds: list[float] = []
        self._densities: list[float] = []

    def add(self, milliseconds: float, found: DisparityMap, sample: StereoSample) -> None:
        self._milliseconds.append(milliseconds)
        self._densities.append(float(found.valid.mean()))
        disparity = np.clip(found.values, 0, LARGEST_PX)
        for region, where in _regions(sample):
            if where.any():
                counts = count_errors(disparity, DisparityMap(sample.disparity, where))
                self.regions[region] = self.regions[region] + counts if region in self.regions else counts

    def scores(self, data: str, engine: str) -> EngineScores:
        regions = {region: self.regions[region].scores() for region in REGIONS if region in self.regions}
        density = 100 * float(np.mean(self._densities))
        return EngineScores(data, engine, regions, density, float(np.median(self._milliseconds)))


def _regions(sample: StereoSample) -> Iterator[tuple[str, np.ndarray]]:
    yield EVERYWHERE, sample.valid
    if sample.occluded is not None:
        yield "seen by both", sample.valid & ~sample.occluded
        yield "hidden", sample.valid & sample.occluded
    if sample.foreground is not None:
        yield "foreground", sample.valid & sample.foreground
    yield "near edges", near_depth_edges(DisparityMap(sample.disparity, sample.valid))


def _frame(index: int, sample: StereoSample) -> StereoFrame:
    left, right = (np.ascontiguousarray(image.transpose(1, 2, 0)) for image in (sample.left, sample.right))
    return StereoFrame(index, 0.0, left, right)


def scores_cells(scores: Sequence[EngineScores]) -> list[list[str]]:
    """The table: a head, then a row for each data set, engine and region."""
    rows = [
        [*(str(row[name]) for name in ("data", "engine", "region", "pixels")),
         *("-" if row[name] is None else f"{row[name]:.{places}f}" for name, places in _PLACES.items())]
        for row in scores_rows(scores)
    ]  # fmt: skip
    return [list(_HEAD), *rows]


def scores_rows(scores: Sequence[EngineScores]) -> list[Record]:
    """A record for each data set, engine and region, with the fields of `EngineScores` and `StereoScores`."""
    return [
        {"data": one.data, "engine": one.engine, "region": region, **_known(values),
         "density_percent": one.density_percent, "milliseconds": one.milliseconds}
        for one in scores
        for region, values in one.regions.items()
    ]  # fmt: skip


def _known(values: StereoScores) -> dict[str, float | None]:
    """The scores by name, None for a share of no pixels; what is near edges has a row of its own."""
    known = {name: None if np.isnan(value) else value for name, value in asdict(values).items()}
    del known["edge_bad2_percent"]
    return known
