"""Keys before they become actions: those that belong to the field being typed in, and the one that is held."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QSlider, QWidget

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


class KeyFilter(QObject):
    """Keeps keys for the fields of a window that want them, and tells while B is held.

    Args:
        window: whose keys they are.
        peek: called with True when B goes down and with False when it comes up.
    """

    def __init__(self, window: QWidget, peek: Callable[[bool], None]) -> None:
        super().__init__(window)
        self._window, self._peek = window, peek
        QApplication.instance().installEventFilter(self)

    def stop(self) -> None:
        """Filter no more."""
        QApplication.instance().removeEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """See every event before its receiver does."""
        if event is not None and event.type() == QEvent.Type.WindowDeactivate:
            self._peek(False)  # a key that comes up in another window is never seen here
        if isinstance(event, QKeyEvent) and self._window.isActiveWindow():
            kept = keeps_key(QApplication.focusWidget(), event)
            if event.type() == QEvent.Type.ShortcutOverride and kept:
                event.accept()
                return True
            if event.key() == Qt.Key.Key_B and not event.isAutoRepeat() and not event.modifiers():
                self._peek(event.type() != QEvent.Type.KeyRelease and not kept)
        return False
