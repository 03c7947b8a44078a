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
from trackers.looks import Look, cut, patch, smoothed

_COARSE_PX, _FINE_PX, _LEAST_PX = 20, 48, 6  # sides of the object when it is compared
_LEVEL = 1.1  # ratio of neighbouring distances tried
_REFINED, _ZOOMS, _AROUND = 4, (0.96, 1.0, 1.04), 1.25  # places looked at finely; how they are looked around
_REMEMBERED = 4
_LEAST_FILLED = 0.7  # of the usual share of the box that is at the object's distance
_MOST_BESIDE = 0.6  # of that, the share beside the box: more is a wall or the ground
_DEPTH_APART = 0.25  # log of the ratio of distances for which likeness falls to 0.6
_BAND = 0.1, 1.0  # of the disparity, and px: what counts as at a distance


@dataclass(frozen=True)
class Wanted:
    """Where to look, and for what.

    Attributes:
        box, disparity: what was lost; only the size of the box matters, at that disparity in px.
        window: where it can be now.
        depth_range: its disparity may have changed by this share either way.
        repeats: it is striped, so that its measured disparity says nothing.
    """

    box: Box
    disparity: float
    window: Box
    depth_range: float
    repeats: bool = False


@dataclass(frozen=True)
class Found:
    """A place that looks like the object: its box, its disparity in px, and the correlation of its looks, -1..1."""

    box: Box
    disparity: float
    likeness: float


class Memory:
    """How the object looked at the start and when it was last surely seen, coarse to search and fine to be sure."""

    def __init__(self, image: np.ndarray, disparity: DisparityMap, box: Box, at: float) -> None:
        self._size, self._fine_size = (_compared_size(box, side) for side in (_COARSE_PX, _FINE_PX))
        self._looks: list[tuple[Look, Look]] = []
        self._alone = True
        self.learn(image, disparity, box, at)
        self._alone = bool(self._standing_out(self._around(disparity, box, at)).any())

    def learn(self, image: np.ndarray, disparity: DisparityMap, box: Box, at: float) -> None:
        """Remember how it looks now, at disparity `at` px, beside the start."""
        there = _at_distance(patch(disparity.values, _whole_pixels(box)), at)
        coarse, fine = (
            Look(cut(image, box, size), cv2.resize(there, size, interpolation=cv2.INTER_AREA))
            for size in (self._size, self._fine_size)
        )
        if len(self._looks) == _REMEMBERED:
            del self._looks[1]
        self._looks.append((coarse, fine))

    def likeness(self, image: np.ndarray, box: Box) -> float:
        """How alike what is in the box and the best of what is remembered are, -1..1."""
        seen = cut(image, box, self._size)
        return max(float(coarse.matched(seen)[0, 0]) for coarse, _ in self._looks)

    def find(self, image: np.ndarray, disparity: DisparityMap, wanted: Wanted) -> Found | None:
        """The best place within `window`, or None where nothing of its size is at a possible distance."""
        likeliest = sorted(self._places(image, disparity, wanted), key=lambda place: -place[0].likeness)
        found = [self._refined(image, place, fine, wanted) for place, fine in likeliest[:_REFINED]]
        return max(found, key=lambda place: place.likeness, default=None)

    def _places(self, image: np.ndarray, disparity: DisparityMap, wanted: Wanted) -> Iterator[tuple[Found, Look]]:
        """The best place at each distance for each of the looks, and that look finely."""
        height, width = disparity.values.shape
        rows, columns = wanted.window.clipped(width, height).slices()
        seen, depths = image[rows, columns], disparity.values[rows, columns]
        if min(seen.shape[:2]) < 2:
            return
        steps = int(np.ceil(np.log1p(wanted.depth_range) / np.log(_LEVEL)))
        for level in wanted.disparity * _LEVEL ** np.arange(-steps, steps + 1.0):
            scale = max(self._size) / (max(wanted.box.width, wanted.box.height) * level / wanted.disparity)
            small = smoothed(cv2.resize(seen, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
            if small.shape[0] < self._size[1] or small.shape[1] < self._size[0]:
                continue
            possible = self._possible(depths, level, small.shape[1::-1], wanted.repeats)
            size = self._size[0] / scale, self._size[1] / scale
            for (x, y, likeness), fine in self._best(small, possible):
                box = Box(columns.start + x / scale, rows.start + y / scale, *size)
                yield Found(box, float(level), likeness * _usual(level, wanted)), fine

    def _possible(self, depths: np.ndarray, level: float, size: tuple[int, int], repeats: bool) -> np.ndarray:
        """Where in the scaled window something of its shape is at this distance, as far as disparity can tell."""
        if repeats:
            return np.ones((size[1] - self._size[1] + 1, size[0] - self._size[0] + 1), bool)
        return self._standing_out(cv2.resize(_at_distance(depths, level), size, interpolation=cv2.INTER_AREA))

    def _best(self, small: np.ndarray, possible: np.ndarray) -> Iterator[tuple[tuple[float, float, float], Look]]:
        """For each of the looks the best possible place in the scaled window, px, and how alike it is."""
        rows, columns = np.flatnonzero(possible.any(axis=1)), np.flatnonzero(possible.any(axis=0))
        if not rows.size:
            return
        (top, bottom), (left, right) = rows[[0, -1]], columns[[0, -1]]
        part = small[top : bottom + self._size[1], left : right + self._size[0]]
        for coarse, fine in self._looks:
            score = np.where(possible[top : bottom + 1, left : right + 1], coarse.matched(part), -1)
            y, x = np.unravel_index(int(score.argmax()), score.shape)
            yield (float(left + x), float(top + y), float(score[y, x])), fine

    def _refined(self, image: np.ndarray, rough: Found, look: Look, wanted: Wanted) -> Found:
        """The place near a rough one where the fine look fits best, and how well."""
        found = []
        for zoom in _ZOOMS:
            around = rough.box.central(zoom * _AROUND)
            score = look.matched(cut(image, around, (round(look.size[0] * _AROUND), round(look.size[1] * _AROUND))))
            y, x = np.unravel_index(int(score.argmax()), score.shape)
            width, height = rough.box.width * zoom, rough.box.height * zoom
            box = Box(around.x + x * width / look.size[0], around.y + y * height / look.size[1], width, height)
            at = rough.disparity * zoom
            found.append(Found(box, at, float(score[y, x]) * _usual(at, wanted)))
        return max(found, key=lambda place: place.likeness)

    def _around(self, disparity: DisparityMap, box: Box, at: float) -> np.ndarray:
        """Where the object's distance is in the box and a little around it, in the size in which it is compared."""
        (width, height), more = self._size, 2.4
        wide = Box(box.centre[0] - box.width * more / 2, box.y, box.width * more, box.height)
        there = _at_distance(patch(disparity.values, _whole_pixels(wide)), at)
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
        usual = min(float(coarse.mask.mean()) for coarse, _ in self._looks)
        return (within >= _LEAST_FILLED * usual) & (fullest <= _MOST_BESIDE * within)


def _usual(level: float, wanted: Wanted) -> float:
    """How likely this distance is beside the last one, 0..1."""
    return float(np.exp(-((np.log(level / wanted.disparity) / _DEPTH_APART) ** 2) / 2))


def _at_distance(disparity: np.ndarray, level: float) -> np.ndarray:
    """1 where the disparity is about `level` px, else 0; float32."""
    return (np.abs(disparity - level) < max(_BAND[0] * level, _BAND[1])).astype(np.float32)


def _whole_pixels(box: Box) -> Box:
    """The box on whole pixels, so that its content is not interpolated."""
    return Box(round(box.x), round(box.y), max(round(box.width), 1), max(round(box.height), 1))


def _compared_size(box: Box, long_px: float) -> tuple[int, int]:
    scale = long_px / max(box.width, box.height)
    return max(round(box.width * scale), _LEAST_PX), max(round(box.height * scale), _LEAST_PX)
