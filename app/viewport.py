"""The picture: paints what it is given, zooms and pans, and turns gestures into signals in picture coordinates."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QEnterEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QApplication, QSizePolicy, QWidget

from app import overlays
from app.preview_state import Plate, View
from app.view_geometry import ViewGeometry
from sterefo_core.types import Box

GRAB_PX = 8
"""How near to the wipe's line a press must be to move it."""
SMALLEST_BOX_PX = 4
PIXELS_FROM_SCALE = 4.0
"""From this zoom on single pixels are shown as squares instead of being smoothed."""


class Viewport(QWidget):
    """Shows a plate. The caller owns what it means: every gesture is a signal."""

    clicked = pyqtSignal(float, float)
    locked = pyqtSignal(float, float)
    held = pyqtSignal(float, float)
    boxed = pyqtSignal(Box)
    painted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Picture")
        self.geometry_of_view = ViewGeometry()
        self.plate: Plate | None = None
        self.view = View.REFOCUSED
        self.safe_colours = False
        self.hint = ""
        self._peeking = False
        self._wipe = 0.5
        self._press: QPointF | None = None
        self._drag: overlays.Drag | None = None
        self._pan_from: QPointF | None = None
        self._moving_wipe = False
        self._pointer: QPointF | None = None
        self._fresh = False

    def sizeHint(self) -> QSize:  # noqa: N802
        """A comfortable size for a wide picture."""
        return QSize(960, 420)

    def show_plate(self, plate: Plate | None) -> None:
        """Show this from the next paint on; `painted` says when a new plate was painted."""
        self._fresh |= plate is not self.plate
        self.plate = plate
        if plate is not None:
            height, width = plate.original.shape[:2]
            self.geometry_of_view.picture = width, height
        self.update()

    def show_view(self, view: View) -> None:
        """Choose what is shown of the plate."""
        self.view = view
        self.update()

    def peek(self, original: bool) -> None:
        """Show the original for as long as this is True."""
        self._peeking = original
        self.update()

    def fit(self) -> None:
        """Show the whole picture."""
        self.geometry_of_view.fit()
        self.update()

    def actual_size(self) -> None:
        """One pixel of the picture on one pixel of the screen."""
        where = self._pointer or QPointF(self.width() / 2, self.height() / 2)
        self.geometry_of_view.zoom_to(1 / self.devicePixelRatioF(), where.x(), where.y())
        self.update()

    @property
    def pointed_at(self) -> tuple[float, float] | None:
        """The place of the picture under the pointer, None outside of it."""
        if self._pointer is None or self.plate is None:
            return None
        x, y = self.geometry_of_view.to_picture(self._pointer.x(), self._pointer.y())
        return (x, y) if self._in_picture(x, y) else None

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the picture and what is drawn over it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), self.palette().base())
        if self.plate is not None:
            self._paint_pictures(painter, self.plate)
            overlays.paint(painter, self, self.plate, self._drag)
            if self._fresh:
                self._fresh = False
                self.painted.emit()

    def _paint_pictures(self, painter: QPainter, plate: Plate) -> None:
        rect = QRectF(*self.geometry_of_view.rect)
        smooth = self.geometry_of_view.scale * self.devicePixelRatioF() < PIXELS_FROM_SCALE
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        _draw(painter, rect, self._shown_picture(plate))
        if self.view is View.WIPE and not self._peeking:
            painter.save()
            painter.setClipRect(QRectF(0, 0, self.wipe_x, self.height()))
            _draw(painter, rect, plate.original)
            painter.restore()

    def _shown_picture(self, plate: Plate) -> np.ndarray:
        if self._peeking or self.view is View.ORIGINAL or plate.refocused is None:
            return plate.original
        if self.view in (View.DISPARITY, View.FOCAL_PLANE) and plate.analysis is not None:
            return plate.analysis
        return plate.refocused

    @property
    def wipe_x(self) -> float:
        """Where the wipe's line is, in px of the view."""
        left, _, width, _ = self.geometry_of_view.rect
        return left + self._wipe * width

    @property
    def shows_original(self) -> bool:
        """Whether the original alone is to be seen."""
        return self._peeking or self.view is View.ORIGINAL

    # gestures

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin a click, a box, a move of the wipe's line or of the picture."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan_from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.LeftButton and self.plate is not None:
            self._moving_wipe = self._at_wipe(event.position())
            self._press = None if self._moving_wipe else event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go on with it, and follow the pointer for the readout."""
        here, self._pointer = event.position(), event.position()
        if self._pan_from is not None:
            moved = here - self._pan_from
            self.geometry_of_view.pan(moved.x(), moved.y())
            self._pan_from = here
        elif self._moving_wipe:
            left, _, width, _ = self.geometry_of_view.rect
            self._wipe = min(max((here.x() - left) / width, 0.0), 1.0)
        elif self._press is not None:
            far = (here - self._press).manhattanLength() >= QApplication.startDragDistance()
            if far or self._drag is not None:
                self._drag = overlays.Drag(self._picture_box(self._press, here))
        else:
            over_wipe = self._at_wipe(here)
            self.setCursor(Qt.CursorShape.SplitHCursor if over_wipe else Qt.CursorShape.CrossCursor)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """End it: a drag is a box, a press alone a click."""
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan_from = None
            self.setCursor(Qt.CursorShape.CrossCursor)
        elif event.button() == Qt.MouseButton.LeftButton:
            press, drag = self._press, self._drag
            self._press, self._drag, self._moving_wipe = None, None, False
            if drag is not None:
                self._finish_box(drag.box)
            elif press is not None:
                self._finish_click(press, event.modifiers())
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The second click of two locks what the first one chose."""
        x, y = self.geometry_of_view.to_picture(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and self._in_picture(x, y):
            self.locked.emit(x, y)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom at the pointer."""
        where = event.position()
        factor = 2 ** (event.angleDelta().y() / 480)
        self.geometry_of_view.zoom_to(self.geometry_of_view.scale * factor, where.x(), where.y())
        self.update()

    def cancel_gesture(self) -> bool:
        """Give up a box being drawn; whether there was one."""
        drawing = self._drag is not None
        self._press = self._drag = None
        self.update()
        return drawing

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """The readout goes with the pointer."""
        self._pointer = None
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        """The readout comes with it."""
        self._pointer = event.position()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep what is in the middle there."""
        self.geometry_of_view.view = event.size().width(), event.size().height()

    def _at_wipe(self, where: QPointF) -> bool:
        return self.view is View.WIPE and abs(where.x() - self.wipe_x) <= GRAB_PX

    def _finish_click(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        x, y = self.geometry_of_view.to_picture(where.x(), where.y())
        if self._in_picture(x, y):
            holds = modifiers & Qt.KeyboardModifier.ShiftModifier
            (self.held if holds else self.clicked).emit(x, y)

    def _finish_box(self, box: Box) -> None:
        if min(box.width, box.height) >= SMALLEST_BOX_PX:
            self.boxed.emit(box)

    def _picture_box(self, a: QPointF, b: QPointF) -> Box:
        (ax, ay), (bx, by) = (self.geometry_of_view.to_picture(p.x(), p.y()) for p in (a, b))
        whole = Box(min(ax, bx), min(ay, by), abs(ax - bx), abs(ay - by))
        width, height = (round(side) for side in self.geometry_of_view.picture)
        return whole.clipped(width, height)

    def _in_picture(self, x: float, y: float) -> bool:
        width, height = self.geometry_of_view.picture
        return 0 <= x < width and 0 <= y < height


def _draw(painter: QPainter, rect: QRectF, pixels: np.ndarray) -> None:
    """Draw `(H, W, 4)` uint8; the QImage only looks at the array, which outlives it here."""
    height, width = pixels.shape[:2]
    painter.drawImage(rect, QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGB32))
