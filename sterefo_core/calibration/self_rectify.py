"""Rectification without a calibration, for cameras that are nearly parallel, from what both of them see.

Small turns of both cameras and a difference of their focal lengths are found such that matched features come to lie in
the same rows (A. Fusiello, L. Irsara, "Quasi-Euclidean uncalibrated epipolar rectification", ICPR 2008). How far away
things are stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from sterefo_core.calibration.rectify import IdealPair, Pair
from sterefo_core.calibration.rig import CameraModel
from sterefo_core.errors import CalibrationError

FEWEST_MATCHES = 40
"""Matches that must agree, of all pairs together."""

_FEATURES = 2000
_WORKING_WIDTH = 1280
_RATIO = 0.8  # of the distances to the best and the second-best match (Lowe, "Distinctive image features", IJCV 2004)
_FARTHEST_UP, _FARTHEST_ASIDE = (
    0.15,
    0.4,
)  # of height and width: no match is farther from its place in the other picture
_ROUGH = 0.01  # of the height: how far a match may be off the first, linear estimate
_DRAWS = 400
_USUAL_FOCAL = 0.85  # of the width; rows hardly tell it, and a wrong one hardly matters for small turns
_ROUNDS = 15
_TYPICAL_NOISE_PX = 0.5
# How large each unknown may be: pitch, yaw, roll of the right camera, its focal length, yaw and roll of the left one.
# The last two are seen only where things are at several distances, so they are held back more.
_LIKELY = np.array([0.05, 0.05, 0.05, 0.03, 0.02, 0.02])
_LARGEST_ERROR_PX = 1.5
_ALIGNED_PX = 0.5  # rows that agree so well are left alone
_FARTHEST_PERCENTILE, _FARTHEST_PX = 2.0, 2.0  # the farthest matches get at least this disparity
_SQUINT_PERCENTILE = 5.0  # cameras squint where more lies on the wrong side; of good pairs, up to 2 % are mismatched so


class SelfRectification:
    """Rows aligned from matched features, pictures of the same size; implements `live.Rectification`, without metres.

    Args:
        pairs: one or more pairs of pictures, `(H, W, 3)` uint8; several, of different things, do better.

    Attributes:
        matches: how many matches agree. error_px: the median difference of their rows afterwards.
        needed: whether it improves anything: rows differed before, or the cameras squint.

    Raises:
        CalibrationError: there are too few matches, or no small turn of the cameras explains them.
    """

    calibration = None

    def __init__(self, pairs: Sequence[Pair]) -> None:
        height, width = pairs[0][0].shape[:2]
        left, right = _consistent(*_matched(pairs), height)
        if len(left) < FEWEST_MATCHES:
            raise _not_aligned(f"only {len(left)} matches agree")
        focal_px = _USUAL_FOCAL * width
        unknowns = _fitted(left, right, focal_px, (width / 2, height / 2))
        eyes, turns = _cameras(unknowns, focal_px, (width / 2, height / 2))
        flat = IdealPair(eyes, turns, (width, height), focal_px)
        in_left, in_right = flat.points(left, right)
        rows = np.abs(in_left[:, 1] - in_right[:, 1])
        good = rows < 3 * _LARGEST_ERROR_PX
        self.matches, self.error_px = int(good.sum()), float(np.median(rows))
        if self.error_px > _LARGEST_ERROR_PX:
            raise _not_aligned(f"rows differ by {self.error_px:.1f} px")
        farthest = float(np.percentile((in_left - in_right)[good, 0], _FARTHEST_PERCENTILE))
        shift_px = max(_FARTHEST_PX - farthest, 0.0)
        self.needed = _leaves_something(*(left - right)[good].T)
        self._ideal = IdealPair(eyes, turns, (width, height), focal_px, shift_px=shift_px, same_size=True)
        self.size = self._ideal.size

    @property
    def told(self) -> str:
        """What was done, for a person."""
        return f"self-rectified from {self.matches} matches, not calibrated"

    def apply(self, left: np.ndarray, right: np.ndarray) -> Pair:
        """The aligned pair, `(height, width, 3)` uint8. Raises SourceError for pictures of another size."""
        return self._ideal.apply(left, right)


def aligned_by_sight(left: np.ndarray, right: np.ndarray) -> SelfRectification | None:
    """What aligns the rows of two cameras, from one pair; None where they agree already, or too little is seen.

    Takes some tenths of a second.
    """
    try:
        found = SelfRectification([(left, right)])
    except CalibrationError:
        return None
    return found if found.needed else None


def _leaves_something(aside: np.ndarray, down: np.ndarray) -> bool:
    """Whether matches so far apart need aligning: rows differ, or the far lies left and the near right of its match.

    All on the wrong side means that the eyes are swapped, which is the user's to mend.
    """
    far, near = np.percentile(aside, (_SQUINT_PERCENTILE, 100 - _FARTHEST_PERCENTILE))
    return bool(np.median(np.abs(down)) > _ALIGNED_PX or far < -_FARTHEST_PX < _FARTHEST_PX < near)


def _not_aligned(why: str) -> CalibrationError:
    return CalibrationError(f"the cameras cannot be aligned by what they see ({why}): calibrate them")


def _matched(pairs: Sequence[Pair]) -> Pair:
    """`(n, 2)` px in the left and in the right pictures of features that both show."""
    found = [_matches(left, right) for left, right in pairs]
    return np.concatenate([left for left, _ in found]), np.concatenate([right for _, right in found])


def _matches(left: np.ndarray, right: np.ndarray) -> Pair:
    scale = max(left.shape[1] / _WORKING_WIDTH, 1.0)
    (points_left, traits_left), (points_right, traits_right) = (_features(picture, scale) for picture in (left, right))
    if traits_left is None or traits_right is None or min(len(traits_left), len(traits_right)) < 2:
        return np.empty((0, 2)), np.empty((0, 2))
    # Each must be the other's best: of repeated things, such as windows, one is easily taken for its neighbour.
    best = sorted(_best(traits_left, traits_right) & {(one, other) for other, one in _best(traits_right, traits_left)})
    in_left, in_right = points_left[[one for one, _ in best]], points_right[[other for _, other in best]]
    farthest = (_FARTHEST_ASIDE * left.shape[1], _FARTHEST_UP * left.shape[0])
    near = (np.abs(in_left - in_right) < farthest).all(axis=1)
    return in_left[near], in_right[near]


def _best(traits: np.ndarray, others: np.ndarray) -> set[tuple[int, int]]:
    """Which of the others each is most like, as indices of both, where no second one is nearly as like."""
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(traits, others, k=2)
    return {(one.queryIdx, one.trainIdx) for one, second in pairs if one.distance < _RATIO * second.distance}


def _features(picture: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray | None]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if scale > 1:
        grey = cv2.resize(grey, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    points, traits = cv2.SIFT.create(nfeatures=_FEATURES).detectAndCompute(grey, None)
    pixels = cv2.KeyPoint.convert(points) if points else np.empty((0, 2))
    return (np.asarray(pixels, np.float64).reshape(-1, 2) + 0.5) * scale - 0.5, traits


def _consistent(left: np.ndarray, right: np.ndarray, height: int) -> Pair:
    """The matches that agree with one shift, roll and scale (RANSAC: the plane in x, y that most of them lie near)."""
    if len(left) < FEWEST_MATCHES:
        return left, right
    random = np.random.default_rng(0)
    known = np.column_stack([np.ones(len(right)), right / height])
    up = left[:, 1] - right[:, 1]
    draws = random.integers(0, len(right), (_DRAWS, 3))
    planes = np.linalg.solve(known[draws] + 1e-9 * np.eye(3), up[draws][..., None])[..., 0]
    close = np.abs(planes @ known.T - up) < _ROUGH * height
    best = close[close.sum(axis=1).argmax()]
    return left[best], right[best]


def _fitted(left: np.ndarray, right: np.ndarray, focal_px: float, centre: tuple[float, float]) -> np.ndarray:
    """The unknowns, by Gauss-Newton with Tukey's weights, held back to what is likely."""
    unknowns = np.zeros(len(_LIKELY))
    for _ in range(_ROUNDS):
        error = _row_error(unknowns, left, right, focal_px, centre)
        steps = np.eye(len(_LIKELY)) * 1e-5
        slopes = [(_row_error(unknowns + step, left, right, focal_px, centre) - error) / 1e-5 for step in steps]
        jacobian = np.stack(slopes, axis=1)  # (n, 6)
        reach = 4.685 * max(1.4826 * float(np.median(np.abs(error))), _TYPICAL_NOISE_PX)
        weights = np.clip(1 - (error / reach) ** 2, 0, None) ** 2
        normal = (jacobian.T * weights) @ jacobian + np.diag((_TYPICAL_NOISE_PX / _LIKELY) ** 2)
        pull = (jacobian.T * weights) @ error + (_TYPICAL_NOISE_PX / _LIKELY) ** 2 * unknowns
        unknowns = unknowns - np.linalg.solve(normal, pull)
    return unknowns


def _row_error(
    unknowns: np.ndarray, left: np.ndarray, right: np.ndarray, focal_px: float, centre: tuple[float, float]
) -> np.ndarray:
    """`(n,)` px by which rows differ when the cameras are turned like this."""
    eyes, turns = _cameras(unknowns, focal_px, centre)
    rows = []
    for eye, turn, pixels in zip(eyes, turns, (left, right), strict=True):
        rays = np.column_stack([pixels, np.ones(len(pixels))]) @ (turn @ np.linalg.inv(eye.matrix)).T
        rows.append(focal_px * rays[:, 1] / rays[:, 2])
    return rows[0] - rows[1]


def _cameras(
    unknowns: np.ndarray, focal_px: float, centre: tuple[float, float]
) -> tuple[tuple[CameraModel, CameraModel], Pair]:
    pitch, yaw, roll, larger, left_yaw, left_roll = unknowns
    eyes = [
        CameraModel(np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1.0]]), np.zeros(4))
        for focal in (focal_px, focal_px * float(np.exp(larger)))
    ]
    turns = [cv2.Rodrigues(np.array(turn))[0] for turn in ((0.0, left_yaw, left_roll), (pitch, yaw, roll))]
    return (eyes[0], eyes[1]), (turns[0], turns[1])
