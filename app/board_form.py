"""Which board is held before the cameras: its kind and size, as a file to print, and shown on a screen."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QSettings, QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QGuiApplication, QScreen
from PyQt6.QtWidgets import QComboBox, QDoubleSpinBox, QFileDialog, QFormLayout, QLabel, QPushButton, QSpinBox, QWidget

from app.calibration_view import BoardScreen
from sterefo_core.calibration.board import Board, BoardKind
from sterefo_core.calibration.board_print import PAPERS_MM, on_screen, print_board
from sterefo_core.errors import SterefoError

KINDS = (("ChArUco (a part is enough)", BoardKind.CHARUCO), ("Chessboard", BoardKind.CHESSBOARD))
WIDTH = 250


class BoardForm(QWidget):
    """Says a board. `changed` tells that it is another one."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH)
        self.kind = QComboBox()
        for name, value in KINDS:
            self.kind.addItem(name, value)
        usual = Board()
        self.columns, self.rows = (_count(count) for count in (usual.columns, usual.rows))
        self.square, self.marker = (_millimetres(side_m) for side_m in (usual.square_m, usual.marker_m))
        self.paper = QComboBox()
        self.paper.addItems([name.upper() for name in PAPERS_MM])
        self.screen_width = _millimetres(0.0)
        self.screen_width.setMaximum(5000)
        self.screen_width.setValue(_screen(self).physicalSize().width())
        self.print, self.show_board = QPushButton("Save to print…"), QPushButton("Show on the screen")
        self.message = QLabel(wordWrap=True, objectName="quiet")
        self.print.clicked.connect(self._ask_for_file)
        self.show_board.clicked.connect(self._show_on_screen)
        self.kind.activated.connect(self._edited)
        for box in (self.columns, self.rows, self.square, self.marker):
            box.setKeyboardTracking(False)
            box.valueChanged.connect(self._edited)
        self._lay_out()

    @property
    def board(self) -> Board:
        """What is held. Raises CalibrationError where no such board can be made."""
        square_m, marker_m = self.square.value() / 1000, self.marker.value() / 1000
        return Board(self.kind.currentData(), self.columns.value(), self.rows.value(), square_m, marker_m)

    def recall(self, settings: QSettings) -> None:
        """Show the board that was used last."""
        for name, box in self._boxes.items():
            with QSignalBlocker(box):
                box.setValue(settings.value(f"board/{name}", box.value(), type=float if box in self._sides else int))
        kind = settings.value("board/kind", 0, type=int)
        self.kind.setCurrentIndex(min(max(kind, 0), self.kind.count() - 1))

    def remember(self, settings: QSettings) -> None:
        """Keep it for the next time."""
        for name, box in self._boxes.items():
            settings.setValue(f"board/{name}", box.value())
        settings.setValue("board/kind", self.kind.currentIndex())

    @property
    def _sides(self) -> tuple[QDoubleSpinBox, ...]:
        return self.square, self.marker

    @property
    def _boxes(self) -> dict[str, QSpinBox | QDoubleSpinBox]:
        return {"columns": self.columns, "rows": self.rows, "square": self.square, "marker": self.marker}

    def _edited(self) -> None:
        self.marker.setEnabled(self.kind.currentData() is BoardKind.CHARUCO)
        try:
            self.message.setText(f"{self.board.corner_count} corners")
        except SterefoError as error:
            self.message.setText(str(error))
            return
        self.changed.emit()

    def _ask_for_file(self) -> None:
        dialog = QFileDialog(self, "Save the board", "board.pdf", "PDF page (*.pdf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("pdf")
        dialog.fileSelected.connect(lambda path: self._print(Path(path)))
        dialog.open()

    def _print(self, path: Path) -> None:
        try:
            print_board(self.board, path, self.paper.currentText().lower())
        except SterefoError as error:
            self.message.setText(str(error))
        else:
            self.message.setText(f"{path.name}: print it at 100 %, then measure a square and enter its width above")

    def _show_on_screen(self) -> None:
        """The squares are then as wide as that screen makes them, which becomes the size above."""
        screen = _screen(self)
        ratio = screen.devicePixelRatio()
        size = round(screen.size().width() * ratio), round(screen.size().height() * ratio)
        try:
            picture, shown = on_screen(self.board, size, size[0] / max(self.screen_width.value(), 1))
        except SterefoError as error:
            self.message.setText(str(error))
            return
        for box, side_m in ((self.square, shown.square_m), (self.marker, shown.marker_m)):
            with QSignalBlocker(box):
                box.setValue(side_m * 1000)
        self.board_screen = BoardScreen(picture, ratio)
        self.board_screen.setGeometry(screen.geometry())
        self.board_screen.showFullScreen()
        self._edited()

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(7)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(QLabel("BOARD", objectName="heading"))
        form.addRow(self.kind)
        for name, field in (
            ("Squares across", self.columns),
            ("Squares down", self.rows),
            ("Square", self.square),
            ("Marker", self.marker),
            ("Paper", self.paper),
            ("Screen is wide", self.screen_width),
        ):
            form.addRow(name, field)
            field.setAccessibleName(name)
        for widget in (self.print, self.show_board, self.message):
            form.addRow(widget)


def _count(value: int) -> QSpinBox:
    box = QSpinBox(minimum=3, maximum=40, value=value)
    box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    return box


def _millimetres(side_m: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox(decimals=2, minimum=0.5, maximum=1000, suffix=" mm")
    box.setValue(side_m * 1000)
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    return box


def _screen(widget: QWidget) -> QScreen:
    """Another screen than the window's, where there is one: the window goes on showing what the cameras see."""
    here = widget.screen()
    assert here
    return next((screen for screen in QGuiApplication.screens() if screen is not here), here)
