"""What the window keeps between starts: its place on the screen, and how the preview is computed."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

import sys
from pathlib import Path

from PyQt6.QtCore import QByteArray, QSettings
from PyQt6.QtWidgets import QMainWindow

from app.inspector import DEVICES, SCALES
from app.preview import Preview
from app.preview_state import AUTOMATIC

_KINDS = {"geometry": QByteArray, "scale": float, "device": str, "recents": list, "camera/swap": bool}


def sound(settings: QSettings) -> QSettings:
    """The settings, or fresh ones where their file cannot be understood; that is then renamed aside, and it is said."""
    path = Path(settings.fileName())
    if _readable(settings, path):
        return settings
    aside = path.with_name(f"{path.name}.broken")
    path.replace(aside)
    print(f"the settings in {path} could not be read: they lie in {aside} now, and new ones begin", file=sys.stderr)
    return QSettings(str(path), QSettings.Format.IniFormat)


def _readable(settings: QSettings, path: Path) -> bool:
    if path.exists() and b"PyQt_PyObject" in path.read_bytes():  # PyQt would unpickle it, and so execute it
        return False
    try:
        for name, kind in _KINDS.items():
            if settings.contains(name):
                settings.value(name, type=kind)
    except TypeError:
        return False
    return settings.status() is QSettings.Status.NoError


def recall_look(settings: QSettings, preview: Preview) -> None:
    """Compute the preview as it was computed last."""
    scale, device = settings.value("scale", AUTOMATIC, type=float), settings.value("device", "auto", type=str)
    if any(scale == value for _, value in SCALES):
        preview.look(scale=scale)
    if any(device == value for _, value in DEVICES):
        preview.look(device=device)


def recall_place(settings: QSettings, window: QMainWindow) -> None:
    """Put the window where it was, or give it a fair size."""
    if not window.restoreGeometry(settings.value("geometry", b"")):
        window.resize(1280, 760)


def remember(settings: QSettings, window: QMainWindow, preview: Preview) -> None:
    """Keep all of it for the next start."""
    settings.setValue("geometry", window.saveGeometry())
    settings.setValue("scale", preview.wish.look.scale)
    settings.setValue("device", preview.wish.look.device)
