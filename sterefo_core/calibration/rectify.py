"""Rectification: pictures of two real cameras become those of two ideal ones, looking the same way, row beside row."""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.calibration.rig import CameraModel, StereoRig
from sterefo_core.errors import CalibrationError, SourceError
from sterefo_core.types import Calibration

_SMALLEST_SIDE_PX = 64
_LARGEST_GROWTH = 3.0  # of a side of the picture by undistorting it: more is a nonsensical lens
_WIDEST = np.tan(np.radians(60))  # an ideal camera shows no wider half angle usefully
_PLAIN = np.eye(3)


class Rectifier:
    """Rectifies the pairs of a calibrated rig; implements `live.Rectification`.

    The ideal cameras have the rig's mean focal length, so the pictures keep their resolution, and share one principal
    point, so disparity is 0 at infinity. Only what both cameras see in full is kept: no black rim, the same rows in
    both pictures.

    Raises:
        CalibrationError: the two cameras see too little in common.
    """

    def __init__(self, rig: StereoRig) -> None:
        none = np.zeros(4)
        self._rig = rig
        self._turns = cv2.stereoRectify(
            rig.left.matrix, none, rig.right.matrix, none, rig.size, rig.rotation, rig.translation_m.reshape(3, 1)
        )[:2]
        focal_px = (rig.left.focal_px + rig.right.focal_px) / 2
        left, top, right, bottom = _seen_by_both(rig, self._turns)
        first, last = np.ceil(np.array([left, top]) * focal_px), np.floor(np.array([right, bottom]) * focal_px)
        width, height = (last - first + 1) // 2 * 2  # even, as video codecs want it
        _check_size(width, height, rig)
        self.size: tuple[int, int] = (int(width), int(height))
        self.calibration = Calibration(focal_px, rig.baseline_m, float(-first[0]), float(-first[1]))
        self._projection = np.array([[focal_px, 0, -first[0]], [0, focal_px, -first[1]], [0, 0, 1]])
        self._left, self._right = (
            eye.maps(turn, self._projection, self.size)
            for eye, turn in zip((rig.left, rig.right), self._turns, strict=True)
        )

    @property
    def told(self) -> str:
        """What was done, for a person."""
        error = "" if self._rig.epipolar_px is None else f", {self._rig.epipolar_px:.2f} px"
        return f"calibrated {self._rig.when}".rstrip() + error

    def apply(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rectified pair, `(height, width, 3)` uint8. Raises SourceError for pictures of another size."""
        check_pair(left, right, self._rig.size)
        return cv2.remap(left, *self._left, cv2.INTER_LINEAR), cv2.remap(right, *self._right, cv2.INTER_LINEAR)

    def corners(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`(n, 2)` px of the two cameras' pictures as `(n, 2)` px of the rectified ones."""
        return (
            self._rig.left.undistorted(left, self._turns[0], self._projection),
            self._rig.right.undistorted(right, self._turns[1], self._projection),
        )


def check_pair(left: np.ndarray, right: np.ndarray, size: tuple[int, int]) -> None:
    """Raise SourceError unless both pictures are of the `size` (width, height) that the cameras had."""
    for picture in (left, right):
        if picture.shape[1::-1] != size:
            found = "{}x{} pixels, but was calibrated with {}x{}".format(*picture.shape[1::-1], *size)
            raise SourceError(f"the camera gives {found}: calibrate it at this size, or set the size that it had")


def _check_size(width: float, height: float, rig: StereoRig) -> None:
    if not min(width, height) >= _SMALLEST_SIDE_PX:
        raise CalibrationError("the two cameras see too little in common: calibrate again, or align them better")
    if width > rig.size[0] * _LARGEST_GROWTH or height > rig.size[1] * _LARGEST_GROWTH:
        raise CalibrationError("the calibration has lenses that no camera has: calibrate again")


def _seen_by_both(rig: StereoRig, turns: tuple[np.ndarray, np.ndarray]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the largest upright rectangle that both cameras fill, at focal length 1."""
    areas = [_filled(eye, turn, rig.size) for eye, turn in zip((rig.left, rig.right), turns, strict=True)]
    (left, top, right, bottom) = np.array(areas).T
    return left.max(), top.max(), right.min(), bottom.min()


def _filled(eye: CameraModel, turn: np.ndarray, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """The rectangle inside the four curves that the picture's sides become."""
    along, width, height = np.linspace(0, 1, 65), size[0] - 1, size[1] - 1
    zero, one = np.zeros_like(along), np.ones_like(along)
    sides = ((zero, along), (along, zero), (one, along), (along, one))  # left, top, right, bottom
    left, top, right, bottom = (
        np.clip(eye.undistorted(np.stack([x * width, y * height], axis=1), turn, _PLAIN), -_WIDEST, _WIDEST)
        for x, y in sides
    )
    return left[:, 0].max(), top[:, 1].max(), right[:, 0].min(), bottom[:, 1].min()
