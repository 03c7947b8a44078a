"""Which keys belong to the field that has the focus rather than to the window's actions."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QSlider, QWidget

_MOVES = {
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
}


def keeps_key(widget: QWidget | None, event: QKeyEvent) -> bool:
    """Whether `widget` wants this key for itself: everything while typing, arrows on sliders and lists."""
    with_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    if isinstance(widget, QLineEdit | QAbstractSpinBox):
        return not with_control or event.key() in (Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_A, Qt.Key.Key_C, Qt.Key.Key_V)
    if isinstance(widget, QSlider | QComboBox):
        return not with_control and event.key() in _MOVES
    return False
