"""Handing things from one thread to another without a queue: one slot, the newest wins."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Letter = TypeVar("Letter")


class Mailbox(Generic[Letter]):
    """One slot between two threads. It rings only when it was empty, so a slow reader is never flooded.

    Args:
        ring: called, on the thread that puts, when something is there to be taken.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._lock = Lock()
        self._letter: Letter | None = None
        self.overwritten = 0
        """How many letters were replaced by a newer one before anybody took them."""

    def put(self, letter: Letter) -> None:
        """Leave a letter, in place of the one that lies there."""
        with self._lock:
            was_empty = self._letter is None
            self.overwritten += not was_empty
            self._letter = letter
        if was_empty:
            self._ring()

    def take(self) -> Letter | None:
        """The newest letter, or None where it was taken already."""
        with self._lock:
            letter, self._letter = self._letter, None
        return letter
