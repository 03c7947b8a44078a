"""What stands in the place of the timeline while a camera runs: how it does, its calibration, and recording."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app.preview_state import PreviewState
from sterefo_core.live import CameraHealth, CameraState

LIVE, FROZEN, SILENT = "LIVE", "FROZEN  ·  Space goes on", "NO PICTURES"


class LiveStrip(QWidget):
    """Shows a running camera."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 14, 0)
        row.setSpacing(14)
        self.running, self.figures = QLabel(), QLabel(objectName="quiet")
        self.running.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setToolTip("Pairs the camera sends per second, and the time between its two pictures")
        self.calibration = QLabel(objectName="quiet")
        self.calibrate = QPushButton("Calibrate…", objectName="small")
        self.recorded = QLabel()
        self.record = QPushButton("Record", objectName="record")
        for button in (self.calibrate, self.record):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for widget in (self.running, self.figures):
            row.addWidget(widget)
        self.calibration.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.calibration.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self.calibration, 1)  # a long text is cut rather than making the window wider
        for widget in (self.calibrate, self.recorded, self.record):
            row.addWidget(widget)

    def show_state(self, state: PreviewState) -> None:
        """Show how the camera does."""
        assert state.health
        self.words = _words(state)
        dot = '<span style="color:#e5534b">●</span>' if self.words == LIVE else "○"
        self.running.setText(f"{dot}&nbsp; <b>{self.words}</b>")
        self.figures.setText(_figures(state.health))
        self.calibration.setText(state.rectified or "Not calibrated: no metres")
        self.calibration.setToolTip(self.calibration.text())


def _words(state: PreviewState) -> str:
    if state.health and state.health.state is not CameraState.LIVE:
        return SILENT
    return LIVE if state.speed else FROZEN


def _figures(health: CameraHealth) -> str:
    found = [f"{health.frames_per_s:.1f} pairs/s"]
    if health.skew_ms:
        found.append(f"{health.skew_ms:.1f} ms skew")
    if health.reconnects:
        found.append(f"reconnected {health.reconnects}×")
    return "  ·  ".join(found)
