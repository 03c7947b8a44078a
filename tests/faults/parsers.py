"""Every parser of files that come from outside, with valid specimens to spoil and what must hold of what it accepts."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import torch
from PyQt6.QtCore import QSettings

from app.batch_task import Task, is_whole, made
from app.remembered import sound
from sterefo_core.calibration.imports import import_rig
from sterefo_core.calibration.rig_file import load_rig, save_rig
from sterefo_core.errors import SterefoError
from sterefo_core.evaluation.board_views import known_rig
from sterefo_core.evaluation.tracking_sequences import drawn_sequences, otb_sequence
from sterefo_core.export import ExportSettings
from sterefo_core.learning.checkpoint import load_tensors, save_tensors
from sterefo_core.learning.config import TrainingConfig
from sterefo_core.learning.pfm import write_pfm
from sterefo_core.learning.truth_files import disparity_pfm
from sterefo_core.project_file import load_project, save_project
from sterefo_core.sources import images, kitti_files
from sterefo_core.sources.camera_address import parse_camera
from sterefo_core.types import Calibration
from tests.core.kitti_folders import projections
from tests.core.test_calibration_imports import KITTI, write_opencv
from tests.core.test_project import EVERYTHING, FakeSource

RIG = known_rig()


class Parser(NamedTuple):
    """`read` takes the path of a (spoilt) file; it returns if all is well, and raises SterefoError if not."""

    specimens: tuple[bytes, ...]
    read: Callable[[Path], object]


class _CalibratedSource(FakeSource):
    """Long enough for the specimen, and with metres."""

    calibration = Calibration(700, 0.54, 320, 180)

    def __len__(self) -> int:
        return 60


def _written(write: Callable[[Path], Any], name: str = "specimen") -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()


def _times(path: Path) -> None:
    times = np.array(kitti_files.read_times(path, range(1, 5)))
    assert np.isfinite(times).all() and (np.diff(times) > 0).all()


def _labels(path: Path) -> None:
    boxes = [label.box for frame in kitti_files.read_labels(path).values() for label in frame]
    assert np.isfinite([(box.x, box.y, box.width, box.height) for box in boxes]).all()


def _pfm(path: Path) -> None:
    known = disparity_pfm(path)
    assert known.disparity.dtype == np.float32 and np.isfinite(known.disparity).all() and known.disparity.min() >= 0


def _project(path: Path) -> None:
    project = load_project(path)
    save_project(project, path.with_suffix(".again"))
    project.check(_CalibratedSource())  # type: ignore[arg-type]


def _scene(path: Path) -> None:
    path.replace(path.with_name("calib.txt"))
    images._scene_calibration(path.parent)


def _camera(path: Path) -> None:
    assert parse_camera(path.read_text("utf-8", "surrogateescape")).devices


def _exported(folder: Path) -> Task:
    """A task whose film is there."""
    film = folder / "film.mkv"
    film.write_bytes(b"a film")
    return Task(EVERYTHING, ExportSettings(film), "cpu")


def _record(path: Path) -> None:
    task, said = _exported(path.parent), path.read_bytes()
    path.replace(path.with_name("film.mkv.export.json"))
    assert is_whole(task) == (json.loads(said) == json.loads(_RECORD))


def _settings(path: Path) -> None:
    own = path.replace(path.with_name(f"{uuid4()}.ini"))  # Qt keeps what it read of a file by its name
    with redirect_stderr(StringIO()) as said:
        kept = sound(QSettings(str(own), QSettings.Format.IniFormat))
    own.with_name(f"{own.name}.broken" if said.getvalue() else own.name).unlink()
    if said.getvalue():
        assert not kept.allKeys() and len(said.getvalue().splitlines()) == 1
        raise SterefoError(said.getvalue())


def _drawn_boxes(path: Path) -> None:
    assert not list(drawn_sequences(path))  # there is one box of each object, so that no source is opened


def _otb_boxes(path: Path) -> None:
    (path.parent / "img").mkdir(exist_ok=True)
    (path.parent / "img" / "1.png").touch()
    path.replace(path.with_name("groundtruth_rect.txt"))
    (target,) = otb_sequence(path.parent).targets
    assert target.box and np.isfinite([target.box.x, target.box.y, target.box.width, target.box.height]).all()


def _recipe(path: Path) -> None:
    recipe = TrainingConfig.from_file(path)
    assert TrainingConfig.from_settings(json.loads(recipe.as_json()), "itself").as_json() == recipe.as_json()


def _ros_pair(path: Path) -> None:
    right = path.with_name("right")
    right.write_bytes(_ROS_RIGHT)
    import_rig(f"{path},{right}")


def _ros(eye: str) -> bytes:
    camera = RIG.left if eye == "left" else RIG.right
    shift = 0.0 if eye == "left" else -400.0
    width, height = RIG.size
    matrix, lens, projection = camera.matrix, camera.distortion, [*(500, 0, 320, shift), *(0, 500, 240, 0, 0, 0, 1, 0)]
    tables = {"camera_matrix": (3, 3, matrix), "distortion_coefficients": (1, lens.size, lens)}
    tables |= {"rectification_matrix": (3, 3, np.eye(3)), "projection_matrix": (3, 4, np.array(projection, float))}
    lines = [f"image_width: {width}\nimage_height: {height}\ncamera_name: {eye}\ndistortion_model: plumb_bob"]
    for name, (rows, columns, values) in tables.items():
        lines.append(f"{name}:\n  rows: {rows}\n  cols: {columns}\n  data: {values.ravel().tolist()}")
    return ("\n".join(lines) + "\n").encode()


_ROS_RIGHT = _ros("right")
_SECONDS = "".join(f"{0.1 * number:e}\n" for number in range(6)).encode()
_DATES = "".join(f"2011-09-26 13:02:2{number}.964389445\n" for number in range(6)).encode()
_LABELS = (
    b"0 2 Car 0 0 -1.793451 296.744956 161.752147 455.226042 292.372804 2.0 1.8 4.4 -4.55 1.86 13.4 -2.1\n"
    b"0 -1 DontCare -1 -1 -10.0 219.3 188.5 245.5 218.6 -1000 -1000 -1000 -10 -1 -1 -1\n"
    b"1 0 Pedestrian 0 1 -2.5 1106.1 166.4 1204.5 323.9 1.7 0.6 0.8 6.3 1.6 8.4 -1.9\n"
)
_MIDDLEBURY = b"cam0=[994.9 0 311.2; 0 994.9 254.9; 0 0 1]\ncam1=[994.9 0 342.3; 0 994.9 254.9; 0 0 1]\nbaseline=193\n"
_ADDRESSES = (
    b"camera:0",
    b"camera:0,2#size=1280x720&fps=30&exposure=-6",
    b"camera:rtsp://user:geheim@[fe80::1]:554/left?token=geheim#swap&calibration=rig.json",
    b"http://camera.local:8080/video,http://camera.local:8081/video#raw",
    b"camera:/dev/video0#layout=side-by-side",
)
_RECIPE = b'architecture = "sequential"\ndata = ["synthetic", "here"]\nlabels = "true"\nsteps = 20\nbatch = 2\n'
_RECIPE += b"learning_rate = 2e-4\nfrozen_norm = true\nheight = 64\nwidth = 96\nseed = 3\n"


_SETTINGS = b"[General]\ndevice=auto\ngeometry=@ByteArray(\\x1\\xd9\\0\\x3)\nrecents=one, two\nscale=0.5\n"
_SETTINGS += b'[board]\ncolumns=9\nkind=0\nmarker=18.75\n[camera]\nfirst="0, 2"\nlayout=auto\nswap=true\n'
_DRAWN = b'{"note": "by hand", "nowhere (image_2)": {"car": {"0": [1, 2, 30, 20]}, "bus": {"7": [1.5, 2, 3, 4]}}}'
with TemporaryDirectory() as _folder:
    _RECORD = made(_exported(Path(_folder))).encode()


def parsers() -> dict[str, Parser]:
    """All of them, by the names that the fuzzer's table shows."""
    pictures = [np.linspace(-9, 9, 24, dtype=np.float32).reshape(4, 6), np.full((2, 3), np.inf, np.float32)]
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b.c": torch.zeros(4, dtype=torch.bfloat16)}
    opencv = {suffix: _written(write_opencv, f"rig.{suffix}") for suffix in ("yml", "xml", "json")}
    return {
        "KITTI calibration": Parser((projections().encode(),), _calibration),
        "KITTI timestamps": Parser((_SECONDS, _DATES), _times),
        "KITTI labels": Parser((_LABELS,), _labels),
        "Middlebury calibration": Parser((_MIDDLEBURY,), _scene),
        "PFM": Parser(
            tuple(_written(lambda path, values=values: write_pfm(path, values)) for values in pictures), _pfm
        ),
        "project": Parser((_written(lambda path: save_project(EVERYTHING, path)),), _project),
        "calibration": Parser((_written(lambda path: save_rig(RIG, path)),), load_rig),
        "OpenCV YAML": Parser((opencv["yml"],), import_rig),
        "OpenCV XML": Parser((opencv["xml"],), import_rig),
        "OpenCV JSON": Parser((opencv["json"],), import_rig),
        "KITTI raw calibration": Parser((KITTI.encode(),), import_rig),
        "ROS camera_info": Parser((_ros("left"),), _ros_pair),
        "camera address": Parser(_ADDRESSES, _camera),
        "record of a film": Parser((_RECORD,), _record),
        "drawn boxes": Parser((_DRAWN,), _drawn_boxes),
        "OTB boxes": Parser((b"205,151,17,50\n207,151,17.5,50\n", b"205\t151\t17\t50\n"), _otb_boxes),
        "settings": Parser((_SETTINGS,), _settings),
        "training recipe": Parser((_RECIPE,), _recipe),
        "weights": Parser((_written(lambda path: save_tensors(path, tensors, {"step": 3})),), load_tensors),
    }


def _calibration(path: Path) -> None:
    kitti_files.read_calibration(path, "P2", "P3")
