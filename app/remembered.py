"""What the window keeps between starts: its place on the screen, and how the preview is computed."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

import re
import sys
from pathlib import Path

from PyQt6.QtCore import QByteArray, QSettings
from PyQt6.QtWidgets import QMainWindow

from app.inspector import DEVICES, SCALES
from app.preview import Preview
from app.preview_state import AUTOMATIC

KINDS = {
    **{"geometry": QByteArray, "scale": float, "device": str, "recents": list},
    **dict.fromkeys(("camera/first", "camera/second", "camera/layout", "camera/size", "camera/exposure"), str),
    **{"camera/swap": bool, "board/kind": int, "board/columns": int, "board/rows": int},
    **{"board/square": float, "board/marker": float},
}
"""All settings, and what they are."""

# As Qt reads its files, or more than that: what does not belong to a word is left out.
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]+)|([0-7]+)|\r\n|\n\r|.)", re.DOTALL)
_NO_WORD = re.compile(rb"[^@A-Za-z]+")
_OBJECT = re.compile(rb"@(?:Variant|DateTime)")


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
    if path.exists() and _holds_objects(path.read_bytes()):
        return False
    try:
        kept = [(settings.value(name, type=kind), kind) for name, kind in KINDS.items() if settings.contains(name)]
    except TypeError:
        return False
    return settings.status() is QSettings.Status.NoError and all(_fits(value, kind) for value, kind in kept)


def _fits(value: object, kind: type) -> bool:
    """PyQt gives lists for words with commas between."""
    return isinstance(value, kind) and (not isinstance(value, list) or all(isinstance(one, str) for one in value))


def _holds_objects(written: bytes) -> bool:
    """Whether Qt would make an object of some value: PyQt may unpickle it, and so execute what the file says."""
    meant = _ESCAPE.sub(_character, written)
    return _OBJECT.search(_NO_WORD.sub(b"", meant)) is not None


def _character(escape: re.Match[bytes]) -> bytes:
    digits, base = (escape[1], 16) if escape[1] else (escape[2] or b"0", 8)
    return bytes([int(digits, base) & 0xFF])


def recall_look(settings: QSettings, preview: Preview) -> None:
    """Compute the preview as it was computed last."""
    scale, device = settings.value("scale", AUTOMATIC, type=float), settings.value("device", "auto", type=str)
    if any(scale == value for _, value in SCALES):
        preview.look(scale=scale)
    if any(device == value for _, value in DEVICES):
        preview.look(device=device)


def recall_place(settings: QSettings, window: QMainWindow) -> None:
    """Put the window where it was, or give it a fair size."""
    if not window.restoreGeometry(settings.value("geometry", QByteArray(), type=QByteArray)):
        window.resize(1280, 760)


def remember(settings: QSettings, window: QMainWindow, preview: Preview) -> None:
    """Keep all of it for the next start."""
    settings.setValue("geometry", window.saveGeometry())
    settings.setValue("scale", preview.wish.look.scale)
    settings.setValue("device", preview.wish.look.device)
