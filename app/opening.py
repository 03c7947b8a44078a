"""Opening and reading sources that may not answer, a camera or a network's disk say, without being held up. No Qt.

Nobody can end a thread that waits for the operating system. So each source has one of its own, which is left
behind where it does not come back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from queue import SimpleQueue
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
    own = _OwnThread()
    opening = own.ask(open_source)
    try:
        source = _answer(opening, check)
    except BaseException:
        own.ask(lambda: opening.result().close())
        own.end()
        raise
    if isinstance(source, LiveSource):
        own.end()
        return source
    return WatchedSource(source, own, check)


def any_left_behind() -> bool:
    """Whether a thread still waits for a source that was given up: the process cannot end in order."""
    return any(thread.name == _NAME for thread in threading.enumerate())


class WatchedSource:
    """A recorded source that is read on a thread of its own.

    Args:
        source: what to read.
        own: the thread that opened it.
        check: may end the waiting for a frame.
    """

    def __init__(self, source: Source, own: _OwnThread, check: Check) -> None:
        self._source, self._own, self._check = source, own, check

    def __len__(self) -> int:
        return len(self._source)

    def __getattr__(self, name: str):
        return getattr(self._source, name)

    def read(self, index: int) -> StereoFrame:
        """The frame, or what `check` raises."""
        self._check(False)
        return _answer(self._own.ask(partial(self._source.read, index)), self._check)

    def close(self) -> None:
        """Close the source once it is not read any more, without waiting long for that."""
        self._own.ask(self._source.close)
        self._own.end(CLOSE_S)


def no_picture(name: str) -> str:
    """What to say of a source that is waited for."""
    return f"{name} has given no picture for {SILENT_S:.0f} s: wait, or look whether its disk or network is there"


class _OwnThread:
    """Does what it is asked for, one thing after the other, until it is to end."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[Callable[[], bool]] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=_NAME, daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Have something done after all that was asked for before."""
        future: Future[Answer] = Future()
        self._asked.put(partial(_fulfil, future, work))
        return future

    def end(self, longest_s: float = 0.0) -> None:
        """End after all that was asked for, and wait so long for it."""
        self._asked.put(lambda: False)
        self._thread.join(longest_s)

    def _work(self) -> None:
        while self._asked.get()():
            pass


def _fulfil(future: Future[Answer], work: Callable[[], Answer]) -> bool:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
    return True


def _answer(future: Future[Answer], check: Check) -> Answer:
    began_s = monotonic()
    while not wait([future], LOOK_S).done:
        check(monotonic() - began_s > SILENT_S)
    return future.result()
