"""Opening a source that may take its time, a camera that does not answer say, without being held up by it. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread

from sterefo_core.protocols import Source

LOOK_S = 0.05


def open_unless(given_up: Callable[[], bool], open_source: Callable[[], Source]) -> Source | None:
    """What `open_source` opens, on a thread of its own, or raises; None as soon as it is given up.

    What then opens after all is closed at once, and nobody waits for it.
    """
    future: Future[Source] = Future()
    Thread(target=_fulfil, args=(future, open_source), name="opening", daemon=True).start()
    while not wait([future], LOOK_S).done:
        if given_up():
            future.add_done_callback(_close)
            return None
    return future.result()


def _fulfil(future: Future[Source], open_source: Callable[[], Source]) -> None:
    try:
        future.set_result(open_source())
    except Exception as error:
        future.set_exception(error)


def _close(future: Future[Source]) -> None:
    if future.exception() is None:
        future.result().close()
