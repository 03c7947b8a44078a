"""The window: puts viewport, timeline, inspector and panels together, and shows what the preview reports."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from dataclasses import replace
from functools import partial

from PyQt6.QtCore import QSettings, pyqtSignal
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import QMainWindow

from app import remembered, window_parts
from app.actions import Actions
from app.document import Document
from app.dropping import DropFilter
from app.export_control import ExportControl
from app.focusing import Focusing
from app.hints import hint
from app.keyboard import KeyFilter
from app.live_control import LiveControl
from app.player import Player
from app.preview import Preview
from app.preview_state import Phase, PreviewState
from app.preview_worker import PreviewWorker
from app.session import Session
from app.status import PaintClock
from app.views import Views
from app.workshop import Workshop
from sterefo_core.sources.camera_address import is_camera


class MainWindow(QMainWindow):
    """The application's window.

    Args:
        settings: where geometry and recents are kept.
        workshop: makes sources and engines.
    """

    _rung = pyqtSignal()

    def __init__(self, settings: QSettings, workshop: Workshop | None = None) -> None:
        super().__init__()
        workshop = workshop or Workshop()
        self.settings = settings
        self.state = PreviewState()
        self._clock = PaintClock()
        self._opened: object = None
        self._told: str | None = None
        self._rung.connect(self._take_state)
        self.preview = Preview(self._rung.emit, partial(PreviewWorker, workshop=workshop))
        self.player = Player(self.preview, lambda: self.state, lambda: self.document.session)
        remembered.recall_look(settings, self.preview)
        window_parts.build(self, workshop)
        self.document = Document(
            self,
            settings,
            begin=self._begin,
            fail=self.fail,
            show_open_panel=self.show_open_panel,
            export_frame=lambda path: self.exports.export_frame(path),  # noqa: PLW0108 (made below)
        )
        self.exports = ExportControl(workshop, self)
        self.live = LiveControl(self)
        self.views = Views(self.viewport, self.preview)
        self.focusing = Focusing(
            self.preview,
            self.player,
            lambda: self.document.session,
            lambda: self.viewport.plate,
            self.status.say,
            chosen=lambda: self.state.chosen,
        )
        self.actions_table = Actions(self)
        window_parts.finish(self)
        DropFilter(self, self.document.open)
        remembered.recall_place(settings, self)
        self._keys = KeyFilter(self, self.viewport.peek)
        self.inspector.show_session(self.document.session)
        self._show_document()

    # the document

    def _begin(self, session: Session) -> None:
        """Make a session the window's own: open its source."""
        session.watch(self._session_changed)
        self._opened = None
        self._tell(None)
        self.live.close()
        self.open_panel.hide()
        self.camera_panel.hide()
        self.inspector.show_session(session)
        self.exports.forget()
        playing = session.path is None or is_camera(session.project.source)
        self.preview.open(session.project, session.project.first_frame, speed=1.0 if playing else 0.0)
        self._show_document()

    def _session_changed(self) -> None:
        self.preview.edit(self.document.session.project)
        self._show_document()

    def _show_document(self) -> None:
        session = self.document.session
        self.setWindowTitle(f"{session.name}[*] – SteReFo")
        self.setWindowModified(session.dirty)
        self.timeline.show_project(session.project)
        self.inspector.refresh()
        self.exports.show_project(session, self.state)
        window_parts.name_steps(self.actions_table, session)
        self.show_hint()

    # the preview

    def _take_state(self) -> None:
        state = self.preview.states.take()
        if state is None or not self.preview.accepts(state):
            return
        was_playing = self.state.speed != 0
        self.state = state
        if state.speed and not was_playing:
            self._clock.restart()
        if state.source is not None and state.source is not self._opened:
            self._show_source()
        self.viewport.show_plate(state.plate)
        self.focusing.answer(state.picked)
        if state.plate:
            self.timeline.show_progress(state.plate.index, state.seen, state.chosen)
            self.transport.show_time(state.plate, state.source)
            if state.plate.done:
                self.player.arrived(state.plate.index)
        self.transport.show_speed(state.speed)
        self.seek_card.show_progress(state.progress)
        self._tell(state.failure or (state.health.message if state.health else None) or None)
        self.live.show_state(state)
        if state.phase is Phase.FAILED:
            self._show_nothing()
        self.show_hint()
        self._show_status()

    def _show_source(self) -> None:
        source = self.state.source
        assert source
        self._opened = source
        self.timeline.show_source(source.times_s)
        self.live.show_source(source)
        self.inspector.show_source(source)
        self.exports.show_project(self.document.session, self.state)
        self.document.remember()
        what, count = (source.name, "") if source.live else (source.kind, f", {len(source.times_s)} frames")
        self.status.say(f"{what}, {source.size[0]}×{source.size[1]}{count}")

    def _show_nothing(self) -> None:
        """What was to be opened cannot be: forget the last source and offer others."""
        self.timeline.show_source(())
        self.live.show_source(None)
        self.transport.show_nothing()
        self.exports.show_project(self.document.session, self.state)
        self.status.say("")
        self.show_open_panel()

    @property
    def delay_ms(self) -> float:
        """From the capture of the picture on the screen to its paint."""
        return self._clock.delay_ms

    def painted(self) -> None:
        """A new plate reached the screen."""
        if self.viewport.plate:
            self._clock.painted(self.viewport.plate)
            self._show_status()

    def _show_status(self) -> None:
        self.status.show_state(self.state, self._clock, self.preview.states.overwritten)

    def show_hint(self) -> None:
        """Say over the picture what could be done next."""
        self.viewport.hint = hint(self.document.session, self.state, self.exports.running)
        self.viewport.update()

    def _tell(self, message: str | None) -> None:
        """Show what the preview says once: a message that was closed, or of the window itself, is left alone."""
        if message != self._told:
            self._told = message
            self.banner.show_failure(message)

    def fail(self, message: str) -> None:
        """Show what went wrong."""
        self.banner.show_failure(message)

    # views and panels

    def show_open_panel(self) -> None:
        """Show the ways to open something."""
        self.open_panel.offer(self.document.recents)

    def show_keys(self) -> None:
        """Show or hide the list of keys."""
        self.keys_panel.setVisible(False) if self.keys_panel.isVisible() else self.keys_panel.appear()

    def show_export(self) -> None:
        """Show the export panel."""
        self.sidebar.show_page("Export")

    def set_full_screen(self, on: bool) -> None:
        """Fill the screen."""
        self.showFullScreen() if on else self.showNormal()

    def escape(self) -> None:
        """Close what is open, cancel what is under way, or let go of the focus."""
        for card in (self.keys_panel, self.open_panel, self.camera_panel):
            if card.isVisible():
                card.hide()
                return
        if self.live.leave_page() or self.viewport.cancel_gesture():
            return
        if self.state.phase is Phase.SEEKING:
            self.cancel_seek()
        else:
            self.focusing.let_go()

    def cancel_seek(self) -> None:
        """Stay at the last frame that is known."""
        self.player.back_to_known()

    # events

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ask about unsaved edits, then end all threads."""
        if self.document.session.dirty:
            event.ignore()
            self.document.unless_edits_are_kept(self._discard_and_close)
            return
        remembered.remember(self.settings, self, self.preview)
        self.hide()
        self.end_work()
        event.accept()

    def end_work(self) -> None:
        """End all threads; what is under way leaves nothing half-written. May be called twice."""
        self.exports.close()
        self.live.close()
        self.preview.close()
        self._keys.stop()

    def _discard_and_close(self) -> None:
        session = self.document.session
        self.document.session = Session(replace(session.project), session.path)
        self.close()
