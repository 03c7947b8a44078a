"""A hand on mouse and keyboard: real events for the real window, and waiting for what they bring about."""

from time import monotonic

from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from app.preview_state import Phase

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
Key = Qt.Key


class Hand:
    def __init__(self, window):
        self.window, self.viewport, self.timeline = window, window.viewport, window.timeline

    @property
    def state(self):
        return self.window.state

    @property
    def project(self):
        return self.window.document.session.project

    @property
    def done(self):
        return self.state.plate.done

    def wait(self, holds, timeout_s=90.0):
        """Handle events until `holds()`."""
        end = monotonic() + timeout_s
        while not holds():
            QApplication.processEvents()
            QTest.qWait(2)
            assert monotonic() < end, f"still not so: {self.state.phase}, {self.state.plate and self.state.plate.index}"

    def wait_at(self, index):
        self.wait(lambda: self.arrived(index))

    def arrived(self, index):
        state = self.state
        served = state.generation == self.window.preview.wish.generation and state.phase is Phase.READY
        return served and state.plate is not None and state.plate.index == index and state.plate.done is not None

    def wait_for_project(self):
        """Until the shown frame was made for the project as it is."""
        self.wait(lambda: self.state.project == self.project and self.arrived(self.state.plate.index))

    def pause_at(self, index):
        self.window.player.pause()
        self.wait(lambda: self.state.speed == 0)
        self.window.player.seek(index)
        self.wait_at(index)

    def key(self, key, modifiers=NONE, widget=None):
        QTest.keyClick(widget or self.window, key, modifiers)

    def place(self, x, y):
        return QPoint(*(round(at) for at in self.viewport.geometry_of_view.to_view(x, y)))

    def click(self, x, y, modifiers=NONE):
        QTest.mouseClick(self.viewport, LEFT, modifiers, self.place(x, y))

    def double_click(self, x, y):
        self.click(x, y)
        QTest.mouseDClick(self.viewport, LEFT, NONE, self.place(x, y))

    def drag(self, widget, start, end, button=LEFT):
        """Press, move in steps, release; QTest's own moves carry no buttons."""
        send(widget, QEvent.Type.MouseButtonPress, start, button, button)
        for step in range(1, 6):
            send(widget, QEvent.Type.MouseMove, start + (end - start) * step / 5, Qt.MouseButton.NoButton, button)
        send(widget, QEvent.Type.MouseButtonRelease, end, button, Qt.MouseButton.NoButton)

    def drag_box(self, x, y, width, height):
        self.drag(self.viewport, self.place(x, y), self.place(x + width, y + height))


def send(widget, kind, where, button, buttons):
    local = QPointF(where)
    QApplication.sendEvent(widget, QMouseEvent(kind, local, widget.mapToGlobal(local), button, buttons, NONE))
