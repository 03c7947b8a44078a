"""The small files of the KITTI data sets: calibrations, times, labels, true disparities and instance masks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.sources.reading import decode
from sterefo_core.types import Box, Calibration, DisparityMap, LabelledBox

RATE_HZ = 10.0  # the laser scanner triggers the cameras once a turn
_DATE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,9})?", re.ASCII)  # without a time zone
_REMEDY = "copy it again, or move it away to go on without it"


@np.errstate(over="ignore", invalid="ignore")  # what is not finite then is told
def read_calibration(path: Path, left: str, right: str) -> Calibration | None:
    """The calibration of the cameras whose 3 x 4 projection matrices are on the lines `left` and `right` ("P2", "P3").

    None if there is no such file. A projection matrix of a rectified camera holds f, cx, cy and -f x its distance to
    the right of camera 0 (Geiger et al., "Vision meets Robotics: The KITTI Dataset", eq. 4).

    Raises:
        SourceError: the file is there but does not hold the matrices of a rectified pair.
    """
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    p_left, p_right = (_projection(path, text, key) for key in (left, right))
    focal_px = p_left[0, 0]
    shift_px_m = p_left[0, 3] - p_right[0, 3]  # f x baseline
    if not (focal_px > 0 and shift_px_m > 0):
        raise SourceError(
            f"{path}: {left} and {right} give focal length {focal_px:g} px and focal length x baseline "
            f"{shift_px_m:g} px m, both must be above 0: {_REMEDY}"
        )
    return Calibration(
        focal_px=float(focal_px),
        baseline_m=float(shift_px_m / focal_px),
        cx_px=float(p_left[0, 2]),
        cy_px=float(p_left[1, 2]),
        disparity_offset_px=float(p_right[0, 2] - p_left[0, 2]),
    )


def _projection(path: Path, text: str, key: str) -> np.ndarray:
    line = next((line for line in text.splitlines() if line.startswith(f"{key}:")), None)
    if line is None:
        raise SourceError(f"{path} has no line {key}: {_REMEDY}")
    try:
        matrix = np.array(line.partition(":")[2].split(), dtype=float).reshape(3, 4)
    except ValueError:
        raise SourceError(f"{path}: line {key} does not hold 12 numbers: {_REMEDY}") from None
    if not np.isfinite(matrix).all():
        raise SourceError(f"{path}: line {key} has a number that is not finite: {_REMEDY}")
    return matrix


@np.errstate(invalid="ignore", over="ignore")  # infinity less infinity is told below
def read_times(path: Path | None, numbers: Sequence[int]) -> list[float]:
    """Seconds from the first of these picture numbers to each of them.

    Line n of the file is the time of picture n, as seconds (odometry) or as a date with nanoseconds (raw). The file may
    be longer than the sequence. Without a file the pictures are 0.1 s apart.

    Raises:
        SourceError: the file holds something else, is too short, or its times do not increase.
    """
    if path is None or not path.is_file():
        return [(number - numbers[0]) / RATE_HZ for number in numbers]
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    lines = [line.strip() for line in lines if line.strip()]
    if len(lines) <= numbers[-1]:
        raise SourceError(f"{path} has {len(lines)} times but the pictures go up to number {numbers[-1]}: {_REMEDY}")
    seconds = _seconds(path, [lines[number] for number in numbers])
    later = np.isfinite(seconds) & (np.diff(seconds, prepend=-1) > 0)
    if not later.all():
        late = numbers[int(np.argmin(later))]
        raise SourceError(f"{path}: the time on line {late + 1} is not after the one before it: {_REMEDY}")
    return [float(second) for second in seconds]


def _seconds(path: Path, lines: list[str]) -> np.ndarray:
    """Differences are taken as whole nanoseconds: seconds since 1970 in a float are exact to 240 ns only."""
    try:
        if ":" in lines[0]:
            if not all(_DATE.fullmatch(line) for line in lines):
                raise ValueError
            dates = np.array(lines, dtype="datetime64[ns]")
            return (dates - dates[0]) / np.timedelta64(1, "s")
        times = np.array(lines, dtype=float)
    except ValueError:
        raise SourceError(f"{path} holds something else than one time a line: {_REMEDY}") from None
    return times - times[0]


def read_labels(path: Path) -> dict[int, tuple[LabelledBox, ...]]:
    """The labelled objects of every frame of a KITTI tracking sequence, DontCare regions left out; {} without a file.

    Raises:
        SourceError: a line is not one of a label file.
    """
    if not path.is_file():
        return {}
    labels: dict[int, tuple[LabelledBox, ...]] = {}
    for count, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), start=1):
        words = line.split()
        if not words or words[2:3] == ["DontCare"]:
            continue
        try:
            frame, object_id = int(words[0]), int(words[1])
            left, top, right, bottom = (float(word) for word in words[6:10])
            if not np.isfinite((left, top, right, bottom)).all():
                raise ValueError
        except (ValueError, IndexError):
            raise SourceError(f"{path}: line {count} is not a label of the tracking benchmark: {_REMEDY}") from None
        box = LabelledBox(object_id, words[2], Box(left, top, right - left, bottom - top))
        labels[frame] = (*labels.get(frame, ()), box)
    return labels


def read_true_disparity(path: Path) -> DisparityMap | None:
    """True disparity from a 16-bit PNG in 1/256 px, where 0 means unknown; None without a file.

    Unknown pixels take the value of the nearest known one and are not `valid`. Raises BadFrameError naming the file.
    """
    if not path.is_file():
        return None
    stored = decode(path, cv2.IMREAD_UNCHANGED)
    if stored.dtype != np.uint16 or stored.ndim != 2 or not stored.any():
        raise BadFrameError(f"{path} is not a disparity map (16-bit grey, 0 = unknown): {_REMEDY}")
    valid = stored > 0
    _, nearest = cv2.distanceTransformWithLabels(
        (~valid).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = np.zeros(nearest.max() + 1, np.float32)
    known[nearest[valid]] = stored[valid] / np.float32(256)
    return DisparityMap(known[nearest], valid)


def read_object_boxes(path: Path, first_id: int) -> tuple[LabelledBox, ...]:
    """The boxes around the cars of a KITTI 2015 instance mask (8-bit grey, 0 = background); () without a file.

    Instance k becomes object `first_id + k`. Raises BadFrameError naming the file.
    """
    if not path.is_file():
        return ()
    mask = decode(path, cv2.IMREAD_UNCHANGED)
    if mask.dtype != np.uint8 or mask.ndim != 2:
        raise BadFrameError(f"{path} is not an instance mask (8-bit grey): {_REMEDY}")
    instances = [int(instance) for instance in np.unique(mask[mask > 0])]
    boxes = [cv2.boundingRect((mask == instance).astype(np.uint8)) for instance in instances]
    return tuple(
        LabelledBox(first_id + instance, "car", Box(*(float(side) for side in box)))
        for instance, box in zip(instances, boxes, strict=True)
    )
