"""The calibration wizard: the board, what both cameras see of it, what to do next, and what came of it."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, pyqtSignal
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.board_form import BoardForm
from app.calibration_job import CalibrationState
from app.calibration_view import PairView
from app.cards import title_line
from sterefo_core.calibration.report import solution_rows
from sterefo_core.calibration.solve import FEWEST_VIEWS, Solution


class CalibrationPage(QFrame):
    """Lies over the whole of its parent. Signals say what the person wants; the caller does it."""

    solve_wanted = pyqtSignal()
    again_wanted = pyqtSignal()
    use_wanted = pyqtSignal(object)
    left = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, objectName="page")
        self.setAutoFillBackground(True)
        parent.installEventFilter(self)
        self._solution: Solution | None = None
        self._told = ""
        self.form, self.pair = BoardForm(), PairView()
        self.guidance = QLabel(wordWrap=True, objectName="title")
        self.guidance.setMinimumHeight(56)
        self.progress, self.count = QProgressBar(), QLabel(objectName="quiet")
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 100)
        self.report = QLabel(wordWrap=True)
        self.report.setFixedWidth(self.form.width())
        self.solve, self.use = QPushButton("Calibrate"), QPushButton("Save and use", objectName="primary")
        self.again = QPushButton("Start again")
        self.solve.clicked.connect(self.solve_wanted)
        self.again.clicked.connect(self.again_wanted)
        self.use.clicked.connect(lambda: self.use_wanted.emit(self._solution))
        self._lay_out()
        self.hide()

    def begin(self) -> None:
        """Show it with nothing seen yet."""
        self.pair.forget()
        self.show_state(CalibrationState())
        self.setGeometry(self.parentWidget().rect())
        self.show()
        self.raise_()

    def leave(self) -> None:
        """Close it, if it is open."""
        if self.isVisible():
            self.hide()
            self.left.emit()

    def show_state(self, state: CalibrationState) -> None:
        """Show how far it is."""
        self.pair.show_state(state)
        seen = state.guidance
        self.guidance.setText("Calibrating, this takes some seconds…" if state.solving else seen.text if seen else "")
        self.progress.setValue(round(100 * seen.progress) if seen else 0)
        views = seen.views if seen else 0
        self.count.setText(f"{views} view{'s' * (views != 1)} taken  ·  they are taken by themselves")
        self.solve.setEnabled(views >= FEWEST_VIEWS and not state.solving)
        if state.solution is not self._solution:
            self._solution, self._told = state.solution, report(state.solution) if state.solution else ""
        self.use.setVisible(state.solution is not None)
        self.form.setVisible(state.solution is None)  # the report takes its place
        self.report.setText(state.failure or self._told)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Follow the parent's size."""
        if event is not None and event.type() == QEvent.Type.Resize and watched is self.parent():
            self.setGeometry(self.parentWidget().rect())
        return False

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 20, 16)
        column.addLayout(title_line("Calibrate this camera", self.leave))
        body, left, right = QHBoxLayout(), QVBoxLayout(), QVBoxLayout()
        body.setSpacing(20)
        for widget in (self.guidance, self.pair, self.progress, self.count):
            left.addWidget(widget, 1 if widget is self.pair else 0)
        right.addWidget(self.form)
        right.addStretch(1)
        for widget in (self.report, self.solve, self.use, self.again):
            right.addWidget(widget)
        body.addLayout(left, 1)
        body.addLayout(right)
        column.addLayout(body, 1)


def report(solution: Solution) -> str:
    """What came of a calibration, as rich text; the verdict first."""
    *rows, verdict = solution_rows(solution)
    return "<br>".join(f"<b>{name.capitalize()}</b> {value}" for name, value in (verdict, *rows))
