"""Panels that lie over the viewport: ways to open something, the list of keys, progress of a seek, what went wrong."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QEvent, QObject, QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QHideEvent, QKeySequence
from PyQt6.QtWidgets import (
    QApplication,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.actions import HAND, TABLE, plain
from app.icons import icon

MARGIN = 16
MOST_SHOWN_RECENTS = 5


class Card(QFrame):
    """A panel that keeps its place over its parent: in the middle, or at the top or bottom edge."""

    def __init__(self, parent: QWidget, edge: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignVCenter) -> None:
        super().__init__(parent, objectName="card")
        self._edge = edge
        self.setAutoFillBackground(True)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        parent.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Follow the parent's size."""
        if event is not None and event.type() == QEvent.Type.Resize and watched is self.parent():
            self.place()
        return False

    def appear(self) -> None:
        """Show it where it belongs."""
        self.place()
        self.show()
        self.raise_()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Give the keys back to the picture, rather than to whatever field comes next."""
        if self.isAncestorOf(QApplication.focusWidget()):
            self.parentWidget().setFocus()

    def place(self) -> None:
        """Take the size that the content needs, and the place."""
        parent, layout = self.parentWidget(), self.layout()
        assert parent and layout
        size = self.sizeHint().boundedTo(parent.size())
        if layout.hasHeightForWidth():
            size.setHeight(min(layout.totalHeightForWidth(size.width()), parent.height()))
        self.resize(size)
        x, y = (parent.width() - self.width()) // 2, (parent.height() - self.height()) // 2
        if self._edge == Qt.AlignmentFlag.AlignTop:
            y = MARGIN
        elif self._edge == Qt.AlignmentFlag.AlignBottom:
            y = parent.height() - self.height() - MARGIN
        self.move(QPoint(x, y))


class OpenPanel(Card):
    """The ways to open something, and what was open last. `chosen` says an address."""

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget, ways: list[tuple[str, str, Callable[[], None]]]) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(10)
        column.addLayout(title_line("Open a stereo video", self.hide))
        column.addWidget(QLabel("Choose one, or drop a folder, a video or a project here.", objectName="quiet"))
        grid = QGridLayout()
        grid.setSpacing(10)
        for place, (name, drawing, way) in enumerate(ways):
            button = QPushButton(icon(drawing), f"  {name}", objectName="way")
            button.setMinimumWidth(200)
            button.clicked.connect(self.hide)
            button.clicked.connect(lambda _, way=way: way())
            grid.addWidget(button, place // 2, place % 2)
        column.addLayout(grid)
        self._recents = QVBoxLayout()
        self._recents.setSpacing(0)
        column.addLayout(self._recents)

    def offer(self, recents: list[str]) -> None:
        """Show it with these recent addresses."""
        while item := self._recents.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        if recents:
            self._recents.addWidget(QLabel("RECENT", objectName="heading"))
        for address in recents[:MOST_SHOWN_RECENTS]:
            button = QPushButton(_short(address), objectName="recent")
            button.setToolTip(address)
            button.clicked.connect(self.hide)
            button.clicked.connect(lambda _, address=address: self.chosen.emit(address))
            self._recents.addWidget(button)
        self.appear()


class KeysPanel(Card):
    """All keys and gestures, from the table of actions."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 18)
        column.addLayout(title_line("Keys and gestures", self.hide))
        self._columns = columns = QHBoxLayout()
        columns.setSpacing(24)
        for sections in (("", "&Edit"), ("&Playback",), ("&File", "&View", "&Camera", "&Help")):
            columns.addLayout(_keys_column(sections))
        column.addLayout(columns)

    def place(self) -> None:
        """Break the lines that a narrow window has no room for."""
        for broken in (False, True):
            for text in self.findChildren(QLabel, "told"):
                text.setWordWrap(broken)
            for column in range(self._columns.count()):
                self._columns.setStretch(column, broken)
            self.layout().activate()
            if self.sizeHint().width() <= self.parentWidget().width():
                break
        super().place()


class SeekCard(Card):
    """How far a seek is that has to look at frames on its way; `cancelled` says that the user wants to stay."""

    cancelled = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.AlignmentFlag.AlignBottom)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 10, 10)
        row.setSpacing(12)
        self._text, self._bar = QLabel(), QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(180)
        stop = QPushButton("Cancel")
        stop.clicked.connect(self.cancelled)
        for widget in (self._text, self._bar, stop):
            row.addWidget(widget)

    def show_progress(self, progress: tuple[int, int] | None) -> None:
        """Frames done and to do, None to disappear."""
        if progress is None:
            self.hide()
            return
        self._text.setText(f"Following to this frame: {progress[0]} of {progress[1]}")
        self._bar.setRange(0, progress[1])
        self._bar.setValue(progress[0])
        self.appear()


class Banner(Card):
    """One line about what went wrong, with what to do about it, until it is closed or mended."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.AlignmentFlag.AlignTop)
        self.setObjectName("banner")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        self.text = QLabel(wordWrap=True)
        self.text.setMinimumWidth(420)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self.text, 1)
        row.addWidget(closer(self.hide))

    def show_failure(self, message: str | None) -> None:
        """Show the message; None removes it."""
        if message is None:
            self.hide()
            return
        self.text.setText(message)
        self.appear()


def title_line(title: str, close: Callable[[], None]) -> QHBoxLayout:
    """A card's title with the button that closes it."""
    line = QHBoxLayout()
    line.addWidget(QLabel(title, objectName="title"), 1)
    line.addWidget(closer(close))
    return line


def closer(close: Callable[[], None]) -> QToolButton:
    """The button that closes a card."""
    button = QToolButton()
    button.setIcon(icon("close"))
    button.setToolTip("Close (Esc)")
    button.setAccessibleName("Close")
    button.clicked.connect(close)
    return button


def _keys_column(sections: tuple[str, ...]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(2)
    for section in sections:
        heading = plain(section).upper() if section else "HAND"
        grid.addWidget(QLabel(heading, objectName="heading"), grid.rowCount(), 0, 1, 2)
        for keys, text in _entries(section):
            line = grid.rowCount()
            grid.addWidget(
                QLabel(keys, objectName="key"), line, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
            )
            grid.addWidget(QLabel(text, objectName="told"), line, 1)
    grid.setRowStretch(grid.rowCount(), 1)
    grid.setColumnStretch(1, 1)
    return grid


def _entries(section: str) -> list[tuple[str, str]]:
    if not section:
        return [(keys, text[:1].upper() + text[1:]) for keys, text in HAND]
    native = QKeySequence.SequenceFormat.NativeText
    return [
        (QKeySequence(row.keys[0]).toString(native), plain(row.text))
        for row in TABLE
        if row.menu == section and row.keys
    ]


def _short(address: str) -> str:
    """The last two parts of every path in an address."""
    return ",  ".join("/".join(Path(part).parts[-2:]) for part in address.split(","))
