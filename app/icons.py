"""The icons: our own drawings in assets/icons, tinted with the colour of the text around them."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QByteArray, QRectF, QSize, Qt
from PyQt6.QtGui import QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PyQt6.QtSvg import QSvgRenderer

ICONS = Path(__file__).resolve().parents[1] / "assets" / "icons"


class _TintedEngine(QIconEngine):
    """Draws an SVG whose `currentColor` is the palette's text colour at the time of drawing."""

    def __init__(self, svg: str) -> None:
        super().__init__()
        self._svg = svg

    def clone(self) -> QIconEngine:
        return _TintedEngine(self._svg)

    def paint(self, painter, rect, mode, state) -> None:
        group = QPalette.ColorGroup.Disabled if mode == QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        colour = QGuiApplication.palette().color(group, QPalette.ColorRole.ButtonText)
        drawing = self._svg.replace("currentColor", colour.name())
        painter.setOpacity(colour.alphaF())  # SVG colours have none
        QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode, state) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap


def icon(name: str) -> QIcon:
    """The icon of this name."""
    return QIcon(_TintedEngine((ICONS / f"{name}.svg").read_text(encoding="utf-8")))


def app_icon() -> QIcon:
    """The program's own icon."""
    return QIcon(str(ICONS / "app.svg"))
