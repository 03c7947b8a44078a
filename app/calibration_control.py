"""Between the window and the calibration's thread: opens the camera raw, feeds its pairs, keeps the result."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, pyqtSignal

from app.calibration_job import CalibrationJob
from app.calibration_page import CalibrationPage
from app.preview_state import PreviewState, SourceFacts
from sterefo_core.calibration.solve import Solution
from sterefo_core.calibration.store import keep
from sterefo_core.errors import SterefoError
from sterefo_core.types import StereoFrame

if TYPE_CHECKING:
    from app.main_window import MainWindow


class CalibrationControl(QObject):
    """One calibration at a time, of the camera that the window shows.

    Args:
        window: has the session, the preview and the page's place.
    """

    _rung = pyqtSignal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._job: CalibrationJob | None = None
        self._facts: SourceFacts | None = None
        self._offered: StereoFrame | None = None
        self.page = CalibrationPage(window.viewport)
        self.page.form.recall(window.settings)
        self.page.form.changed.connect(self._begin)
        self.page.again_wanted.connect(self._begin)
        self.page.solve_wanted.connect(self._solve)
        self.page.use_wanted.connect(self._use)
        self.page.left.connect(self._leave)
        self._rung.connect(self._take_state)

    def start(self) -> None:
        """Open the camera without any rectification, and the page."""
        project = self._window.document.session.project
        self._facts = None
        self.page.begin()
        self._window.preview.open(replace(project, source=raw_address(project.source), decisions=()), speed=1.0)

    def show_state(self, state: PreviewState) -> None:
        """Look at the newest pair, while the page is open."""
        if not self.page.isVisible() or state.source is None or not state.source.live or state.plate is None:
            return
        if self._facts is None:
            self._facts = state.source
            self._begin()
        done = state.plate.done
        if self._job and done and done.frame is not self._offered:
            self._offered = done.frame
            self._job.offer(done.frame)

    def close(self) -> None:
        """End the thread."""
        if self._job:
            self._job.close()
        self._job = None

    def _begin(self) -> None:
        """Start with no views, on the board that the form says."""
        self.close()
        if self._facts is None:
            return
        self.page.begin()
        self._job = CalibrationJob(self.page.form.board, self._facts.size, self._rung.emit)

    def _solve(self) -> None:
        if self._job:
            self._job.solve()

    def _take_state(self) -> None:
        state = self._job.states.take() if self._job else None
        if state is not None:
            self.page.show_state(state)

    def _use(self, solution: Solution) -> None:
        assert self._facts
        try:
            path = keep(solution.rig, self._facts.identity)
        except SterefoError as error:
            self._window.fail(str(error))
            return
        self._window.status.say(f"The calibration is kept in {path}")
        self.page.leave()

    def _leave(self) -> None:
        """Open the camera as it was, rectified by what is known of it now."""
        self.close()
        self.page.form.remember(self._window.settings)
        self._window.preview.open(self._window.document.session.project, speed=1.0)


def raw_address(address: str) -> str:
    """The address of the same camera, its pictures handed over as they come."""
    devices, _, options = address.partition("#")
    others = [option for option in options.split("&") if option and not option.startswith(("raw", "calibration="))]
    return f"{devices}#{'&'.join([*others, 'raw'])}"
