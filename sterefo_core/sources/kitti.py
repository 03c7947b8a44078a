"""The four KITTI layouts, recognised by the folders that are there.

raw       2011_09_26/2011_09_26_drive_0005_sync/image_02/data/0000000000.png    2011_09_26/calib_cam_to_cam.txt
tracking  training/image_02/0004/000000.png    training/calib/0004.txt    training/label_02/0004.txt
odometry  sequences/07/image_2/000000.png      sequences/07/calib.txt     sequences/07/times.txt
stereo    training/image_2/000000_10.png       training/calib_cam_to_cam/000000.txt    training/disp_occ_0
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sterefo_core.errors import SourceError
from sterefo_core.sources import kitti_files
from sterefo_core.sources.images import with_holes
from sterefo_core.sources.reading import PicturePair, PictureSource, list_pictures, natural_order
from sterefo_core.types import Calibration, LabelledBox, Truth

_ROOMY_CAMERAS = (("image_02", "image_03", "colour"), ("image_00", "image_01", "grey"))
_CAMERAS = (("image_2", "image_3", "colour"), ("colored_0", "colored_1", "colour"), ("image_0", "image_1", "grey"))
_CAMERA_FOLDER = re.compile(r"(image|colored)_\d\d?")
_WHERE_SEQUENCES_LIE = ("*", "sequences/*", "????_??_??/*_sync")


class _Cameras(NamedTuple):
    """The picture folders of a pair, the numbers of its cameras in the calibration files, and "colour" or "grey"."""

    left: Path
    right: Path
    numbers: tuple[str, str]
    colours: str


def recognise_kitti(folder: Path) -> PictureSource | None:
    """The KITTI sequence or benchmark that this folder is, is part of, or holds as its only one; None if there is none.

    Raises:
        SourceError: it holds several sequences, or a camera or its pictures are missing.
    """
    if _CAMERA_FOLDER.fullmatch(folder.parent.name):
        if folder.name.isdecimal():
            return _open_tracking(folder.parent.parent, folder.name)
        folder = folder.parent
    if _CAMERA_FOLDER.fullmatch(folder.name):
        folder = folder.parent
    return _recognise_sequence(_without_training(folder)) or _recognise_only_sequence(folder)


def sequences_in(folder: Path) -> list[Path]:
    """The sequences where a data set keeps them: of a date, in `sequences`, of the tracking benchmark.

    [] for a folder that is a sequence by itself, or anything else.
    """
    folder = _without_training(folder)
    if tracked := {path.name for path in folder.glob("image_0[0-3]/[0-9]*") if path.is_dir()}:
        return [folder / "image_02" / number for number in sorted(tracked)]
    cameras = [name for *names, _ in (*_ROOMY_CAMERAS, *_CAMERAS) for name in names]
    places = natural_order(place for pattern in _WHERE_SEQUENCES_LIE for place in folder.glob(pattern))
    return [place for place in places if any((place / camera).is_dir() for camera in cameras)]


def _without_training(folder: Path) -> Path:
    """Where a benchmark keeps what has a truth, if this is one."""
    return folder / "training" if (folder / "training").is_dir() else folder


def _recognise_sequence(folder: Path) -> PictureSource | None:
    if cameras := _find_cameras(folder, _ROOMY_CAMERAS, "data"):
        return _open_raw(folder, cameras)
    if cameras := _find_cameras(folder, _CAMERAS):
        is_benchmark = any(path.stem.endswith("_10") for path in list_pictures(cameras.left))
        return _open_stereo(folder, cameras) if is_benchmark else _open_odometry(folder, cameras)
    return None


def _recognise_only_sequence(folder: Path) -> PictureSource | None:
    sequences = sequences_in(folder)
    if len(sequences) > 1:
        raise SourceError(
            f"{folder} holds {len(sequences)} sequences: export all of them, or open one, for example {sequences[0]}"
        )
    return recognise_kitti(sequences[0]) if sequences else None


def _find_cameras(folder: Path, choices: tuple[tuple[str, str, str], ...], room: str = "") -> _Cameras | None:
    """The first pair of which both folders exist; SourceError where one of a pair does."""
    missing = None
    for left_name, right_name, colours in choices:
        left, right = folder / left_name / room, folder / right_name / room
        if left.is_dir() and right.is_dir():
            return _Cameras(left, right, (left_name[-1], right_name[-1]), colours)
        if left.is_dir() or right.is_dir():
            missing = right if left.is_dir() else left
    if missing is not None:
        raise SourceError(f"{missing} is missing: a stereo pair needs the pictures of both cameras")
    return None


def _open_raw(folder: Path, cameras: _Cameras) -> PictureSource:
    if folder.name.endswith("_extract"):
        raise SourceError(f"{folder} holds pictures that are not rectified: open the drive's _sync folder instead")
    calibration = _calibration(folder.parent / "calib_cam_to_cam.txt", "P_rect_0", cameras)
    times = cameras.left.parent / "timestamps.txt"
    return _open_sequence(folder.name, f"KITTI raw, {cameras.colours}", cameras, calibration, times=times)


def _open_odometry(folder: Path, cameras: _Cameras) -> PictureSource:
    calibration = _calibration(folder / "calib.txt", "P", cameras)
    return _open_sequence(
        folder.name, f"KITTI odometry, {cameras.colours}", cameras, calibration, times=folder / "times.txt"
    )


def _open_tracking(folder: Path, sequence: str) -> PictureSource:
    cameras = _find_cameras(folder, _ROOMY_CAMERAS, sequence)
    if cameras is None:
        raise SourceError(f"{folder / 'image_02' / sequence} is missing: open a sequence that is there")
    calibration = _calibration(folder / "calib" / f"{sequence}.txt", "P", cameras)
    labels = kitti_files.read_labels(folder / "label_02" / f"{sequence}.txt")
    return _open_sequence(sequence, f"KITTI tracking, {cameras.colours}", cameras, calibration, labels=labels)


def _open_sequence(
    name: str,
    kind: str,
    cameras: _Cameras,
    calibration: Calibration | None,
    *,
    times: Path | None = None,
    labels: Mapping[int, tuple[LabelledBox, ...]] | None = None,
) -> PictureSource:
    pictures = _numbered_pictures(cameras)
    numbers, known = list(pictures), labels or {}
    seconds = kitti_files.read_times(times, numbers)
    pairs = [PicturePair(*paths, time, calibration) for paths, time in zip(pictures.values(), seconds, strict=True)]
    return PictureSource(name, kind, pairs, lambda index: Truth(boxes=known.get(numbers[index], ())))


def _numbered_pictures(cameras: _Cameras) -> dict[int, tuple[Path, Path]]:
    """Both pictures of every number from the lowest to the highest; those that are absent show when they are read."""
    names: dict[int, str] = {}
    for folder in (cameras.left, cameras.right):
        here = {int(path.stem): path.name for path in list_pictures(folder) if path.stem.isdecimal()}
        if not here:
            raise SourceError(f"{folder} holds no numbered pictures: copy those of that camera there")
        names |= here
    example = Path(next(iter(names.values())))
    numbers = with_holes(names, step=1)
    if len(numbers) <= numbers[-1] - numbers[0]:
        raise SourceError(f"{cameras.left} has names that do not count pictures: give both folders as LEFT,RIGHT")
    for number in numbers:
        names.setdefault(number, str(number).zfill(len(example.stem)) + example.suffix)
    return {number: (cameras.left / names[number], cameras.right / names[number]) for number in numbers}


def _open_stereo(folder: Path, cameras: _Cameras) -> PictureSource:
    """A benchmark of unrelated pairs, each with its own size and calibration, played like a sequence."""
    both = (*list_pictures(cameras.left), *list_pictures(cameras.right))
    names = sorted({path.name for path in both if path.stem.endswith("_10")})
    calibrations = [_pair_calibration(folder, name.partition("_")[0], cameras) for name in names]
    pairs = [
        PicturePair(cameras.left / name, cameras.right / name, index / kitti_files.RATE_HZ, calibration)
        for index, (name, calibration) in enumerate(zip(names, calibrations, strict=True))
    ]
    year = 2015 if cameras.left.name == "image_2" else 2012
    return PictureSource(
        f"{folder.parent.name} {folder.name}",
        f"KITTI stereo {year}, {cameras.colours}",
        pairs,
        lambda index: _stereo_truth(folder, names[index], index),
        one_size=False,
    )


def _pair_calibration(folder: Path, number: str, cameras: _Cameras) -> Calibration | None:
    """As 2015 stores it, else as 2012 does, whose coloured pair has the numbers and the truth of the grey one."""
    return _calibration(folder / "calib_cam_to_cam" / f"{number}.txt", "P_rect_0", cameras) or _calibration(
        folder / "calib" / f"{number}.txt", "P", cameras
    )


def _stereo_truth(folder: Path, name: str, index: int) -> Truth:
    disparity = kitti_files.read_true_disparity(folder / "disp_occ_0" / name)
    if disparity is None:
        disparity = kitti_files.read_true_disparity(folder / "disp_occ" / name)
    # a pair's instance numbers are no identities over time: made different for every pair
    return Truth(disparity, kitti_files.read_object_boxes(folder / "obj_map" / name, first_id=256 * index))


def _calibration(path: Path, key: str, cameras: _Cameras) -> Calibration | None:
    left, right = (key + number for number in cameras.numbers)
    return kitti_files.read_calibration(path, left, right)
