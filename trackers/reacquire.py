"""Finding a lost object again by its looks, where motion and distance allow it to be.

At a distance the object has one size only, so the picture is searched once per possible distance, at the scale that
gives the object a standard size, and only where the disparity says that something of its shape is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from sterefo_core.types import Box, DisparityMap

_LONG_PX, _LEAST_PX = 20, 6  # sides of the object when it is compared
_LEVEL = 1.1  # ratio of neighbouring distances tried
_BLUR_PX = 0.8  # makes up for places and sizes between those tried
_REMEMBERED = 4
_LEAST_FILLED = 0.7  # of the usual share of the box that is at the object's distance
_MOST_BESIDE = 0.6  # of that, the share beside the box: more is a wall or the ground
_COLOUR_APART = 40.0  # levels by which the mean colour may change, for which likeness falls to 0.6
_DEPTH_APART = 0.25  # log of the ratio of distances for which likeness falls to 0.6, too
_BAND = 0.1, 1.0  # of the disparity, and px: what counts as at a distance


@dataclass(frozen=True)
class Wanted:
    """Where to look, and for what.

    Attributes:
        box, disparity: what was lost; only the size of the box matters, at that disparity in px.
        window: where it can be now.
        depth_range: its disparity may have changed by this share either way.
    """

    box: Box
    disparity: float
    window: Box
    depth_range: float


@dataclass(frozen=True)
class Found:
    """A place that looks like the object: its box, its disparity in px, and the correlation of its looks, -1..1."""

    box: Box
    disparity: float
    likeness: float


@dataclass(frozen=True, eq=False)
class _Look:
    """The object once: `(h, w, 3)` uint8, how far each pixel is its own, `(h, w, 3)` float32, and the mean of that."""

    picture: np.ndarray
    mask: np.ndarray
    filled: float

    def matched(self, picture: np.ndarray) -> np.ndarray:
        """Correlation at every place of `picture`, -1..1; what surrounds the object does not count."""
        seen, own = picture.astype(np.float32), self.picture.astype(np.float32)
        score = cv2.matchTemplate(seen, own, cv2.TM_CCOEFF_NORMED, mask=self.mask)
        weights = self.mask[..., 0] / max(float(self.mask[..., 0].sum()), 1e-6)
        apart = np.zeros_like(score)
        for channel in range(3):
            mean = cv2.matchTemplate(np.ascontiguousarray(seen[..., channel]), weights, cv2.TM_CCORR)
            apart += (mean - (own[..., channel] * weights).sum()) ** 2
        return np.where(np.abs(score) <= 1.001, score, -1) * np.exp(-apart / (2 * _COLOUR_APART**2))


class Memory:
    """How the object looked at the start and when it was last surely seen."""

    def __init__(self, image: np.ndarray, disparity: DisparityMap, box: Box, at: float) -> None:
        self._size = _compared_size(box)
        self._looks: list[_Look] = []
        self._alone = True
        self.learn(image, disparity, box, at)
        self._alone = bool(self._standing_out(self._around(disparity, box, at)).any())

    def learn(self, image: np.ndarray, disparity: DisparityMap, box: Box, at: float) -> None:
        """Remember how it looks now, at disparity `at` px, beside the start."""
        there = _at_distance(_patch(disparity.values, _whole_pixels(box)), at)
        mask = cv2.resize(there, self._size, interpolation=cv2.INTER_AREA)
        look = _Look(self._cut(image, box), np.ascontiguousarray(np.repeat(mask[..., None], 3, axis=2)), mask.mean())
        if len(self._looks) == _REMEMBERED:
            del self._looks[1]
        self._looks.append(look)

    def find(self, image: np.ndarray, disparity: DisparityMap, wanted: Wanted) -> Found | None:
        """The best place within `window`, or None where nothing of its size is at a possible distance."""
        best: Found | None = None
        height, width = disparity.values.shape
        rows, columns = wanted.window.clipped(width, height).slices()
        seen, depths = image[rows, columns], disparity.values[rows, columns]
        if min(seen.shape[:2]) < 2:
            return None
        steps = int(np.ceil(np.log1p(wanted.depth_range) / np.log(_LEVEL)))
        for level in wanted.disparity * _LEVEL ** np.arange(-steps, steps + 1.0):
            scale = max(self._size) / (max(wanted.box.width, wanted.box.height) * level / wanted.disparity)
            for x, y, likeness in self._places(seen, depths, scale, level):
                score = likeness * float(np.exp(-((np.log(level / wanted.disparity) / _DEPTH_APART) ** 2) / 2))
                if best is None or score > best.likeness:
                    size = self._size[0] / scale, self._size[1] / scale
                    box = Box(columns.start + x / scale, rows.start + y / scale, *size)
                    best = Found(box, float(level), score)
        return best

    def likeness(self, image: np.ndarray, box: Box) -> float:
        """Correlation of what is in the box with the better of both memories, -1..1."""
        cut = self._cut(image, box)
        return max(float(look.matched(cut)[0, 0]) for look in self._looks)

    def _places(
        self, seen: np.ndarray, depths: np.ndarray, scale: float, level: float
    ) -> Iterator[tuple[float, float, float]]:
        """The best place at one distance for each of the looks, in px of the scaled window."""
        small = cv2.resize(seen, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), _BLUR_PX)
        width, height = self._size
        if small.shape[0] < height or small.shape[1] < width:
            return
        there = cv2.resize(_at_distance(depths, level), small.shape[1::-1], interpolation=cv2.INTER_AREA)
        possible = self._standing_out(there)
        rows, columns = np.flatnonzero(possible.any(axis=1)), np.flatnonzero(possible.any(axis=0))
        if not rows.size:
            return
        (top, bottom), (left, right) = rows[[0, -1]], columns[[0, -1]]
        part = small[top : bottom + height, left : right + width]
        for look in self._looks:
            score = look.matched(part)
            score[~possible[top : bottom + 1, left : right + 1]] = -1
            y, x = np.unravel_index(int(score.argmax()), score.shape)
            yield float(left + x), float(top + y), float(score[y, x])

    def _around(self, disparity: DisparityMap, box: Box, at: float) -> np.ndarray:
        """Where the object's distance is in the box and a little around it, in the size in which it is compared."""
        (width, height), more = self._size, 2.4
        wide = Box(box.centre[0] - box.width * more / 2, box.y, box.width * more, box.height)
        there = _at_distance(_patch(disparity.values, _whole_pixels(wide)), at)
        return cv2.resize(there, (round(width * more), height), interpolation=cv2.INTER_AREA)

    def _standing_out(self, there: np.ndarray) -> np.ndarray:
        """Where a box is as full of a distance as the object's was, and the strips left and right of it are not."""
        width, height = self._size
        side = max(width // 3, 2)
        away = 2 * side  # limbs reach a little out of the box
        rows, columns = there.shape[0] - height + 1, there.shape[1] - width + 1
        padded = cv2.copyMakeBorder(there, 0, 0, away, away, cv2.BORDER_CONSTANT, value=0)
        within, beside = (
            cv2.boxFilter(padded, -1, (wide, height), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
            for wide in (width, side)
        )
        within, left = within[:rows, away : away + columns], beside[:rows, :columns]
        right = beside[:rows, width + away + side : width + away + side + columns]
        fullest = np.maximum(left, right) if self._alone else np.minimum(left, right)
        usual = min(look.filled for look in self._looks)
        return (within >= _LEAST_FILLED * usual) & (fullest <= _MOST_BESIDE * within)

    def _cut(self, image: np.ndarray, box: Box) -> np.ndarray:
        small = cv2.resize(_patch(image, box), self._size, interpolation=cv2.INTER_AREA)
        return cv2.GaussianBlur(small, (0, 0), _BLUR_PX)


def _patch(picture: np.ndarray, box: Box) -> np.ndarray:
    """The content of the box; the picture's border is continued outwards."""
    size = (max(round(box.width), 1), max(round(box.height), 1))
    return cv2.getRectSubPix(picture, size, (box.centre[0] - 0.5, box.centre[1] - 0.5))


def _at_distance(disparity: np.ndarray, level: float) -> np.ndarray:
    """1 where the disparity is about `level` px, else 0; float32."""
    return (np.abs(disparity - level) < max(_BAND[0] * level, _BAND[1])).astype(np.float32)


def _whole_pixels(box: Box) -> Box:
    """The box on whole pixels, so that its content is not interpolated."""
    return Box(round(box.x), round(box.y), max(round(box.width), 1), max(round(box.height), 1))


def _compared_size(box: Box) -> tuple[int, int]:
    scale = _LONG_PX / max(box.width, box.height)
    return max(round(box.width * scale), _LEAST_PX), max(round(box.height * scale), _LEAST_PX)
