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

Pair = tuple[np.ndarray, np.ndarray]


class Rectifier:
    """Rectifies the pairs of a calibrated rig; implements `live.Rectification`.

    The ideal cameras have the rig's mean focal length, so the pictures keep their resolution, and share one principal
    point, so disparity is 0 at infinity.

    Attributes:
        rig: what was measured of the cameras.

    Raises:
        CalibrationError: the two cameras see too little in common.
    """

    def __init__(self, rig: StereoRig) -> None:
        self.rig = rig
        none, shift = np.zeros(4), rig.translation_m.reshape(3, 1)
        turns = cv2.stereoRectify(rig.left.matrix, none, rig.right.matrix, none, rig.size, rig.rotation, shift)[:2]
        focal_px = (rig.left.focal_px + rig.right.focal_px) / 2
        self._ideal = IdealPair((rig.left, rig.right), turns, rig.size, focal_px)
        self.size = self._ideal.size
        self.calibration = Calibration(focal_px, rig.baseline_m, *self._ideal.centre)

    @property
    def told(self) -> str:
        """What was done, for a person."""
        error = "" if self.rig.epipolar_px is None else f", {self.rig.epipolar_px:.2f} px"
        return f"calibrated {self.rig.when}".rstrip() + error

    def apply(self, left: np.ndarray, right: np.ndarray) -> Pair:
        """The rectified pair, `(height, width, 3)` uint8. Raises SourceError for pictures of another size."""
        return self._ideal.apply(left, right)

    def corners(self, left: np.ndarray, right: np.ndarray) -> Pair:
        """`(n, 2)` px of the two cameras' pictures as `(n, 2)` px of the rectified ones."""
        return self._ideal.points(left, right)


class IdealPair:
    """Two turned cameras without distortion, of one focal length, and how to make their pictures from real ones.

    Only what both real cameras see in full is kept: no black rim, the same rows in both pictures.

    Args:
        eyes: the real cameras, left and right. turns: rotations that make both look the same way.
        size: width and height of the real pictures.
        focal_px: of the ideal cameras.
        shift_px: by which the right picture is moved to the left, which adds to every disparity.
        same_size: make pictures as large as the real ones, by a longer focal length where less is seen by both.

    Attributes:
        size: width and height of the pictures made. centre: principal point of the left one.

    Raises:
        CalibrationError: too little is seen by both.
    """

    def __init__(
        self,
        eyes: tuple[CameraModel, CameraModel],
        turns: Pair,
        size: tuple[int, int],
        focal_px: float,
        *,
        shift_px: float = 0.0,
        same_size: bool = False,
    ) -> None:
        self._eyes, self._turns, self._real_size = eyes, turns, size
        areas = np.array([_filled(eye, turn, size) for eye, turn in zip(eyes, turns, strict=True)])
        areas[1, [0, 2]] -= shift_px / focal_px
        first, last = areas[:, :2].max(axis=0), areas[:, 2:].min(axis=0)
        _check_extent((last - first) * focal_px, size)
        zoom = float(max((np.array(size) - 1) / (last - first) / focal_px)) if same_size else 1.0
        focal_px, shift_px = focal_px * zoom, shift_px * zoom
        corner = np.ceil(first * focal_px)
        made = (np.floor(last * focal_px) - corner + 1) // 2 * 2  # even, as video codecs want it
        if same_size:
            made, corner = np.array(size), (first + last) / 2 * focal_px - (np.array(size) - 1) / 2
        self.size: tuple[int, int] = (int(made[0]), int(made[1]))
        self.centre: tuple[float, float] = (float(-corner[0]), float(-corner[1]))
        self._projections = [
            np.array([[focal_px, 0, self.centre[0] - shift], [0, focal_px, self.centre[1]], [0, 0, 1]])
            for shift in (0.0, shift_px)
        ]
        self._left, self._right = (
            eye.maps(turn, projection, self.size)
            for eye, turn, projection in zip(eyes, turns, self._projections, strict=True)
        )

    def apply(self, left: np.ndarray, right: np.ndarray) -> Pair:
        """The pictures of the ideal cameras. Raises SourceError for pictures of another size."""
        check_pair(left, right, self._real_size)
        return cv2.remap(left, *self._left, cv2.INTER_LINEAR), cv2.remap(right, *self._right, cv2.INTER_LINEAR)

    def points(self, left: np.ndarray, right: np.ndarray) -> Pair:
        """`(n, 2)` px of the real pictures as `(n, 2)` px of those made."""
        in_left, in_right = (
            eye.undistorted(pixels, turn, projection)
            for eye, pixels, turn, projection in zip(
                self._eyes, (left, right), self._turns, self._projections, strict=True
            )
        )
        return in_left, in_right


def check_pair(left: np.ndarray, right: np.ndarray, size: tuple[int, int]) -> None:
    """Raise SourceError unless both pictures are of the `size` (width, height) that the cameras had."""
    for picture in (left, right):
        if picture.shape[1::-1] != size:
            found = "{}x{} pixels, but was calibrated with {}x{}".format(*picture.shape[1::-1], *size)
            raise SourceError(f"the camera gives {found}: calibrate it at this size, or set the size that it had")


def _check_extent(extent: np.ndarray, size: tuple[int, int]) -> None:
    if not extent.min() >= _SMALLEST_SIDE_PX:
        raise CalibrationError("the two cameras see too little in common: calibrate again, or align them better")
    if (extent > np.array(size) * _LARGEST_GROWTH).any():
        raise CalibrationError("the calibration has lenses that no camera has: calibrate again")


def _filled(eye: CameraModel, turn: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Left, top, right and bottom, at focal length 1, inside the four curves that the picture's sides become."""
    along, width, height = np.linspace(0, 1, 65), size[0] - 1, size[1] - 1
    zero, one = np.zeros_like(along), np.ones_like(along)
    sides = ((zero, along), (along, zero), (one, along), (along, one))  # left, top, right, bottom
    left, top, right, bottom = (
        np.clip(eye.undistorted(np.stack([x * width, y * height], axis=1), turn, _PLAIN), -_WIDEST, _WIDEST)
        for x, y in sides
    )
    return np.array([left[:, 0].max(), top[:, 1].max(), right[:, 0].min(), bottom[:, 1].min()])
