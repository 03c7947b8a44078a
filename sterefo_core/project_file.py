"""Projects on disk: `name.sterefo.json`, readable, versioned, written atomically, with paths relative to the file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sterefo_core.errors import ProjectError, SterefoError
from sterefo_core.part_file import part_file, writing
from sterefo_core.project import Project
from sterefo_core.sources.camera_address import redacted
from sterefo_core.types import Box, Decision, Follow, Hold, Lens, Release

SUFFIX = ".sterefo.json"
VERSION = 1
_FORMAT = "sterefo project"


def save_project(project: Project, path: Path) -> None:
    """Write the project, without passwords; the file is complete or, on any failure, as it was. Raises ExportError."""
    document = {"format": _FORMAT, "version": VERSION, **_to_json(project)}
    document["source"] = redacted(_relocated(project.source, Path.cwd(), path.resolve().parent))
    with part_file(path) as part, writing(path):
        part.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def load_project(path: Path) -> Project:
    """Read a project. Raises ProjectError, naming the file, for anything that is not one this version understands."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProjectError(f"cannot read the project {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"{path} is not a project: it is not valid JSON") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ProjectError(f"{path} is not a project: it does not say 'format: {_FORMAT}'")
    if document.get("version") != VERSION:
        raise ProjectError(
            f"{path} is of version {document.get('version')!r}; this program reads version {VERSION}: update it"
        )
    try:
        project = _from_json(document)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, SterefoError) as error:
        raise ProjectError(f"{path} is damaged: {type(error).__name__} at {error}; mend or recreate it") from error
    return replace(project, source=_relocated(project.source, path.resolve().parent, Path.cwd()))


def _relocated(address: str, old_base: Path, new_base: Path) -> str:
    """The address with every existing relative path in it (LEFT,RIGHT has two) said from `new_base`."""
    whole = old_base / address
    parts = [address] if _exists(whole) else address.split(",")
    if not all(_exists(old_base / part) for part in parts):
        return address  # "demo", a stream's address or something absent: not ours to change
    return ",".join(_relative(old_base / part, new_base) for part in parts)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, or a folder that may not be looked into
        return False


def _relative(path: Path, base: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), base)).as_posix()
    except ValueError:  # another drive
        return str(path)


def _to_json(project: Project) -> dict[str, Any]:
    document = asdict(project)
    document["decisions"] = [_decision_to_json(decision) for decision in project.decisions]
    return document


def _decision_to_json(decision: Decision) -> dict[str, Any]:
    match decision:
        case Follow(frame, box, arrive, backward, weak):
            corners = [box.x, box.y, box.width, box.height]
            return {"frame": frame, "follow": corners, "arrive": arrive, "backward": backward, "weak": weak}
        case Hold(frame, disparity, None, arrive):
            return {"frame": frame, "hold_disparity": disparity, "arrive": arrive}
        case Hold(frame, _, metres, arrive):
            return {"frame": frame, "hold_metres": metres, "arrive": arrive}
        case Release(frame):
            return {"frame": frame, "release": True}


def _decision_from_json(entry: dict[str, Any]) -> Decision:
    frame, arrive = _whole(entry["frame"]), entry.get("arrive") is True
    if "follow" in entry:
        x, y, width, height = (float(side) for side in entry["follow"])
        backward, weak = (entry.get(name) is True for name in ("backward", "weak"))
        return Follow(frame, Box(x, y, width, height), arrive, backward, weak)
    if "hold_disparity" in entry:
        return Hold(frame, disparity=float(entry["hold_disparity"]), arrive=arrive)
    if "hold_metres" in entry:
        return Hold(frame, metres=float(entry["hold_metres"]), arrive=arrive)
    if entry.get("release") is True:
        return Release(frame)
    raise ValueError(f"a decision that is none: {entry}"[:120])


def _from_json(document: dict[str, Any]) -> Project:
    project = Project(
        source=_text(document["source"]),
        layout=_text(document["layout"]),
        lens=_lens_from_json(document["lens"]),
        aperture_mm=None if document["aperture_mm"] is None else float(document["aperture_mm"]),
        transition_s=float(document["transition_s"]),
        first_frame=_whole(document["first_frame"]),
        last_frame=None if document["last_frame"] is None else _whole(document["last_frame"]),
        depth=_text(document["depth"]),
        steady_depth=document.get("steady_depth", Project.steady_depth) is True,
        automatic=document.get("automatic") is True,
        look_ahead=_whole(document.get("look_ahead", Project.look_ahead)),
        tracker=_text(document.get("tracker", Project.tracker)),
    )
    for entry in document["decisions"]:
        project = project.with_decision(_decision_from_json(entry))
    return project


def _lens_from_json(entry: dict[str, Any]) -> Lens:
    """Every setting in the type of its default; one that the file does not know keeps its default."""
    default = asdict(Lens())
    return Lens(**{name: type(value)(entry[name]) for name, value in default.items() if name in entry})


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"a whole number expected, not {value!r}"[:120])
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a text expected, not {value!r}"[:120])
    return value
