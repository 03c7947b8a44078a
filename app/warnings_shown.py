"""What the library warns of, such as a GPU whose memory is full, said in the window from whatever thread it comes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal


class _Bell(QObject):
    rung = pyqtSignal(str)


class WarningsShown(logging.Handler):
    """Hands the text of warnings on to a widget's method, on the thread of the window.

    Args:
        say: the method.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._bell = _Bell()
        self._bell.rung.connect(say)

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging`, on the thread that warns."""
        self._bell.rung.emit(record.getMessage())
