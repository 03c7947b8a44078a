"""Calibrations that other programs wrote: OpenCV (YAML, XML, JSON), KITTI raw and ROS camera_info, known by looking.

The files are small tables of named numbers, whatever their syntax. They are read as such, by patterns: nothing in them
is executed, and no parser builds objects from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

import numpy as np

from sterefo_core.calibration.rig import CameraModel, StereoRig
from sterefo_core.calibration.rig_file import FORMAT, checked, read_text, rig_from_text
from sterefo_core.errors import CalibrationError

Table = dict[str, str]
"""What a file says, by names in lower case without underscores: "cameramatrix1" to the text of its numbers."""

_XML_NAME = re.compile(r"<([A-Za-z_]\w*)\b[^<>]*>")
_JSON_NAME = re.compile(r'"([A-Za-z_]\w*)"\s*:')
_LINE_NAME = re.compile(r"^[ \t]*([A-Za-z_]\w*)[ \t]*:", re.MULTILINE)
_COMMENT = re.compile(r"#[^\n]*")
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_SHAPE_OF_DATA = ("rows", "cols", "sizes", "dt", "typeid")

_SIDES = (("1", "2"), ("left", "right"), ("l", "r"), ("0", "1"))
_MATRIX = ("m", "k", "cameramatrix", "matrix", "mtx", "intrinsic", "intrinsics", "intrinsicmatrix")
_DISTORTION = ("d", "dist", "distcoeffs", "distcoeff", "distcoef", "distcoefs", "distortion", "distortioncoefficients")
_ROTATION = ("r", "rotation", "rotationmatrix", "rot")
_TRANSLATION = ("t", "translation", "translationvector", "trans")
_WIDTH_HEIGHT = (("imagewidth", "imageheight"), ("width", "height"))
_SIZE = ("imagesize", "imgsize", "size", "resolution")

_MILLIMETRES_FROM = 10.0  # no stereo camera is ten metres wide: such a number is in millimetres
_WIDEST_M = 3.0
_LARGEST = 1e9  # of all numbers here, whatever they mean; products of larger ones may not be finite


def import_rig(address: str | Path, size: tuple[int, int] | None = None) -> StereoRig:
    """Read a calibration of any known kind; ROS has two files, and OpenCV may: give them as "FIRST,SECOND".

    Args:
        size: width and height of the pictures, for files that do not say it.

    Raises:
        CalibrationError: one line that says which file, and what is wrong with it.
    """
    paths = _paths(str(address))
    texts = [read_text(path) for path in paths]
    if len(paths) == 1 and FORMAT in texts[0]:
        return rig_from_text(texts[0], paths[0])
    tables = [_table(text) for text in texts]
    return checked(paths[0], lambda: _recognised(tables, size))


def _paths(address: str) -> list[Path]:
    words = address.split(",")
    halves = [",".join(words[: len(words) // 2]), ",".join(words[len(words) // 2 :])]
    if len(words) % 2 or Path(address).exists():
        return [Path(address).expanduser()]
    return [Path(half).expanduser() for half in halves]


def _recognised(tables: list[Table], size: tuple[int, int] | None) -> StereoRig:
    everything = {name: text for table in tables for name, text in table.items()}
    if "k00" in everything or "k02" in everything:
        return _from_kitti(everything)
    if "projectionmatrix" in everything:
        if len(tables) == 1:
            raise CalibrationError("it is of one ROS camera: give both as LEFT,RIGHT")
        return _from_ros(*tables)
    return _from_opencv(everything, size)


def _table(text: str) -> Table:
    """Every name with the text after it; the `data` of a matrix goes by the name above it."""
    table: Table = {}
    owner = ""
    for written, body in _entries(text):
        name = written.lower().replace("_", "")
        if name == "data":
            table[owner] = body
        elif name not in _SHAPE_OF_DATA:
            owner = name
            table[name] = body
    return table


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Names and what follows them up to the next name, in XML, JSON or lines of "name: ..." (YAML, KITTI)."""
    name = {"<": _XML_NAME, "{": _JSON_NAME}.get(text.lstrip()[:1], _LINE_NAME)
    _, *parts = name.split(_COMMENT.sub("", text))
    return zip(parts[::2], parts[1::2], strict=True)


def _from_kitti(table: Table) -> StereoRig:
    """The raw recordings' calib_cam_to_cam.txt; a point of camera 0 is at R_i X + T_i of camera i."""
    first, second = ("02", "03") if "k02" in table else ("00", "01")
    turns = [_matrix(table, f"r{eye}") for eye in (first, second)]
    places = [_numbers(table, f"t{eye}", (3,)) for eye in (first, second)]
    cameras = [CameraModel(_matrix(table, f"k{eye}"), _distortion(table, f"d{eye}")) for eye in (first, second)]
    turn = turns[1] @ turns[0].T
    size = _numbers(table, f"s{first}", (2,))
    return _rig(size, cameras, turn, places[1] - turn @ places[0], f"KITTI cameras {first} and {second}")


def _from_ros(left: Table, right: Table) -> StereoRig:
    """The two camera_info of a pair: X_rect = R_left X_left, and P of the right camera holds -focal x baseline."""
    sizes = [_size_of(table, None) for table in (left, right)]
    if (sizes[0] != sizes[1]).any():
        raise CalibrationError("the two cameras have pictures of different sizes, which are not supported")
    turns = [_matrix(table, "rectificationmatrix") for table in (left, right)]
    projection = _numbers(right, "projectionmatrix", (3, 4))
    cameras = [
        CameraModel(_matrix(table, "cameramatrix"), _distortion(table, "distortioncoefficients"), _is_fisheye(table))
        for table in (left, right)
    ]
    shift = np.array([projection[0, 3] / projection[0, 0], 0.0, 0.0])
    return _rig(sizes[0], cameras, turns[1].T @ turns[0], turns[1].T @ shift, "ROS camera_info")


def _from_opencv(table: Table, size: tuple[int, int] | None) -> StereoRig:
    """What programs made with OpenCV save: M1, D1, M2, D2, R, T, or longer names for them."""
    matrices, distortions = _pair_of_names(table, _MATRIX), _pair_of_names(table, _DISTORTION)
    turn, shift = (_first_of(table, names) for names in (_ROTATION, _TRANSLATION))
    if not (matrices and distortions and turn and shift):
        raise CalibrationError("it has no calibration that is known here (OpenCV M1 D1 M2 D2 R T, KITTI raw, ROS)")
    cameras = [
        CameraModel(_matrix(table, matrix), _distortion(table, distortion), _is_fisheye(table))
        for matrix, distortion in zip(matrices, distortions, strict=True)
    ]
    return _rig(_size_of(table, size), cameras, _matrix(table, turn), _numbers(table, shift, (3,)), "OpenCV")


def _rig(
    size: np.ndarray, cameras: list[CameraModel], turn: np.ndarray, shift: np.ndarray, made_from: str
) -> StereoRig:
    if np.abs(shift).max() >= _MILLIMETRES_FROM:
        shift = shift / 1000
    width, height = np.round(size).astype(int).tolist()
    left, right = cameras
    rig = StereoRig((width, height), left, right, turn, shift, made_from=f"imported from {made_from}")
    if rig.baseline_m > _WIDEST_M:
        raise CalibrationError(f"its cameras are {rig.baseline_m:.3g} m apart: give T in metres or millimetres")
    return rig


def _pair_of_names(table: Table, bases: Iterable[str]) -> tuple[str, str] | None:
    for (left, right), base in product(_SIDES, bases):
        for names in ((base + left, base + right), (left + base, right + base)):
            if names[0] in table and names[1] in table:
                return names
    return None


def _first_of(table: Table, names: Iterable[str]) -> str | None:
    return next((name for name in names if name in table), None)


def _size_of(table: Table, size: tuple[int, int] | None) -> np.ndarray:
    for names in _WIDTH_HEIGHT:
        if all(name in table for name in names):
            return np.stack([_numbers(table, name, ()) for name in names])
    if name := _first_of(table, _SIZE):
        return _numbers(table, name, (2,))
    if size is None:
        raise CalibrationError("it does not say the size of the pictures: give it with --size WIDTHxHEIGHT")
    return np.array(size)


def _is_fisheye(table: Table) -> bool:
    return any(word in table.get("distortionmodel", "").lower() for word in ("equidistant", "fisheye"))


def _matrix(table: Table, name: str) -> np.ndarray:
    return _numbers(table, name, (3, 3))


def _distortion(table: Table, name: str) -> np.ndarray:
    found = _all_numbers(table, name)
    return found if len(found) else np.zeros(5)


def _numbers(table: Table, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers of this name. Raises KeyError or ValueError, saying which, where they are not so many."""
    found = _all_numbers(table, name)
    if found.size != np.prod(shape, dtype=int):
        raise ValueError(f"{name}, which has {found.size} numbers")
    return found.reshape(shape)


def _all_numbers(table: Table, name: str) -> np.ndarray:
    found = np.array(_NUMBER.findall(table[name]), np.float64)
    if not (np.abs(found) < _LARGEST).all():
        raise ValueError(f"{name}, which has a number that no camera has")
    return found
