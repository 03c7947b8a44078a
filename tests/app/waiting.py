"""Waiting for a condition without sleeping through it."""

from threading import Event
from time import monotonic

from app.mailbox import Mailbox


class Listener:
    """Rings, and waits until a taken state satisfies a condition."""

    def __init__(self):
        self._rung = Event()

    def ring(self):
        self._rung.set()

    def until(self, mailbox: Mailbox, holds, timeout_s=60.0):
        """The first state taken for which `holds` is true; all states taken on the way too."""
        seen, end = [], monotonic() + timeout_s
        while monotonic() < end:
            self._rung.wait(max(end - monotonic(), 0))
            self._rung.clear()
            state = mailbox.take()
            if state is not None:
                seen.append(state)
                if holds(state):
                    return seen
        raise AssertionError(f"nothing of {len(seen)} states was as awaited; the last: {seen[-1:]}")
