"""Noticing that a running camera is out of calibration: features no longer lie in the same rows of both pictures."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

EVERY = 15
"""Pairs from one look to the next."""

_LOOKS = 9  # whose median counts: about five seconds of video
_FEWEST_LOOKS = 5
_WORKING_WIDTH = 640
_FEATURES = 300
_FARTHEST_ASIDE = 0.3  # of the width: nothing is so near
_BAND = 0.03  # of the height, up and down, in which the other picture is searched
_MOST_UNLIKE = 60  # bits of 256
_FARTHEST_FOLLOWED_PX = 4.0
_FEWEST_MATCHES = 12  # in a half of the picture
_RISES_PX, _FALLS_PX = 1.0, 0.7  # in pictures up to 1280 px wide: from there on matching suffers


class DriftWatch:
    """Looks at some of the rectified pairs of a running camera, and says when their rows no longer agree.

    The left and the right half of the picture are measured apart, so that a roll shows as well as a tilt. A look takes
    a few milliseconds; most pairs are passed over at once.
    """

    def __init__(self) -> None:
        self._offered = 0
        self._halves: tuple[deque[float], deque[float]] = (deque(maxlen=_LOOKS), deque(maxlen=_LOOKS))
        self._warning: str | None = None

    @property
    def offset_px(self) -> float | None:
        """Running vertical difference in the worse half of the picture, in px; None before it is known."""
        known = [float(np.median(half)) for half in self._halves if len(half) >= _FEWEST_LOOKS]
        return max(map(abs, known), default=None)

    def offer(self, left: np.ndarray, right: np.ndarray) -> str | None:
        """Take notice of a rectified pair, `(H, W, 3)` uint8; a warning for a person, or None while all is well."""
        if self._offered % EVERY == 0:
            self._look(left, right)
        self._offered += 1
        return self._warning

    def _look(self, left: np.ndarray, right: np.ndarray) -> None:
        columns, offsets = row_offsets(left, right)
        for half, inside in zip(self._halves, (columns < left.shape[1] / 2, columns >= left.shape[1] / 2), strict=True):
            if inside.sum() >= _FEWEST_MATCHES:
                half.append(float(np.median(offsets[inside])))
        offset_px, wide = self.offset_px, max(left.shape[1] / 1280, 1.0)
        if offset_px is None or offset_px < _FALLS_PX * wide:
            self._warning = None
        elif offset_px > _RISES_PX * wide:
            self._warning = f"the cameras look out of calibration, rows differ by {offset_px:.1f} px: calibrate again"


def row_offsets(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns `(n,)` of features in the left picture, and how many px lower they lie there than in the right one."""
    grey_left, grey_right = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (left, right))
    in_left, in_right = _matched(grey_left, grey_right)
    if len(in_left) == 0:
        return np.empty(0), np.empty(0)
    # Features lie on whole pixels of a smaller picture; following them from there is exact to a tenth of a pixel.
    followed, fits, _ = cv2.calcOpticalFlowPyrLK(
        grey_left,
        grey_right,
        in_left,
        in_right.copy(),
        winSize=(15, 15),
        maxLevel=0,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    good = (fits.ravel() > 0) & (np.abs(followed - in_right).max(axis=1) < _FARTHEST_FOLLOWED_PX)
    return in_left[good, 0], (in_left - followed)[good, 1]


def _matched(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`(n, 2)` float32 px of features in the left and the right grey picture, each other's best match in the band."""
    scale = max(left.shape[1] / _WORKING_WIDTH, 1.0)
    (in_left, bits_left), (in_right, bits_right) = (_features(picture, scale) for picture in (left, right))
    if len(in_left) == 0 or len(in_right) == 0:
        return in_left[:0], in_right[:0]
    aside, down = (in_left[:, None, axis] - in_right[None, :, axis] for axis in (0, 1))
    allowed = (np.abs(down) < _BAND * left.shape[0]) & (aside > -2 * scale) & (aside < _FARTHEST_ASIDE * left.shape[1])
    words_left, words_right = bits_left.view(np.uint64), bits_right.view(np.uint64)  # 256 bits each
    unlike = np.bitwise_count(words_left[:, None] ^ words_right[None]).sum(axis=-1, dtype=np.int32)
    unlike[~allowed] = _MOST_UNLIKE + 1
    best, back = unlike.argmin(axis=1), unlike.argmin(axis=0)
    each = np.arange(len(best))
    agreed = (back[best] == each) & (unlike[each, best] <= _MOST_UNLIKE)
    return in_left[agreed], in_right[best[agreed]]


def _features(grey: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """`(n, 2)` float32 px of corners in the full picture, and their `(n, 32)` uint8 ORB descriptors."""
    if scale > 1:
        grey = cv2.resize(grey, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    points, bits = cv2.ORB.create(nfeatures=_FEATURES, fastThreshold=10).detectAndCompute(grey, None)
    if bits is None:
        return np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8)
    return (np.asarray(cv2.KeyPoint.convert(points), np.float32).reshape(-1, 2) + 0.5) * np.float32(scale) - np.float32(
        0.5
    ), bits
