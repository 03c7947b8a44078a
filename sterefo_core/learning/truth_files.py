"""How each data set writes down its true disparities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from sterefo_core.errors import BadFrameError
from sterefo_core.learning.pfm import read_pfm
from sterefo_core.sources.reading import decode

_SAME_POINT_PX = 1.0  # two disparities of one point may differ by this much; Middlebury's own check has it so
_REMEDY = "copy it again, or move it away to go on without it"


class Known(NamedTuple):
    """What a data set knows of a left picture; see `samples.StereoSample`. Disparities that are not valid are 0."""

    disparity: np.ndarray
    valid: np.ndarray
    occluded: np.ndarray | None = None
    foreground: np.ndarray | None = None


Read = Callable[[], Known]


def disparity_png(path: Path, per_px: float, bits: int, zero_at: int = 0) -> Known:
    """A grey PNG that stores disparity times `per_px` plus `zero_at`; 0 is unknown. Raises BadFrameError."""
    stored = decode(path, cv2.IMREAD_UNCHANGED)
    if stored.dtype != (np.uint16 if bits == 16 else np.uint8) or stored.ndim != 2:
        raise BadFrameError(f"{path} is not a disparity map ({bits}-bit grey, 0 = unknown): {_REMEDY}")
    valid = stored > 0
    return Known(np.where(valid, (stored - np.float32(zero_at)) / np.float32(per_px), 0), valid)


def disparity_pfm(path: Path) -> Known:
    """A PFM, where what is not finite is unknown; some sets count the disparity of the left picture negative."""
    stored = np.abs(read_pfm(path))
    valid = np.isfinite(stored)
    return Known(np.where(valid, stored, 0), valid)


def kitti(seen_or_not: Path, seen: Path, objects: Path) -> Known:
    """KITTI stereo: all disparities, those that both cameras see, and instance masks; the last two if there."""
    known = disparity_png(seen_or_not, 256, 16)
    if seen.is_file():
        known = known._replace(occluded=known.valid & ~disparity_png(seen, 256, 16).valid)
    if objects.is_file():
        known = known._replace(foreground=decode(objects, cv2.IMREAD_GRAYSCALE) > 0)
    return known


def cityscapes(path: Path) -> Known:
    """Cityscapes, computed by semi-global matching: 16 bits, (value - 1) / 256 px, 0 = unknown."""
    return disparity_png(path, 256, 16, zero_at=1)


def checked(left: Read, right: Read | None) -> Known:
    """Left truth with the occlusion that the right picture's truth tells, where there is one."""
    known = left()
    return known if right is None else known._replace(occluded=occluded_by(known, right()))


def masked(left: Read, seen: Path) -> Known:
    """Left truth with the occlusion that Middlebury's third evaluation masks: 255 is seen by both."""
    known = left()
    mask = decode(seen, cv2.IMREAD_GRAYSCALE)
    if mask.shape != known.valid.shape:
        raise BadFrameError(f"{seen} has another size than the true disparities: copy both again")
    return known._replace(occluded=known.valid & (mask != 255))


def occluded_by(left: Known, right: Known) -> np.ndarray:
    """`(H, W)` bool: left pixels whose point is outside the right picture, or behind what that sees there.

    Raises BadFrameError where the maps have different sizes.
    """
    if left.valid.shape != right.valid.shape:
        raise BadFrameError("the true disparities of the left and of the right picture have different sizes")
    rows, columns = np.nonzero(left.valid)
    seen = columns - left.disparity[rows, columns]
    nearest = np.clip(np.rint(seen), 0, left.valid.shape[1] - 1).astype(int)
    nearer = right.disparity[rows, nearest] - left.disparity[rows, columns] > _SAME_POINT_PX
    occluded = np.zeros(left.valid.shape, bool)
    occluded[rows, columns] = (seen < 0) | (nearer & right.valid[rows, nearest])
    return occluded
