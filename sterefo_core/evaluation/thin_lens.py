"""True defocus: a scene seen through every part of the lens, added up in linear light.

Each ray bundle of a thin lens of diameter A is a pinhole view from one point of the aperture, shifted so that the focal
plane stays in place. The mean of several hundred of them, spread evenly over the aperture, is what the lens sees: with
the true occlusion, and with the surfaces that the left eye cannot see.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from sterefo_core.errors import SterefoError
from sterefo_core.scenes.layers import RIGHT_EYE, LeftView, Scene, paint_view, render_left, render_view
from sterefo_core.scenes.studies import KINDS, study_scene

FOCUSES = ("near", "middle", "far")
RADII_PX = (12.0, 25.0)
_AREA_PER_VIEW_PX = 2.0  # of the largest blur disk: wider gaps than 1.4 px between views would show in highlights
_FEWEST_VIEWS, _MOST_VIEWS = 256, 1024
_SMALLEST_OBJECT = 0.002  # of the picture: what nobody would focus on
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


@dataclass(frozen=True, eq=False)
class RefocusCase:
    """One refocusing task with its true answer. Pictures are `(H, W, 3)` float32 linear light, which may exceed 1.

    Attributes:
        kind, seed: which scene, see `scenes.studies.study_scene`.
        left, right: the scene with everything in focus, from the two eyes.
        disparity: `(H, W)` float32 px, exact. object_ids: `(H, W)` int32.
        focus: "near", "middle" or "far". focus_disparity: the same in px.
        aperture: blur radius in px per px of disparity, such that the largest blur in the picture is `radius_px`.
        truth: what the lens sees.
        known: `(H, W)` bool, where the truth is one; None for everywhere.
    """

    kind: str
    seed: int
    left: np.ndarray
    right: np.ndarray
    disparity: np.ndarray
    object_ids: np.ndarray
    focus: str
    focus_disparity: float
    radius_px: float
    aperture: float
    truth: np.ndarray
    known: np.ndarray | None = None


def aperture_points(count: int) -> np.ndarray:
    """`(count, 2)` points of the unit disk, each standing for the same area, centred on 0 (a sunflower, Vogel 1979)."""
    turn = np.arange(count)
    radius, angle = np.sqrt((turn + 0.5) / count), turn * _GOLDEN_ANGLE
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points - points.mean(axis=0)


def thin_lens(
    scene: Scene, focus_disparity: float, aperture: float, size: tuple[int, int] = (1242, 375), samples: int = 512
) -> np.ndarray:
    """The scene through a lens focused on `focus_disparity` px: `(H, W, 3)` float32 linear light.

    `aperture` is the blur radius in px per px of disparity, A / (2 b), >= 0; `size` is (width, height); `samples` > 0
    is the number of views averaged. The time taken is that of as many views.
    """
    total = np.zeros((size[1], size[0], 4), dtype=np.float32)
    view = np.empty_like(total)
    for point in aperture_points(samples) * aperture:
        view.fill(0)
        paint_view(scene, (point[0], point[1]), focus_disparity, view)
        cv2.accumulate(view, total)
    return total[..., :3] / np.float32(samples)


def views_needed(radius_px: float) -> int:
    """How many views make a disk of this radius look smooth."""
    return min(max(round(math.pi * radius_px**2 / _AREA_PER_VIEW_PX), _FEWEST_VIEWS), _MOST_VIEWS)


def focus_disparities(view: LeftView) -> dict[str, float]:
    """The median disparity of the nearest, the middle and the farthest visible object, by the names in FOCUSES."""
    ids, counts = np.unique(view.object_ids, return_counts=True)
    ids = ids[counts >= _SMALLEST_OBJECT * view.object_ids.size]
    medians = sorted(float(np.median(view.disparity[view.object_ids == i])) for i in ids)
    halfway = (medians[0] + medians[-1]) / 2
    return {"near": medians[-1], "middle": min(medians, key=lambda d: abs(d - halfway)), "far": medians[0]}


def thin_lens_cases(
    size: tuple[int, int] = (1242, 375),
    *,
    kinds: tuple[str, ...] = KINDS,
    seeds: tuple[int, ...] = (0,),
    focuses: tuple[str, ...] = FOCUSES,
    radii_px: tuple[float, ...] = RADII_PX,
    cache: Path | None = None,
) -> Iterator[RefocusCase]:
    """Every combination of scene, focus and largest blur radius, one at a time; the same ones on every call.

    `cache` is a folder where truths are kept between runs (made if absent): a truth is read from there only if scene
    and lens are the same to the last bit.
    """
    for kind, seed in itertools.product(kinds, seeds):
        scene = study_scene(kind, size, seed)
        view, right = render_left(scene, size), render_view(scene, RIGHT_EYE, size)
        planes = focus_disparities(view)
        for focus, radius_px in itertools.product(focuses, radii_px):
            plane = planes[focus]
            aperture = radius_px / float(np.abs(view.disparity - plane).max())
            truth = _truth(scene, (plane, aperture, size, views_needed(radius_px)), cache)
            yield RefocusCase(
                kind, seed, view.image, right, view.disparity, view.object_ids, focus, plane, radius_px, aperture, truth
            )


def _truth(scene: Scene, lens: tuple[float, float, tuple[int, int], int], cache: Path | None) -> np.ndarray:
    """`thin_lens(scene, *lens)`, from the cache where it is there."""
    if cache is None:
        return thin_lens(scene, *lens)
    path = cache / f"{_fingerprint(scene, lens)}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["truth"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        truth = thin_lens(scene, *lens)
        _store(path, truth)
        return truth


def _store(path: Path, truth: np.ndarray) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent) as unfinished:
            np.savez(Path(unfinished) / path.name, truth=truth)
            (Path(unfinished) / path.name).replace(path)
    except OSError as error:
        raise SterefoError(f"cannot keep a rendered truth in {path.parent}: {error.strerror or error}") from error


def _fingerprint(scene: Scene, lens: object) -> str:
    digest = hashlib.blake2b(repr(lens).encode(), digest_size=16)
    for layer in scene.layers:
        digest.update(layer.texture.tobytes())
        digest.update(repr((layer.to_left.tolist(), layer.disparity, layer.texture.shape)).encode())
    return digest.hexdigest()
