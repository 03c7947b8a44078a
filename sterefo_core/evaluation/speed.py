"""How long depth, refocusing and both take for a frame, and how large the networks are that find the depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from time import perf_counter

from sterefo_core.evaluation.records import Record
from sterefo_core.learning.synthetic import HELD_OUT, make_pair
from sterefo_core.lens import Lens
from sterefo_core.protocols import DepthEngine, Renderer
from sterefo_core.types import StereoFrame

_LENS = Lens(aperture=0.3, max_radius_px=16.0)
_REACH_PX = 128.0


@dataclass(frozen=True)
class SpeedScores:
    """Medians over the rounds, ms; `million_parameters` and `giga_macs` are None where there is no network."""

    engine: str
    million_parameters: float | None
    giga_macs: float | None
    stereo_ms: float
    refocus_ms: float
    both_ms: float


def frame_of_size(width: int, height: int) -> StereoFrame:
    """A synthetic pair, the same one every time."""
    sample = make_pair(HELD_OUT, height, width, _REACH_PX)
    left, right = (image.transpose(1, 2, 0).copy() for image in (sample.left, sample.right))
    return StereoFrame(0, 0.0, left, right)


def evaluate_speed(
    engines: Mapping[str, DepthEngine], renderer: Renderer, frame: StereoFrame, rounds: int
) -> list[SpeedScores]:
    """Time every engine followed by the renderer, or by the engine itself where it is one.

    Engines take turns, so that what else the machine does troubles all of them; a first round only warms up. Time
    stops when the result is there: work that a GPU still has to do is waited for.
    """
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for _ in range(rounds + 1):
        for name, engine in engines.items():
            times[name].append(_timed(engine, renderer, frame))
    return [_scores(name, engine, frame, times[name][1:]) for name, engine in engines.items()]


def _timed(engine: DepthEngine, renderer: Renderer, frame: StereoFrame) -> tuple[float, float]:
    """Milliseconds of depth and of refocusing. The frame is copied: engines may remember the last one."""
    new = replace(frame, left=frame.left.copy())
    began = _now()
    found = engine.compute(new)
    seen = _now()
    chosen = engine if isinstance(engine, Renderer) else renderer
    chosen.render(new.left, found.values, float(found.values.max()) / 2, _LENS, new.right)
    return 1000 * (seen - began), 1000 * (_now() - seen)


def _now() -> float:
    import torch

    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return perf_counter()


def _scores(name: str, engine: DepthEngine, frame: StereoFrame, times: Sequence[tuple[float, float]]) -> SpeedScores:
    stereo, refocus = (median(column) for column in zip(*times, strict=True))
    size = _network_size(engine, frame)
    return SpeedScores(name, *size, stereo, refocus, median(map(sum, times)))


def _network_size(engine: DepthEngine, frame: StereoFrame) -> tuple[float | None, float | None]:
    """Millions of parameters, and thousand millions of multiplications with addition for the frame's depth."""
    from torch.utils.flop_counter import FlopCounterMode

    from sterefo_core.depth.learned import LearnedDepth

    if not isinstance(engine, LearnedDepth):
        return None, None
    with FlopCounterMode(display=False) as counter:
        engine.compute(replace(frame, left=frame.left.copy()))
    return engine.parameters / 1e6, counter.get_total_flops() / 2e9


def speed_rows(scores: Sequence[SpeedScores]) -> list[Record]:
    """The fields of `SpeedScores`, and frames a second."""
    return [{**asdict(one), "frames_per_second": 1000 / one.both_ms} for one in scores]


def speed_cells(scores: Sequence[SpeedScores]) -> list[list[str]]:
    """The table: a head, then a row for each engine."""
    head = ["engine", "M parameters", "GMAC", "stereo ms", "refocus ms", "both ms", "frames/s"]
    rows = [[str(one["engine"]), *map(_number, list(one.values())[1:])] for one in speed_rows(scores)]
    return [head, *rows]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 10 else f"{value:.0f}"
