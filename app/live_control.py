"""The window on a camera: what can be done with one, how it does, and what it is called with its passwords left out."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject

from app.actions import TABLE
from app.calibration_control import CalibrationControl
from app.preview_state import PreviewState, SourceFacts
from app.record_control import RecordControl

if TYPE_CHECKING:
    from app.main_window import MainWindow

_WITHOUT_AN_END = ("player.toggle", "player.pause")
"""The moves in time that a camera, too, can make: it freezes and goes on."""
_NEEDS_AN_END = ("show_export", "document.ask_for_frame_file")
_NEEDS_A_CAMERA = ("live.calibration.start", "live.recording.toggle")


class LiveControl(QObject):
    """Fits the window to cameras.

    Args:
        window: has the strip, the actions and the preview.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.calibration, self.recording = CalibrationControl(window), RecordControl(window)
        window.live_strip.calibrate.clicked.connect(self.calibration.start)

    def show_source(self, facts: SourceFacts | None) -> None:
        """Offer what can be done with this source: a camera cannot be sought in or exported."""
        live = facts is not None and facts.live
        window = self._window
        window.live_strip.setVisible(live)
        window.timeline.setVisible(not live)
        moves = [row.slot for row in TABLE if row.menu == "&Playback" and row.slot not in _WITHOUT_AN_END]
        for slot in (*moves, *_NEEDS_AN_END):
            window.actions_table[slot].setEnabled(not live)
        for slot in _NEEDS_A_CAMERA:
            window.actions_table[slot].setEnabled(live)

    def show_state(self, state: PreviewState) -> None:
        """Show how the camera does."""
        if state.health is not None:
            self._window.live_strip.show_state(state)
        self.calibration.show_state(state)
        self.recording.show_state(state)

    def leave_page(self) -> bool:
        """Close the calibration's page; whether it was open."""
        was_open = self.calibration.page.isVisible()
        self.calibration.page.leave()
        return was_open

    def close(self) -> None:
        """Give up what is under way, and end its threads."""
        self.calibration.page.hide()
        self.calibration.close()
