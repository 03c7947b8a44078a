"""The window's preview thread without a window: how fast it plays, and how old its pictures are."""

from __future__ import annotations

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


def played_by_the_window(project: Project, frames: int) -> tuple[float, float]:
    """Play every frame once: ms from picture to picture, and median ms from asking for a frame to handing it over."""
    rings: SimpleQueue[None] = SimpleQueue()
    preview = Preview(lambda: rings.put(None), partial(PreviewWorker, workshop=Workshop()))
    try:
        preview.open(project)
        _until_at(0, preview, rings)
        preview.set(every_frame=True, loop=False)
        preview.play(_FASTER)
        came = _until_at(frames - 1, preview, rings)
    finally:
        preview.close()
    moments_s, ages_s = zip(*came.values(), strict=True)
    return 1000 * (moments_s[-1] - moments_s[0]) / (len(came) - 1), 1000 * median(ages_s)


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
