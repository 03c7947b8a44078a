"""How the two eyes share one picture: recognising it by looking, and cutting it in two."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

SIDE_BY_SIDE, TOP_BOTTOM = "side-by-side", "top-bottom"
LAYOUTS = (SIDE_BY_SIDE, TOP_BOTTOM)
STEREO_MODES = {SIDE_BY_SIDE: "left_right", TOP_BOTTOM: "top_bottom"}
"""How Matroska files name them (StereoMode, the left eye first), as FFmpeg spells it."""
RAW_TITLE = "raw pairs of a stereo camera"
"""The title of videos whose pairs still need rectifying."""

_WIDTH_PX, _ROWS, _COLUMNS = 160, 6, 8
_REACH_PX = 24  # the largest shift looked for, 15 % of the width; KITTI's is 8 %
_FLAT = 4.0  # blocks of less contrast (standard deviation, of 255) say nothing
_FEWEST_BLOCKS = 12
# Measured on 76 KITTI and Middlebury pairs put together either way: true halves 0.84 and more, halves cut the wrong way
# 0.61 and less; halves of 196 one-eyed pictures 0.45 and less.
_SAME_SCENE = 0.72


def halves(picture: np.ndarray, layout: str) -> tuple[np.ndarray, np.ndarray]:
    """Left and right eye of `(H, W, 3)`: the left or upper half is the left eye's. An odd last column is dropped."""
    axis = 1 if layout == SIDE_BY_SIDE else 0
    middle = picture.shape[axis] // 2
    left, right, *_ = np.split(picture, [middle, 2 * middle], axis)
    return np.ascontiguousarray(left), np.ascontiguousarray(right)


def recognise_layout(pictures: Iterable[np.ndarray]) -> str | None:
    """The layout of a video, of which some `(H, W, 3)` uint8 RGB frames are given; None where it is not stereo."""
    similarities: dict[str, list[float]] = {layout: [] for layout in LAYOUTS}
    for picture in pictures:
        for layout in LAYOUTS:
            similarities[layout] += _block_similarities(*halves(picture, layout))
    score = {layout: np.median(found) for layout, found in similarities.items() if len(found) >= _FEWEST_BLOCKS}
    best = max(score, key=lambda layout: score[layout], default=None)
    return best if best and score[best] >= _SAME_SCENE else None


def _block_similarities(left: np.ndarray, right: np.ndarray) -> list[float]:
    """For each textured block of the left eye, the best correlation with the right one at any likely disparity."""
    height = max(_WIDTH_PX * left.shape[0] // max(left.shape[1], 1), 8 * _ROWS)
    left, right = (_small_grey(eye, height) for eye in (left, right))
    block_width, block_height = _WIDTH_PX // _COLUMNS, height // _ROWS
    found = []
    for top in range(0, block_height * _ROWS, block_height):
        for start in range(0, _WIDTH_PX, block_width):
            block = left[top : top + block_height, start : start + block_width]
            if block.std() < _FLAT:
                continue
            # A row up or down and two columns to the wrong side forgive a pair that is not rectified.
            rows = slice(max(top - 1, 0), top + block_height + 1)
            columns = slice(max(start - _REACH_PX, 0), start + block_width + 2)
            found.append(float(cv2.matchTemplate(right[rows, columns], block, cv2.TM_CCOEFF_NORMED).max()))
    return found


def _small_grey(eye: np.ndarray, height: int) -> np.ndarray:
    return cv2.resize(cv2.cvtColor(eye, cv2.COLOR_RGB2GRAY), (_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
