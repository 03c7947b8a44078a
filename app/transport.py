"""Play, pause and step as buttons, with the time beside them."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app import wording
from app.icons import icon
from app.preview_state import Plate, SourceFacts


class Transport(QWidget):
    """Shows where we are and how fast we move."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="transport")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(10, 0, 0, 0)
        self._row.setSpacing(2)
        self._play: QToolButton | None = None
        self._time = QLabel()
        self._time.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self._time.setMinimumWidth(118)

    def add(self, actions: list[QAction], play: QAction) -> None:
        """Make buttons of these actions."""
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._row.addWidget(button)
        self._play_action = play
        self._row.addSpacing(8)
        self._row.addWidget(self._time)

    def show_time(self, plate: Plate, source: SourceFacts | None) -> None:
        """Frame number and time; a camera has no last frame."""
        if source:
            count = "" if source.live else f" of {len(source.times_s) - 1}"
            time = wording.time_code(plate.timestamp_s)
            self._time.setText(f"<b>{time}</b><br><small>frame {plate.index}{count}</small>")

    def show_nothing(self) -> None:
        """No source, no time."""
        self._time.clear()

    def show_speed(self, speed: float) -> None:
        """Pause while playing, play while paused."""
        self._play_action.setIcon(icon("play" if speed == 0 else "pause"))
