"""The window's preview thread without a window: how fast it plays, and how old its pictures are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from queue import SimpleQueue
from statistics import median
from time import perf_counter

from app.preview import Preview
from app.preview_worker import PreviewWorker
from app.workshop import Workshop
from sterefo_core.project import Project

_FASTER = 1000.0  # than real time: every frame is late, so nothing waits for the clock
_PATIENCE_S = 60.0


def period_ms(moments_s: Sequence[float], project: Project) -> float:
    """Mean ms from picture to picture, without the last ones: while they are made, nothing is looked at ahead."""
    steady = moments_s[: len(moments_s) - project.look_ahead]
    return 1000 * (steady[-1] - steady[0]) / (len(steady) - 1)


def played_by_the_window(project: Project) -> tuple[float, float]:
    """Play every frame of a project with an end once: its period, and the median ms from asking to handing over."""
    assert project.last_frame is not None
    rings: SimpleQueue[None] = SimpleQueue()
    preview = Preview(lambda: rings.put(None), partial(PreviewWorker, workshop=Workshop()))
    try:
        preview.look(scale=1.0)  # late as it is, it would choose a smaller one
        preview.open(project)
        _until_at(0, preview, rings)
        preview.set(every_frame=True, loop=False)
        preview.play(_FASTER)
        came = _until_at(project.last_frame, preview, rings)
    finally:
        preview.close()
    moments_s, ages_s = zip(*came.values(), strict=True)
    return period_ms(moments_s, project), 1000 * median(ages_s)


def _until_at(index: int, preview: Preview, rings: SimpleQueue[None]) -> dict[int, tuple[float, float]]:
    """When each computed frame came first, and how old it was then, s; until `index` has come."""
    came: dict[int, tuple[float, float]] = {}
    while index not in came:
        rings.get(timeout=_PATIENCE_S)
        state = preview.states.take()
        if state and state.failure:
            raise RuntimeError(state.failure)
        if state and state.plate and state.plate.done and state.plate.index not in came:
            now_s = perf_counter()
            came[state.plate.index] = now_s, now_s - state.plate.captured_s
    return came
