"""The two pictures of a camera being calibrated, with the corners found in them, and the board on a screen."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.calibration_job import CalibrationState
from app.overlays import AMBER, chip
from sterefo_core.calibration.session import Guidance
from sterefo_core.types import StereoFrame

FOUND, KEPT = (AMBER, 2.6), (QColor(96, 160, 220, 150), 1.6)
"""Colour and radius in px of the corners in the picture that is shown, and in those that were kept."""
TAKEN = QColor(67, 190, 90)
GAP = 8


class PairView(QWidget):
    """Shows a pair, what was found in it, where corners were kept, and where the board should go next."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("What the two cameras see")
        self.frame: StereoFrame | None = None
        self._guidance: Guidance | None = None
        self.kept: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])

    def sizeHint(self) -> QSize:  # noqa: N802
        """Two pictures of a fair size."""
        return QSize(660, 260)

    def show_state(self, state: CalibrationState) -> None:
        """Show the pair that was looked at last."""
        if state.guidance is not None and state.guidance is not self._guidance and state.guidance.captured:
            self.kept[0].append(state.guidance.left.pixels)
            self.kept[1].append(state.guidance.right.pixels)
        self.frame, self._guidance = state.frame, state.guidance
        self.update()

    def forget(self) -> None:
        """Nothing was kept yet."""
        self.kept = ([], [])
        self.frame = self._guidance = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint both pictures side by side."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if self.frame is None or self._guidance is None:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Waiting for the camera…")
            return
        found = (self._guidance.left, self._guidance.right)
        for side, picture in enumerate((self.frame.left, self.frame.right)):
            rect = self._place(side, picture)
            _draw_picture(painter, rect, picture)
            scale = rect.width() / picture.shape[1]
            _draw_dots(painter, rect, scale, self.kept[side], KEPT)
            _draw_dots(painter, rect, scale, [found[side].pixels], FOUND)
            if self._guidance.target and self._guidance.in_right == bool(side):
                self._draw_target(painter, rect, scale)
            if self._guidance.captured:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(TAKEN, 4))
                painter.drawRect(rect)
            chip(painter, rect.topLeft() + QPointF(6, 6), ("Left", "Right")[side])

    def _place(self, side: int, picture: np.ndarray) -> QRectF:
        """Where the picture lies: in its half of the view, as large as fits."""
        half = (self.width() - GAP) / 2
        scale = min(half / picture.shape[1], self.height() / picture.shape[0])
        width, height = picture.shape[1] * scale, picture.shape[0] * scale
        left = half - width if side == 0 else half + GAP
        return QRectF(left, (self.height() - height) / 2, width, height)

    def _draw_target(self, painter: QPainter, rect: QRectF, scale: float) -> None:
        assert self._guidance and self._guidance.target
        box = self._guidance.target
        painter.setBrush(QColor(255, 186, 48, 40))
        painter.setPen(QPen(AMBER, 2, Qt.PenStyle.DashLine))
        painter.drawRect(
            QRectF(rect.x() + box.x * scale, rect.y() + box.y * scale, box.width * scale, box.height * scale)
        )


class BoardScreen(QWidget):
    """The board, filling a screen. A key or a click ends it."""

    def __init__(self, picture: np.ndarray, ratio: float) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Board")
        height, width = picture.shape
        image = QImage(picture.data, width, height, picture.strides[0], QImage.Format.Format_Grayscale8)
        self._pixmap = QPixmap.fromImage(image)
        self._pixmap.setDevicePixelRatio(ratio)  # one pixel of the board on one pixel of the screen

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the board as it is: scaled it would be of another size."""
        QPainter(self).drawPixmap(0, 0, self._pixmap)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Any key."""
        self.close()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Any button."""
        self.close()


def _draw_picture(painter: QPainter, rect: QRectF, pixels: np.ndarray) -> None:
    solid = np.ascontiguousarray(pixels)
    height, width = solid.shape[:2]
    painter.drawImage(rect, QImage(solid.data, width, height, solid.strides[0], QImage.Format.Format_RGB888))


def _draw_dots(
    painter: QPainter, rect: QRectF, scale: float, sets: list[np.ndarray], dot: tuple[QColor, float]
) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(dot[0])
    for x, y in (place for pixels in sets for place in pixels.tolist()):
        painter.drawEllipse(QPointF(rect.x() + (x + 0.5) * scale, rect.y() + (y + 0.5) * scale), dot[1], dot[1])
