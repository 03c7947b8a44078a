"""Opening and reading sources that may not answer, a camera or a network's disk say, without being held up. No Qt.

Nobody can end a thread that waits for the operating system. So each time one of its own is asked, and left behind where
it does not come back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from time import monotonic
from typing import TypeVar

from sterefo_core.live import LiveSource
from sterefo_core.protocols import Source
from sterefo_core.types import StereoFrame

LOOK_S = 0.05
CLOSE_S = 1.0
SILENT_S = 5.0
"""What takes longer than this is said."""

Answer = TypeVar("Answer")
Check = Callable[[bool], None]
"""Called again and again on whatever thread waits, with whether that takes long; it raises to end the waiting."""

_NAME = "source"


def open_watched(open_source: Callable[[], Source], check: Check) -> Source:
    """What `open_source` opens or raises; opening it, and reading it unless it is a camera, ends where `check` raises.

    What then opens after all is closed at once, and nobody waits for it.
    """
    opening = _ask(open_source)
    try:
        source = _answer(opening, check)
    except BaseException:
        opening.add_done_callback(_close)
        raise
    return source if isinstance(source, LiveSource) else WatchedSource(source, check)


def any_left_behind() -> bool:
    """Whether a thread still waits for a source that was given up: the process cannot end in order."""
    return any(thread.name == _NAME for thread in threading.enumerate())


class WatchedSource:
    """A recorded source, each frame of which is read on a thread of its own.

    Args:
        source: what to read, for one thread at a time.
        check: may end the waiting for a frame.
    """

    def __init__(self, source: Source, check: Check) -> None:
        self._source, self._check = source, check
        self._reading: Future[StereoFrame] | None = None

    def __len__(self) -> int:
        return len(self._source)

    def __getattr__(self, name: str):
        return getattr(self._source, name)

    def read(self, index: int) -> StereoFrame:
        """The frame, or what `check` raises."""
        self._check(False)
        self._reading = _ask(partial(self._source.read, index))
        return _answer(self._reading, self._check)

    def close(self) -> None:
        """Close the source once it is not read any more, without waiting long for that."""
        wait([_ask(self._close)], CLOSE_S)

    def _close(self) -> None:
        if self._reading:
            wait([self._reading])
        self._source.close()


def no_picture(name: str) -> str:
    """What to say of a source that is waited for."""
    return f"{name} has given no picture for {SILENT_S:.0f} s: wait, or look whether its disk or network is there"


def _ask(work: Callable[[], Answer]) -> Future[Answer]:
    future: Future[Answer] = Future()
    threading.Thread(target=_fulfil, args=(future, work), name=_NAME, daemon=True).start()
    return future


def _answer(future: Future[Answer], check: Check) -> Answer:
    began_s = monotonic()
    while not wait([future], LOOK_S).done:
        check(monotonic() - began_s > SILENT_S)
    return future.result()


def _fulfil(future: Future[Answer], work: Callable[[], Answer]) -> None:
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)


def _close(future: Future[Source]) -> None:
    if future.exception() is None:
        future.result().close()
