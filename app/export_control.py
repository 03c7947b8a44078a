"""Between the window and the export's thread: starts it, pauses the preview meanwhile, shows how far it is."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, pyqtSignal

from app.export_job import ExportJob, JobPhase, Work, frame_work, video_work
from app.export_panel import ExportPanel
from app.preview_state import PreviewState
from app.session import Session
from app.workshop import Workshop
from sterefo_core.export import ExportSettings

if TYPE_CHECKING:
    from app.main_window import MainWindow


class ExportControl(QObject):
    """One export at a time.

    Args:
        workshop: makes source and pipeline of the export.
        window: has the session, the preview and the panel.
    """

    _rung = pyqtSignal()

    def __init__(self, workshop: Workshop, window: MainWindow) -> None:
        super().__init__(window)
        self._workshop, self._window = workshop, window
        self._panel: ExportPanel = window.export_panel
        self._job: ExportJob | None = None
        self._rung.connect(self._take_state)
        self._panel.wanted.connect(self.export)
        self._panel.ranged.connect(self.set_range)
        self._panel.cancelled.connect(self.cancel)

    @property
    def running(self) -> bool:
        """Whether something is being written."""
        return self._job is not None

    def show_project(self, session: Session, state: PreviewState) -> None:
        """Show the range, and where the result would go."""
        count = len(state.source.times_s) if state.source else 0
        self._panel.show_project(session.project, count, lambda: _beside(session))

    def set_range(self, first: int, last: int) -> None:
        """Render these frames only; the whole source has no fixed end."""
        session, source = self._window.document.session, self._window.state.source
        whole = source is not None and last == len(source.times_s) - 1
        session.edit("Change range", replace(session.project, first_frame=first, last_frame=None if whole else last))

    def export(self, settings: ExportSettings) -> None:
        """Write the project's range."""
        project = self._window.document.session.project
        self._start(project, settings.target, video_work(project, settings))

    def export_frame(self, target: Path) -> None:
        """Write the frame that is shown."""
        frame = self._window.player.frame
        project = replace(self._window.document.session.project, first_frame=frame, last_frame=frame)
        self._window.show_export()
        self._start(project, target, frame_work(project, target))

    def cancel(self) -> None:
        """Stop; nothing stays behind."""
        if self._job:
            self._job.cancel()

    def close(self) -> None:
        """Cancel and wait for the end."""
        if self._job:
            self._job.close()
        self._job = None

    def forget(self) -> None:
        """Show nothing of an export that is over."""
        if self._job is None:
            self._panel.show_job(None)

    def _start(self, project, target: Path, work: Work) -> None:
        if self._job:
            return
        self._window.preview.set(suspended=True)
        device = self._window.preview.wish.look.device
        self._job = ExportJob(self._workshop, project, target, device=device, work=work, ring=self._rung.emit)

    def _take_state(self) -> None:
        state = self._job.states.take() if self._job else None
        if state is None:
            return
        if state.phase is not JobPhase.RUNNING:
            self.close()
            self._window.preview.set(suspended=False)
        self._panel.show_job(state)
        self._window.show_hint()


def _beside(session: Session) -> Path:
    """A file of the project's name, beside the project or in the present folder."""
    folder = session.path.parent if session.path else Path.cwd()
    return folder / f"{session.name}-refocused.mp4"
