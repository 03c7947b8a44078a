"""Handing work to another thread, piece by piece and in order, while the next piece is being made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec

Piece = ParamSpec("Piece")

ROOM = 2
"""Pieces that may wait; then whoever makes them waits, too: none is ever dropped."""


@contextmanager
def on_another_thread(work: Callable[Piece, object]) -> Iterator[Callable[Piece, None]]:
    """A function that has `work` done on a thread of its own, and returns at once unless too much is waiting.

    The block ends when all is done; where it raises, what still waits is left undone. What `work` raises is raised by
    one of the next calls or at the end of the block.
    """
    waiting: deque[Future[object]] = deque()

    def settle(room: int) -> None:
        while len(waiting) > room:
            waiting.popleft().result()

    def hand_over(*args: Piece.args, **kwargs: Piece.kwargs) -> None:
        settle(ROOM)
        waiting.append(thread.submit(work, *args, **kwargs))

    with ThreadPoolExecutor(1, thread_name_prefix="encoder") as thread:
        try:
            yield hand_over
            settle(0)
        finally:
            for piece in waiting:
                piece.cancel()
