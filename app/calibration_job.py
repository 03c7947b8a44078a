"""Calibrating on a thread of its own: looks at the newest pair, and solves when it is told to. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Condition, Thread

from app.mailbox import Mailbox
from sterefo_core.calibration.board import Board
from sterefo_core.calibration.session import CalibrationSession, Guidance
from sterefo_core.calibration.solve import Solution
from sterefo_core.errors import SterefoError
from sterefo_core.types import StereoFrame

CLOSE_S = 0.5


@dataclass(frozen=True, eq=False)
class CalibrationState:
    """How far it is.

    Attributes:
        frame: the pair that was looked at last; None before the first.
        guidance: what came of it.
        solving: whether the calibration is being computed.
        solution: what came of that.
        failure: one line for a person, or None.
    """

    frame: StereoFrame | None = None
    guidance: Guidance | None = None
    solving: bool = False
    solution: Solution | None = None
    failure: str | None = None


class CalibrationJob:
    """One session with one board.

    Args:
        board: what is held before the cameras.
        size: width and height of their pictures.
        ring: called, on the job's thread, when `states` has something to take.
    """

    def __init__(self, board: Board, size: tuple[int, int], ring: Callable[[], None]) -> None:
        self.states: Mailbox[CalibrationState] = Mailbox(ring)
        self._session = CalibrationSession(board, size)
        self._state = CalibrationState()
        self._changed = Condition()
        self._newest: StereoFrame | None = None
        self._solve = self._closing = False
        self._thread = Thread(target=self._run, name="calibration", daemon=True)
        self._thread.start()

    def offer(self, frame: StereoFrame) -> None:
        """Look at this pair next, in place of any that still waits."""
        with self._changed:
            self._newest = frame
            self._changed.notify_all()

    def solve(self) -> None:
        """Compute the calibration from the views so far; it takes seconds."""
        with self._changed:
            self._solve = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread; one that is solving is not waited for, it ends by itself. May be called twice."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._solve or self._newest is not None)
                if self._closing:
                    return
                frame, solves = self._newest, self._solve
                self._newest, self._solve = None, False
            try:
                self._solve_now() if solves else self._look(frame)
            except SterefoError as error:
                self._tell(solving=False, failure=str(error))

    def _look(self, frame: StereoFrame | None) -> None:
        assert frame
        guidance = self._session.offer(frame.left, frame.right, frame.timestamp_s)
        self._tell(frame=frame, guidance=guidance)

    def _solve_now(self) -> None:
        self._tell(solving=True, failure=None)
        self._tell(solving=False, solution=self._session.solve())

    def _tell(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
        self.states.put(self._state)
