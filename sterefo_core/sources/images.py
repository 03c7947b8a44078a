"""Pairs of pictures that belong to no known data set: two folders, two patterns, Middlebury scenes."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from sterefo_core.errors import SourceError
from sterefo_core.sources.reading import PicturePair, PictureSource, is_picture, list_pictures, natural_order
from sterefo_core.types import Calibration

RATE_HZ = 25.0
"""Pictures say nothing about time: they are played at this rate."""

_SIDE_FOLDERS = (("left", "right"), ("image_left", "image_right"))
_SCENE_PICTURES = (("im2", "im6"), ("im0", "im1"), ("view1", "view5"))  # Middlebury 2003, 2014 and 2021, 2005 and 2006
_LAST_NUMBER = re.compile(r"\d+(?=\D*$)")


def expand(text: str) -> list[Path]:
    """What one half of "LEFT,RIGHT" stands for: the pictures of a folder or of a pattern, or the one file; else []."""
    path = Path(text).expanduser().absolute()
    if path.is_dir():
        return list_pictures(path)
    if path.exists():
        return [path]
    matches = glob.glob(str(path))  # noqa: PTH207  (Path.glob takes no absolute pattern)
    return natural_order(match for match in map(Path, matches) if is_picture(match))


def open_pictures(left: Sequence[Path], right: Sequence[Path]) -> PictureSource:
    """A source of two lists of pictures, as long as their longest numbering."""
    pairs = match_pictures(left, right)
    common = Path(os.path.commonpath([left[0].parent, right[0].parent]))
    return _source(common.name or "pictures", "two lists of pictures", pairs, None)


def recognise_pictures(folder: Path) -> PictureSource | None:
    """A folder with `left` and `right` subfolders or with a Middlebury scene; None for anything else."""
    for left, right in _SIDE_FOLDERS:
        if (folder / left).is_dir() and (folder / right).is_dir():
            lists = list_pictures(folder / left), list_pictures(folder / right)
            for side, pictures in zip((left, right), lists, strict=True):
                if not pictures:
                    raise SourceError(f"{folder / side} holds no pictures: put those of that camera there")
            return _source(folder.name, "left and right folders", match_pictures(*lists), _scene_calibration(folder))
    named = {path.stem: path for path in list_pictures(folder)}
    for left, right in _SCENE_PICTURES:
        if left in named and right in named:
            pair = (named[left], named[right])
            return _source(folder.name, "Middlebury scene", [pair], _scene_calibration(folder))
    return None


def match_pictures(left: Sequence[Path], right: Sequence[Path]) -> list[tuple[Path, Path]]:
    """The pairs of two non-empty lists: of equal numbers where the names share some, else in the order given.

    A number that one list lacks, or a hole in the numbering of both, gives a pair with a path that does not exist.

    Raises:
        SourceError: the lists share no numbers and have different lengths.
    """
    lefts, rights = _by_number(left), _by_number(right)
    if len(lefts) == len(left) and len(rights) == len(right) and not lefts.keys().isdisjoint(rights):
        numbers = sorted(lefts.keys() | rights.keys())
        step = min((after - before for before, after in pairwise(numbers)), default=1)
        return [
            (lefts.get(number) or _renumbered(left[0], number), rights.get(number) or _renumbered(right[0], number))
            for number in with_holes(numbers, step)
        ]
    if len(left) != len(right):
        raise SourceError(
            f"{left[0].parent} has {len(left)} pictures and {right[0].parent} has {len(right)}, and their names share "
            "no numbers: number the pictures of a pair alike"
        )
    return list(zip(left, right, strict=True))


def with_holes(numbers: Collection[int], step: int) -> list[int]:
    """The numbers and, in a numbering with this step, those that are absent between the lowest and the highest.

    Names made of clock times have no such numbering: nothing is added if it would mean nine holes for each picture.
    """
    first, last = min(numbers), max(numbers)
    if last - first >= 10 * len(numbers) * step or not set(numbers) <= set(range(first, last + 1, step)):
        return sorted(numbers)
    return list(range(first, last + 1, step))


def _by_number(pictures: Sequence[Path]) -> dict[int, Path]:
    found = ((_LAST_NUMBER.search(path.stem), path) for path in pictures)
    return {int(number.group()): path for number, path in found if number}


def _renumbered(example: Path, number: int) -> Path:
    """The path that picture `number` would have if it were named like `example`."""
    stem = _LAST_NUMBER.sub(lambda old: str(number).zfill(len(old.group())), example.stem)
    return example.with_name(stem + example.suffix)


def _source(name: str, kind: str, pairs: Sequence[tuple[Path, Path]], calibration: Calibration | None) -> PictureSource:
    timed = [PicturePair(left, right, index / RATE_HZ, calibration) for index, (left, right) in enumerate(pairs)]
    return PictureSource(name, kind, timed)


@np.errstate(over="ignore", invalid="ignore")  # what is not finite then is told
def _scene_calibration(folder: Path) -> Calibration | None:
    """Middlebury's `calib.txt`: cam0 and cam1 are 3 x 3 matrices in px, the baseline is in mm; None without a file."""
    path = folder / "calib.txt"
    if not path.is_file():
        return None
    lines = dict(line.split("=", 1) for line in path.read_text("utf-8", "replace").splitlines() if "=" in line)
    try:
        camera0, camera1 = (
            np.array(lines[name].strip("[] ").replace(";", " ").split(), dtype=float).reshape(3, 3)
            for name in ("cam0", "cam1")
        )
        baseline_mm = float(lines["baseline"])
    except (KeyError, ValueError):
        raise SourceError(
            f"{path} does not give cam0, cam1 and baseline as Middlebury does: correct it or move it away"
        ) from None
    focal_px, offset_px = camera0[0, 0], camera1[0, 2] - camera0[0, 2]
    if not (focal_px > 0 and 0 < baseline_mm < np.inf and np.isfinite([camera0, camera1]).all()):
        raise SourceError(
            f"{path} gives focal length {focal_px:g} px and baseline {baseline_mm:g} mm, both must be finite and above "
            "0: correct it or move it away"
        )
    return Calibration(
        float(focal_px), baseline_mm / 1000, float(camera0[0, 2]), float(camera0[1, 2]), float(offset_px)
    )
