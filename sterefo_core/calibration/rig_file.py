"""Calibrations on disk: readable JSON, written whole or not at all; anything else is refused in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sterefo_core.calibration.rig import CameraModel, StereoRig
from sterefo_core.errors import CalibrationError, SterefoError
from sterefo_core.part_file import part_file, writing

SUFFIX = ".calibration.json"
FORMAT = "sterefo calibration"
VERSION = 1

_ROW = re.compile(r"\[([^\[\]{}\"]*)\]")  # of a matrix: a person reads it on one line
_LARGEST_FILE = 1_000_000  # bytes; a calibration has some 3000


def save_rig(rig: StereoRig, path: Path) -> None:
    """Write the calibration; the file is complete or, on any failure, as it was. Raises ExportError."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "when": rig.when,
        "made_from": rig.made_from,
        "rms_px": rig.rms_px,
        "epipolar_px": rig.epipolar_px,
        "size": list(rig.size),
        "left": _camera_to_json(rig.left),
        "right": _camera_to_json(rig.right),
        "rotation": rig.rotation.tolist(),
        "translation_m": rig.translation_m.tolist(),
    }
    with part_file(path) as part, writing(path):
        part.write_text(_ROW.sub(_on_one_line, json.dumps(document, indent=2)) + "\n", encoding="utf-8")


def load_rig(path: Path) -> StereoRig:
    """Read a calibration that `save_rig` wrote. Raises CalibrationError, naming the file, for anything else."""
    return rig_from_text(read_text(path), path)


def read_text(path: Path) -> str:
    """The text of a small file. Raises CalibrationError where it cannot be read, is too large or no text."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise CalibrationError(f"cannot read the calibration {path}: {getattr(error, 'strerror', error)}") from None
    if len(data) > _LARGEST_FILE:
        raise CalibrationError(f"{path} is no calibration: it is far too large for one")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CalibrationError(f"{path} is no calibration: it is no text file") from None


def rig_from_text(text: str, path: Path) -> StereoRig:
    """The calibration written in `text`, which came from `path`. Raises CalibrationError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise CalibrationError(f"{path} is no calibration: it is not valid JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CalibrationError(f"{path} is no calibration: it does not say 'format: {FORMAT}'")
    if document.get("version") != VERSION:
        raise CalibrationError(
            f"{path} is of another version; this program reads version {VERSION}: update it, or calibrate again"
        )
    return checked(path, lambda: _rig_from_json(document))


def checked(path: Path, build: Callable[[], StereoRig]) -> StereoRig:
    """What `build` makes of the contents of `path`; whatever it stumbles over becomes one line naming the file."""
    try:
        return build()
    except SterefoError as error:
        raise CalibrationError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError) as error:
        found = " ".join(f"{type(error).__name__} at {error}".split())[:120]
        raise CalibrationError(f"{path} is damaged: {found}; copy it again or calibrate again") from None


def _on_one_line(row: re.Match[str]) -> str:
    return f"[{' '.join(row[1].split())}]"


def _camera_to_json(camera: CameraModel) -> dict[str, Any]:
    return {
        "model": "fisheye" if camera.fisheye else "brown",
        "matrix": camera.matrix.tolist(),
        "distortion": camera.distortion.tolist(),
    }


def _rig_from_json(document: dict[str, Any]) -> StereoRig:
    width, height = document["size"]
    return StereoRig(
        size=(_whole(width), _whole(height)),
        left=_camera_from_json(document["left"]),
        right=_camera_from_json(document["right"]),
        rotation=_numbers(document["rotation"]),
        translation_m=_numbers(document["translation_m"]),
        when=_line(document["when"]),
        made_from=_line(document["made_from"]),
        rms_px=_error(document["rms_px"]),
        epipolar_px=_error(document["epipolar_px"]),
    )


def _camera_from_json(entry: dict[str, Any]) -> CameraModel:
    if entry["model"] not in ("brown", "fisheye"):
        raise ValueError("a lens model that is neither brown nor fisheye")
    return CameraModel(_numbers(entry["matrix"]), _numbers(entry["distortion"]), entry["model"] == "fisheye")


def _numbers(value: Any) -> np.ndarray:
    if not isinstance(value, list):
        raise TypeError(f"a list of numbers expected, not {value!r}")
    return np.array(value, np.float64)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"a whole number expected, not {value!r}")
    return value


def _line(value: Any) -> str:
    if not isinstance(value, str) or not (value.isprintable() and len(value) < 200):
        raise TypeError("a short text expected")
    return value


def _error(value: Any) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ValueError(f"an error in px expected, not {value!r}")
    return float(value)
