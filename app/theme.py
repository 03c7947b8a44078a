"""Light and dark: the two palettes, and the one style sheet that takes its colours from them."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication, QStyleFactory

ASSETS = Path(__file__).resolve().parents[1] / "assets"
Role = QPalette.ColorRole

DARK = {
    Role.Window: "#1d1f23",
    Role.WindowText: "#e7e9ec",
    Role.Base: "#121316",
    Role.AlternateBase: "#26292e",
    Role.Text: "#e7e9ec",
    Role.Button: "#2e3238",
    Role.ButtonText: "#e7e9ec",
    Role.Midlight: "#33373e",
    Role.Mid: "#3a3f46",
    Role.PlaceholderText: "#9aa1aa",
    Role.Highlight: "#f5b02e",
    Role.HighlightedText: "#1a1300",
    Role.BrightText: "#ff7a6e",
    Role.ToolTipBase: "#2e3238",
    Role.ToolTipText: "#e7e9ec",
    Role.Link: "#f5b02e",
}
LIGHT = {
    Role.Window: "#f4f5f7",
    Role.WindowText: "#1c1f23",
    Role.Base: "#e2e5e9",
    Role.AlternateBase: "#ffffff",
    Role.Text: "#1c1f23",
    Role.Button: "#ffffff",
    Role.ButtonText: "#1c1f23",
    Role.Midlight: "#d8dce2",
    Role.Mid: "#c9ced6",
    Role.PlaceholderText: "#626a75",
    Role.Highlight: "#d98a00",
    Role.HighlightedText: "#ffffff",
    Role.BrightText: "#c0281b",
    Role.ToolTipBase: "#ffffff",
    Role.ToolTipText: "#1c1f23",
    Role.Link: "#9a5f00",
}


def install(app: QApplication) -> None:
    """Dress the application for the system's colour scheme, now and whenever that changes."""
    app.setStyle(QStyleFactory.create("Fusion"))
    hints = app.styleHints()
    hints.colorSchemeChanged.connect(lambda scheme: dress(app, scheme == Qt.ColorScheme.Dark))
    dress(app, hints.colorScheme() == Qt.ColorScheme.Dark)


def dress(app: QApplication, dark: bool) -> None:
    """Give the application the dark or the light colours."""
    palette = QPalette()
    for role, colour in (DARK if dark else LIGHT).items():
        palette.setColor(role, QColor(colour))
        faded = QColor(colour)
        if role in (Role.WindowText, Role.Text, Role.ButtonText):
            faded.setAlpha(90)
        palette.setColor(QPalette.ColorGroup.Disabled, role, faded)
    app.setPalette(palette)
    sheet = (ASSETS / "style.qss").read_text(encoding="utf-8")
    app.setStyleSheet(sheet.replace("@icons", (ASSETS / "icons").as_posix()))
