"""What is drawn over the picture: the followed box with its state in words, the readout, colour keys, hints."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QLinearGradient, QPainter, QPainterPath, QPen

from app import wording
from app.plates import FOCAL_COLOURS, SAFE_COLOURS
from app.preview_state import Plate, View
from sterefo_core.colour import disparity_colours
from sterefo_core.export import DISPARITY_RANGE_PX
from sterefo_core.types import Box, Refocused, TrackState

if TYPE_CHECKING:
    from app.viewport import Viewport

MARGIN = 12
CHIP = QColor(12, 13, 15, 200)
CHIP_TEXT = QColor(240, 241, 243)
AMBER, CAUTION, RED = QColor(255, 186, 48), QColor(255, 220, 150), QColor(255, 107, 94)
STATE_COLOURS = {TrackState.TRACKING: AMBER, TrackState.UNCERTAIN: CAUTION, TrackState.LOST: RED}
_TURBO = disparity_colours(np.linspace(0, DISPARITY_RANGE_PX, 33, dtype=np.float32)[None], DISPARITY_RANGE_PX)[0]


@dataclass(frozen=True)
class Drag:
    """A box being drawn, in picture px."""

    box: Box


def paint(painter: QPainter, viewport: Viewport, plate: Plate, drag: Drag | None) -> None:
    """Paint everything that belongs over this plate."""
    if viewport.view is View.WIPE and not viewport.shows_original:
        _wipe_line(painter, viewport)
    bottom = float(viewport.height())
    if plate.done is not None and not viewport.shows_original:
        _track(painter, viewport, plate.done)
        if viewport.view is View.DISPARITY:
            bottom = _disparity_key(painter, viewport, plate.done)
        if viewport.view is View.FOCAL_PLANE:
            bottom = _focal_key(painter, viewport)
    if drag is not None:
        _box(painter, viewport, drag.box, AMBER, Qt.PenStyle.DashLine)
    elif plate.done is not None:
        _readout(painter, viewport, plate.done)
    if viewport.shows_original:
        chip(painter, QPointF(MARGIN, MARGIN), "Original")
    if viewport.hint:
        _hint(painter, viewport, viewport.hint, bottom)


def chip(painter: QPainter, corner: QPointF, text: str, colour: QColor = CHIP_TEXT) -> QRectF:
    """A small label with its top left corner here; returns where it is."""
    metrics = painter.fontMetrics()
    rect = QRectF(corner.x(), corner.y(), metrics.horizontalAdvance(text) + 16, metrics.height() + 8)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(CHIP)
    painter.drawRoundedRect(rect, 6, 6)
    painter.setPen(colour)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
    return rect


def _track(painter: QPainter, viewport: Viewport, done: Refocused) -> None:
    state, box = done.track.state, done.track.box
    if state is TrackState.IDLE:
        return
    colour = STATE_COLOURS[state]
    if box is None:
        chip(painter, QPointF(MARGIN, MARGIN), f"{wording.STATE_WORDS[state]}  ·  G: last good frame", colour)
        return
    surely = state is TrackState.TRACKING
    rect = _box(painter, viewport, box, colour, Qt.PenStyle.SolidLine if surely else Qt.PenStyle.DotLine)
    away = wording.metres(done.focus.measured, done.frame.calibration)
    words = wording.STATE_WORDS[state] if away == "-" else f"{wording.STATE_WORDS[state]}  {away}"
    height = painter.fontMetrics().height() + 8
    top = rect.top() - height - 6 if rect.top() > height + 6 else rect.bottom() + 6
    top = min(top, viewport.height() - height - 4)
    width = painter.fontMetrics().horizontalAdvance(words) + 16
    left = min(max(rect.center().x() - width / 2, 4), viewport.width() - width - 4)
    chip(painter, QPointF(left, top), words, colour)


def _box(painter: QPainter, viewport: Viewport, box: Box, colour: QColor, style: Qt.PenStyle) -> QRectF:
    """Four corners of a box, dark below and bright above, so that they show on every ground."""
    left, top = viewport.geometry_of_view.to_view(box.x, box.y)
    scale = viewport.geometry_of_view.scale
    rect = QRectF(left, top, box.width * scale, box.height * scale)
    path = _corners(rect) if style == Qt.PenStyle.SolidLine else _outline(rect)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for width, pen_colour in ((4.0, QColor(0, 0, 0, 110)), (2.0, colour)):
        painter.setPen(QPen(pen_colour, width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.drawPath(path)
    return rect


def _outline(rect: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(rect, 4, 4)
    return path


def _corners(rect: QRectF) -> QPainterPath:
    length = min(max(min(rect.width(), rect.height()) * 0.28, 5), 28)
    path = QPainterPath()
    for x, inward_x in ((rect.left(), 1), (rect.right(), -1)):
        for y, inward_y in ((rect.top(), 1), (rect.bottom(), -1)):
            path.moveTo(x + inward_x * length, y)
            path.lineTo(x, y)
            path.lineTo(x, y + inward_y * length)
    return path


def _readout(painter: QPainter, viewport: Viewport, done: Refocused) -> None:
    where = viewport.pointed_at
    if where is None:
        return
    column, row = int(where[0]), int(where[1])
    text = wording.distance(float(done.disparity.values[row, column]), done.frame.calibration)
    if not done.disparity.valid[row, column]:
        text += "  (estimated)"
    x, y = viewport.geometry_of_view.to_view(*where)
    width, height = painter.fontMetrics().horizontalAdvance(text) + 16, painter.fontMetrics().height() + 8
    left = x + 16 if x + 16 + width < viewport.width() else x - 16 - width
    top = y + 18 if y + 18 + height < viewport.height() else y - 12 - height
    chip(painter, QPointF(left, top), text)


def _wipe_line(painter: QPainter, viewport: Viewport) -> None:
    x, (_, top, _, height) = viewport.wipe_x, viewport.geometry_of_view.rect
    top, bottom = max(top, 0.0), min(top + height, float(viewport.height()))
    for width, colour in ((3.0, QColor(0, 0, 0, 120)), (1.5, QColor(255, 255, 255))):
        painter.setPen(QPen(colour, width))
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    middle = QPointF(x, (top + bottom) / 2)
    painter.setBrush(QColor(255, 255, 255))
    painter.setPen(QPen(QColor(0, 0, 0, 120), 1))
    painter.drawEllipse(middle, 7, 7)
    label_height = painter.fontMetrics().height() + 8
    left = painter.fontMetrics().horizontalAdvance("Original") + 16
    chip(painter, QPointF(x - left - 10, bottom - label_height - 10), "Original")
    chip(painter, QPointF(x + 10, bottom - label_height - 10), "Refocused")


def _disparity_key(painter: QPainter, viewport: Viewport, done: Refocused) -> float:
    """The colour bar with px below it and metres above it; returns where it begins, from the top."""
    width, height, line = 300, 10, painter.fontMetrics().height()
    panel = QRectF(MARGIN, viewport.height() - 2 * line - height - 36, width + 64, 2 * line + height + 24)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(CHIP)
    painter.drawRoundedRect(panel, 8, 8)
    bar = QRectF(panel.left() + 28, panel.top() + line + 12, width, height)
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    for i, rgb in enumerate(_TURBO):
        gradient.setColorAt(i / (len(_TURBO) - 1), QColor(*(int(c) for c in rgb)))
    painter.setBrush(gradient)
    painter.drawRect(bar)
    painter.setPen(CHIP_TEXT)
    for i in range(5):
        disparity = DISPARITY_RANGE_PX * i / 4
        x = bar.left() + width * i / 4
        unit = " px" if i == 4 else ""
        _centred(painter, x, bar.bottom() + 4, f"{disparity:.0f}{unit}")
        if done.frame.calibration is not None:
            _centred(painter, x, bar.top() - line - 4, wording.metres(disparity, done.frame.calibration))
    return panel.top()


def _focal_key(painter: QPainter, viewport: Viewport) -> float:
    """What the colours mean; returns where that begins, from the top."""
    colours = SAFE_COLOURS if viewport.safe_colours else FOCAL_COLOURS
    line = painter.fontMetrics().height()
    x, y = float(MARGIN), viewport.height() - line - 8 - MARGIN
    for name, rgb in zip(("In front", "In focus", "Behind"), colours, strict=True):
        rect = chip(painter, QPointF(x, y), f"      {name}")
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*rgb))
        painter.drawRoundedRect(QRectF(rect.left() + 8, rect.center().y() - 5, 10, 10), 3, 3)
        x = rect.right() + 6
    return y


def _centred(painter: QPainter, x: float, top: float, text: str) -> None:
    width = painter.fontMetrics().horizontalAdvance(text)
    painter.drawText(QRectF(x - width / 2 - 1, top, width + 2, painter.fontMetrics().height()), 0, text)


def _hint(painter: QPainter, viewport: Viewport, text: str, bottom: float) -> None:
    painter.save()
    font = QFont(painter.font())
    font.setPointSizeF(font.pointSizeF() * 1.25)
    painter.setFont(font)
    width = painter.fontMetrics().horizontalAdvance(text) + 16
    height = painter.fontMetrics().height() + 8
    chip(painter, QPointF((viewport.width() - width) / 2, bottom - height - 24), text)
    painter.restore()
