"""The data sets that are recognised, each by the folders that are there.

SceneFlow    frames_finalpass/TRAIN/A/0000/left/0006.png    disparity/TRAIN/A/0000/left/0006.pfm    (FlyingThings3D)
             frames_cleanpass/funnyworld_x2/left/0001.png   disparity/funnyworld_x2/left/0001.pfm   (Monkaa, Driving)
KITTI        training/image_2/000000_10.png (2015) or colored_0, image_0 (2012)    training/disp_occ_0 or disp_occ
Cityscapes   leftImg8bit/train/ulm/ulm_000000_000019_leftImg8bit.png    disparity/train/ulm/..._disparity.png
Middlebury   venus/im2.ppm, disp2.pgm (2001, 2003)    Aloe/view1.png, disp1.png (2005, 2006)
             Adirondack/im0.png, disp0.pfm (2014, 2021)    trainingH/Pipes/im0.png, disp0GT.pfm, mask0nocc.png
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sterefo_core.errors import SourceError
from sterefo_core.learning import truth_files
from sterefo_core.learning.truth_files import Read
from sterefo_core.sources.reading import list_pictures, natural_order, read_picture

_FRAMES = ("frames_finalpass", "frames_cleanpass", "frames_finalpass_webp", "frames_cleanpass_webp")
"""The first that is there is read."""
_KITTI = (
    ("image_2", "image_3", "disp_occ_0", "disp_noc_0"),  # 2015
    ("colored_0", "colored_1", "disp_occ", "disp_noc"),  # 2012
    ("image_0", "image_1", "disp_occ", "disp_noc"),
)
_SCENES = (("im0", "im1", "disp0", "disp1"), ("im2", "im6", "disp2", "disp6"), ("view1", "view5", "disp1", "disp5"))
_SCALE = re.compile(r"_scale(\d+)$")
_SMALLEST_FULL, _SMALLEST_HALF, _SMALLEST_QUARTER = 1000, 520, 440  # px wide; they tell Middlebury's sizes apart


class Pair(NamedTuple):
    """The files of one example; `truth` reads what is known, None where nothing is."""

    left: Path
    right: Path
    truth: Read | None


def scene_flow(folder: Path) -> list[Pair]:
    """FlyingThings3D, Driving or Monkaa; `folder` is the set or, for a part of it, a folder inside its frames."""
    inside = next((parent for parent in (folder, *folder.parents) if parent.name in _FRAMES), None)
    frames = inside or next((folder / name for name in _FRAMES if (folder / name).is_dir()), None)
    if frames is None or not (frames.parent / "disparity").is_dir():
        return []
    return list(_scene_flow_pairs(frames, folder if inside else frames))


def _scene_flow_pairs(frames: Path, part: Path) -> Iterator[Pair]:
    for left in natural_order(path for path in part.rglob("left") if path.is_dir()):
        truths = frames.parent / "disparity" / left.relative_to(frames)
        for picture in list_pictures(left):
            truth = truths / f"{picture.stem}.pfm"
            right_truth = truths.with_name("right") / truth.name
            right_read = partial(truth_files.disparity_pfm, right_truth) if right_truth.is_file() else None
            read = partial(truth_files.checked, partial(truth_files.disparity_pfm, truth), right_read)
            yield Pair(picture, left.with_name("right") / picture.name, read)


def kitti_stereo(folder: Path) -> list[Pair]:
    """KITTI stereo 2012 or 2015; the pairs of its testing part, or without truth, come without one."""
    folder = folder / "training" if (folder / "training").is_dir() else folder
    for left, right, seen_or_not, seen in _KITTI:
        pictures = (
            [p for p in list_pictures(folder / left) if p.stem.endswith("_10")] if (folder / left).is_dir() else []
        )
        if pictures:
            return [Pair(p, folder / right / p.name, _kitti_truth(folder, p.name, seen_or_not, seen)) for p in pictures]
    return []


def _kitti_truth(folder: Path, name: str, seen_or_not: str, seen: str) -> Read | None:
    if not (folder / seen_or_not / name).is_file():
        return None
    return partial(truth_files.kitti, folder / seen_or_not / name, folder / seen / name, folder / "obj_map" / name)


def cityscapes(folder: Path) -> list[Pair]:
    """Cityscapes, or one of its parts by the path of the part's left pictures (`leftImg8bit/val`)."""
    inside = next((parent for parent in (folder, *folder.parents) if parent.name == "leftImg8bit"), None)
    lefts = inside or folder / "leftImg8bit"
    if not lefts.is_dir():
        return []
    found = (folder if inside else lefts).rglob("*_leftImg8bit.png")
    return [_cityscapes_pair(lefts.parent, left.relative_to(lefts)) for left in natural_order(found)]


def _cityscapes_pair(root: Path, left: Path) -> Pair:
    name = left.name.removesuffix("_leftImg8bit.png")
    truth = root / "disparity" / left.with_name(f"{name}_disparity.png")
    read = partial(truth_files.cityscapes, truth) if truth.is_file() else None
    return Pair(root / "leftImg8bit" / left, root / "rightImg8bit" / left.with_name(f"{name}_rightImg8bit.png"), read)


def middlebury(folder: Path) -> list[Pair]:
    """One Middlebury scene, or a folder of scenes."""
    scene = _middlebury_scene(folder)
    if scene is not None:
        return [scene]
    inside = natural_order(path for path in folder.iterdir() if path.is_dir())
    return [scene for scene in map(_middlebury_scene, inside) if scene is not None]


def _middlebury_scene(folder: Path) -> Pair | None:
    pictures = {path.stem: path for path in list_pictures(folder)}
    for left, right, truth, right_truth in _SCENES:
        if left in pictures and right in pictures:
            known, other = (_middlebury_truth(folder, name, left) for name in (truth, right_truth))
            if known is not None:
                checked = partial(truth_files.checked, known, other)
                seen = pictures.get("mask0nocc")
                read = checked if seen is None else partial(truth_files.masked, known, seen)
                return Pair(pictures[left], pictures[right], read)
    return None


def _middlebury_truth(folder: Path, name: str, left: str) -> Read | None:
    """`disp0.pfm` or `disp0GT.pfm` in px; `disp2.png` in parts of a px, by the size or by a `_scaleN` in its name."""
    for path in (folder / f"{name}.pfm", folder / f"{name}GT.pfm"):
        if path.is_file():
            return partial(truth_files.disparity_pfm, path)
    for path in list_pictures(folder):
        if _SCALE.sub("", path.stem) == name:
            scale = _SCALE.search(path.stem)
            return partial(truth_files.disparity_png, path, int(scale[1]) if scale else _stored_scale(path, left), 8)
    return None


def _stored_scale(path: Path, left: str) -> int:
    """Full-size sets store whole px; half-size ones 2 a px, a quarter (2003) 4, a third (2005, 2006) 3; 2001 had 8."""
    width = read_picture(path).shape[1]
    smallest = 3 if left == "view1" else 4 if width >= _SMALLEST_QUARTER else 8
    return 1 if width >= _SMALLEST_FULL else 2 if width >= _SMALLEST_HALF else smallest


LAYOUTS: dict[str, Callable[[Path], list[Pair]]] = {
    "SceneFlow": scene_flow,
    "KITTI stereo": kitti_stereo,
    "Cityscapes": cityscapes,
    "Middlebury": middlebury,
}


def recognised(folder: Path) -> tuple[str, list[Pair]]:
    """A name for the data set in a folder, and its pairs. Raises SourceError where there is none."""
    for name, layout in LAYOUTS.items():
        if pairs := layout(folder):
            return f"{name} {folder.resolve().name}", pairs  # several of a kind may stand in one table
    known = ", ".join(LAYOUTS)
    raise SourceError(f"{folder} holds no stereo data set with true disparities that is known ({known})")
