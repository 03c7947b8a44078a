"""The thread of one device: it grabs all the time, so that nothing grows old in a buffer, and reconnects by itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from threading import Event, Thread
from time import monotonic

from sterefo_core.sources.camera_reader import CameraError, Grab, Reader

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
"""Between two attempts to connect: doubled each time."""
CLOSE_S = 0.8
"""Closing waits no longer for a driver or a network that does not answer; the thread then ends when they do."""


class Capture:
    """Grabs from one device until it is closed.

    Args:
        name: the thread's.
        connect: opens the device; raises CameraError.
        deliver: called with every picture, on this thread; it must be quick.

    Attributes:
        fault: what is wrong, while there is no connection that gives pictures; None while there is.
        latest_s: when the latest picture came, on the clock `time.monotonic`; 0 before the first.
        refused: what the device was asked for and does not do; "" where it does all.
        connections: how often a connection gave its first picture.
    """

    def __init__(self, name: str, connect: Callable[[], Reader], deliver: Callable[[Grab], None]) -> None:
        self._connect, self._deliver = connect, deliver
        self._closing = Event()
        self._reader: Reader | None = None
        self.fault: CameraError | None = None
        self.latest_s = 0.0
        self.refused = ""
        self.connections = 0
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def begin_closing(self) -> None:
        """Wake the thread up and let it end. Two devices are closed in the time of one."""
        self._closing.set()
        if reader := self._reader:
            reader.interrupt()

    def close(self) -> None:
        """End the thread; returns within CLOSE_S. May be called twice."""
        self.begin_closing()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._closing.is_set():
            before = self.connections
            try:
                with closing(self._connect()) as reader:
                    self._reader, self.refused = reader, reader.refused
                    self._grab_from(reader)
            except CameraError as fault:
                self.fault = fault
            except Exception as error:  # a camera is never lost for good, whatever its driver comes up with
                self.fault = CameraError(f"its driver failed: {type(error).__name__}")
            finally:
                self._reader = None
            wait_s = FIRST_WAIT_S if self.connections > before else min(2 * wait_s, LONGEST_WAIT_S)
            self._closing.wait(wait_s)

    def _grab_from(self, reader: Reader) -> None:
        connected = False
        while not self._closing.is_set():
            grab = reader.grab()
            self.connections += not connected
            connected = True
            self.fault, self.latest_s = None, monotonic()
            self._deliver(grab)
