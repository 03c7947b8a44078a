"""A row of the inspector: name, number and slider of one setting."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QSlider, QStyle, QWidget

from app.settings_table import Number


class NumberRow(QWidget):
    """Name, number and slider of one setting. `changed` says (number, value, gesture); one drag is one gesture."""

    changed = pyqtSignal(object, float, object)
    reset = pyqtSignal(object)

    def __init__(self, number: Number) -> None:
        super().__init__()
        self.number = number
        self._gesture: object = None
        self.note = QLabel(objectName="note")
        self.spin = QDoubleSpinBox(decimals=number.decimals, minimum=number.low, maximum=number.high)
        self.spin.setSuffix(number.unit)
        self.spin.setSpecialValueText(number.lowest)
        self.spin.setKeyboardTracking(False)
        self.spin.setAccessibleName(number.name)
        self.spin.setSingleStep(10**-number.decimals if number.decimals else 1)
        self.spin.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.slider = Slider()
        self.slider.setRange(0, number.steps)
        self.slider.setAccessibleName(number.name)
        self.setToolTip(f"{number.tip}\nDouble-click the slider to reset.")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setVerticalSpacing(4)
        grid.addWidget(QLabel(number.name), 0, 0)
        grid.addWidget(self.note, 0, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.spin, 0, 2)
        grid.addWidget(self.slider, 1, 0, 1, 3)
        grid.setColumnStretch(1, 1)
        self.slider.sliderPressed.connect(self._begin_gesture)
        self.slider.sliderReleased.connect(self._end_gesture)
        self.slider.valueChanged.connect(lambda step: self.changed.emit(number, number.value_at(step), self._gesture))
        self.slider.double_clicked.connect(lambda: self.reset.emit(number))
        self.spin.valueChanged.connect(lambda value: self.changed.emit(number, value, None))

    def show_value(self, value: float) -> None:
        """Show a value without reporting it as a change."""
        with QSignalBlocker(self.spin), QSignalBlocker(self.slider):
            self.spin.setValue(value)
            self.slider.setValue(self.number.step_of(value))

    def _begin_gesture(self) -> None:
        self._gesture = object()

    def _end_gesture(self) -> None:
        self._gesture = None


class Slider(QSlider):
    """A slider that jumps to where it is pressed and can be reset by a double click."""

    double_clicked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold at the pressed place."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Follow the pointer."""
        if self.isSliderDown():
            self._follow(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Ask for a reset."""
        self.double_clicked.emit()

    def _follow(self, event: QMouseEvent) -> None:
        handle = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
        place = round(event.position().x() - handle / 2)
        self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), place, self.width() - handle))
