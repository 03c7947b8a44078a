"""Two real cameras side by side: their lenses, and where the right one stands as seen from the left one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sterefo_core.errors import CalibrationError

BROWN_COUNTS = (4, 5, 8, 12, 14)
"""Numbers of coefficients that OpenCV's model of a lens may have: k1 k2 p1 p2 [k3 [k4 k5 k6 [s1..s4 [t1 t2]]]]."""

_FISHEYE_COUNT = 4
_LARGEST_SIDE_PX = 16384
_LARGEST_TURN_DEG = 40  # between the two optical axes; beyond it hardly anything is seen by both
_UNDO = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-9)  # undistorting has no closed form


@dataclass(frozen=True, eq=False)
class CameraModel:
    """How one camera maps directions to pixels.

    Attributes:
        matrix: `(3, 3)` of focal lengths and principal point in px.
        distortion: `(n,)` coefficients in OpenCV's order, 4 to 14 of Brown's model, or 4 of the fisheye model.
        fisheye: which of the two models they are.
    """

    matrix: np.ndarray
    distortion: np.ndarray
    fisheye: bool = False

    def __post_init__(self) -> None:
        if self.matrix.shape != (3, 3) or not _finite(self.matrix) or not _is_camera_matrix(self.matrix):
            raise CalibrationError("the calibration has a camera matrix that no camera has: check the file")
        counts = (_FISHEYE_COUNT,) if self.fisheye else BROWN_COUNTS
        if self.distortion.ndim != 1 or len(self.distortion) not in counts or not _finite(self.distortion):
            expected = " or ".join(map(str, counts))
            raise CalibrationError(f"the calibration of a lens needs {expected} finite distortion coefficients")

    @property
    def focal_px(self) -> float:
        """Mean of the horizontal and the vertical focal length."""
        return float(self.matrix[0, 0] + self.matrix[1, 1]) / 2

    def undistorted(self, pixels: np.ndarray, rotation: np.ndarray, projection: np.ndarray) -> np.ndarray:
        """`(n, 2)` px of this camera as an ideal one, turned by `rotation`, with matrix `projection` sees them."""
        points = np.ascontiguousarray(pixels, np.float64).reshape(-1, 1, 2)
        if self.fisheye:
            ideal = cv2.fisheye.undistortPoints(points, self.matrix, self.distortion, None, rotation, projection)
        else:
            ideal = cv2.undistortPoints(points, self.matrix, self.distortion, None, rotation, projection, _UNDO)
        return ideal.reshape(-1, 2)

    def maps(
        self, rotation: np.ndarray, projection: np.ndarray, size: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """What `cv2.remap` needs to make the picture of that ideal camera, in its fast fixed-point form."""
        make = cv2.fisheye.initUndistortRectifyMap if self.fisheye else cv2.initUndistortRectifyMap
        return make(self.matrix, self.distortion, rotation, projection, size, cv2.CV_16SC2)


@dataclass(frozen=True, eq=False)
class StereoRig:
    """A calibrated stereo camera: a point X metres from the left eye is at `rotation @ X + translation_m` of the right.

    Attributes:
        size: width and height of each picture as the cameras give it.
        rotation: `(3, 3)`. translation_m: `(3,)`, to the left for a right camera on the right: its x is negative.
        when: date of the calibration, "2026-05-01", or "".
        made_from: for a person: board and number of views, or where it was imported from.
        rms_px: reprojection error over all corners of both views. epipolar_px: root mean square difference of rows of
            the same corner after rectification. None where not known.

    Raises:
        CalibrationError: no stereo camera has these numbers, or its cameras are not side by side.
    """

    size: tuple[int, int]
    left: CameraModel
    right: CameraModel
    rotation: np.ndarray
    translation_m: np.ndarray
    when: str = ""
    made_from: str = ""
    rms_px: float | None = None
    epipolar_px: float | None = None

    def __post_init__(self) -> None:
        if not all(16 <= side <= _LARGEST_SIDE_PX for side in self.size):
            raise CalibrationError("the calibration is of pictures {}x{}, which no camera gives".format(*self.size))
        if self.rotation.shape != (3, 3) or self.translation_m.shape != (3,):
            raise CalibrationError("the calibration needs a 3x3 rotation and a translation of 3 numbers")
        if not _is_rotation(self.rotation) or not _is_place(self.translation_m):
            raise CalibrationError("the calibration says an impossible place of the right camera: check the file")
        self._check_side_by_side()

    @property
    def baseline_m(self) -> float:
        """Distance between the two optical centres."""
        return float(np.linalg.norm(self.translation_m))

    def _check_side_by_side(self) -> None:
        turn = np.degrees(np.arccos(np.clip((np.trace(self.rotation) - 1) / 2, -1, 1)))
        if turn > _LARGEST_TURN_DEG:
            raise CalibrationError(f"the cameras are turned against each other by {turn:.0f} degrees: align them")
        place = -self.rotation.T @ self.translation_m / self.baseline_m  # of the right camera, seen from the left one
        if place[0] < -0.7:
            raise CalibrationError("the right camera stands to the left of the left one: swap the two")
        if place[0] < 0.7:
            raise CalibrationError("the cameras do not stand side by side: only such pairs can be used")


def _finite(numbers: np.ndarray) -> bool:
    return bool(np.isfinite(numbers).all())


def _is_camera_matrix(matrix: np.ndarray) -> bool:
    sensible = np.abs(matrix).max() < 1e6
    return bool(sensible and min(matrix[0, 0], matrix[1, 1]) > 1 and np.allclose(matrix[2], (0, 0, 1)))


def _is_place(metres: np.ndarray) -> bool:
    return bool(1e-4 < np.abs(metres).max() < 1e3)  # not so where one is not a number


def _is_rotation(matrix: np.ndarray) -> bool:
    if not _finite(matrix) or np.abs(matrix).max() > 2:
        return False
    return bool(np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-3) and np.linalg.det(matrix) > 0)
