"""Who is the subject: a choice by the machine, from disparity and motion, where the user has made none.

The rule: things that stand out from what is left and right of them are candidates; the one that is nearest, nearest to
the middle, stands on the ground and moves by itself, not only because the camera does, is the subject. Where nothing is
like this there is none. It stays the subject until it is gone, or until something else has been clearly better twice
running. The picture is looked at twice a second.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from sterefo_core.ground import Ground, find_ground
from sterefo_core.types import Box, DisparityMap, Follow, StereoFrame

LOOK_S = 0.5
"""Time between two looks."""
_STEP = 4  # px of the picture a cell of the search has
_WIDEST, _SMALLEST, _SHORTEST = 0.33, 0.0015, 3  # share of the picture's width and of its area; cells
_MEASURED = 0.5  # of a thing's cells: the sky stands out where matching guesses
_EXCESS_SHARE, _EXCESS_PX = 0.15, 1.5  # of the disparity, and px: what stands out by less is surroundings
_JUMP_SHARE, _JUMP_PX = 0.12, 2.0  # between neighbouring cells: where one thing ends
_FULL_SIZE = 0.02  # share of the picture from which size is no advantage
_FULL_SPEED = 0.1  # widths of the picture per second from which speed is none
_CENTRAL, _LEVEL, _CUT, _MOVING = 3.0, 2.0, 0.3, 2.0  # what it counts to be in the middle, cut off, and moving
_INCOHERENT = 2.0  # times the spread of a thing's motion is no motion
_FOOT, _LARGEST = 0.25, 3.5  # heights of itself: its foot may be off the ground; heights of the camera: it is no larger
_SCENERY = 0.3  # what it counts to float, or to be larger
_LEAST_SCORE = 0.5  # with less it is rather nothing
_CLEARLY = 1.5  # times the subject's score
_SAME_DISTANCE = 0.4  # log of disparity: the same thing may have come or gone so far between two looks


@dataclass(frozen=True)
class Candidate:
    """A thing that stands out: its box, its disparity in px, and how much speaks for it, > 0."""

    box: Box
    disparity: float
    score: float


def find_candidates(frame: StereoFrame, disparity: DisparityMap, beside: StereoFrame | None) -> list[Candidate]:
    """Everything that could be the subject, the best first; without a picture just before or after it nothing moves."""
    cells = np.ascontiguousarray(disparity.values[::_STEP, ::_STEP])
    measured = disparity.valid[::_STEP, ::_STEP]
    wide = np.ones((1, round(_WIDEST * cells.shape[1])), np.uint8)
    excess = cells - cv2.morphologyEx(cells, cv2.MORPH_OPEN, wide)
    around = np.ones((3, 3), np.uint8)
    jumps = cv2.dilate(cells, around) - cv2.erode(cells, around) > np.maximum(_JUMP_SHARE * cells, _JUMP_PX)
    stands_out = (excess > np.maximum(_EXCESS_SHARE * cells, _EXCESS_PX)) & ~jumps
    count, labels, stats, _ = cv2.connectedComponentsWithStats(stands_out.astype(np.uint8), connectivity=4)
    motion = np.zeros((*cells.shape, 2)) if beside is None else _own_motion(frame, beside, cells)
    ground = find_ground(disparity)
    found = []
    for label in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[label])
        if area >= _SMALLEST * cells.size and height >= _SHORTEST:
            inside = np.s_[y : y + height, x : x + width]
            mask = labels[inside] == label
            if measured[inside][mask].mean() < _MEASURED:
                continue
            box = Box(x - 1, y - 1, width + 2, height + 2)  # its rim are jumps
            near = float(np.median(cells[inside][mask]))
            full = Box(*(float(_STEP * side) for side in (box.x, box.y, box.width, box.height)))
            seen = full.clipped(frame.left.shape[1], frame.left.shape[0])
            score = _score(near, box, area, _speed(motion[inside][mask]), cells.shape)
            if ground is not None and not _could_be(seen, near, ground, frame.left.shape[0]):
                score *= _SCENERY
            if score > _LEAST_SCORE:
                found.append(Candidate(seen, near, score))
    return sorted(found, key=lambda candidate: -candidate.score)


def _speed(motion: np.ndarray) -> float:
    """How fast `(n, 2)` moves as one thing: what is incoherent is an error of the flow."""
    middle = np.median(motion, axis=0)
    spread = np.median(np.hypot(*(motion - middle).T))
    return max(float(np.hypot(*middle) - _INCOHERENT * spread), 0.0)


def _could_be(box: Box, disparity: float, ground: Ground, picture_height: int) -> bool:
    """Whether it stands on the ground and is of the size of people and vehicles, not of trees, hedges and houses."""
    camera_height = disparity / ground.a
    foot, bottom = ground.foot(disparity, box.centre[0]), box.y + box.height
    stands = abs(min(foot, picture_height) - bottom) < _FOOT * box.height + 2 * _STEP
    return stands and max(box.width, box.height) < _LARGEST * camera_height


def _score(disparity: float, box: Box, area: int, speed: float, shape: tuple[int, ...]) -> float:
    """Near, central, compact, of some size, whole and moving: each raises the score by a factor."""
    height, width = shape
    aside, above = 2 * box.centre[0] / width - 1, 2 * box.centre[1] / height - 1
    central = float(np.exp(-_CENTRAL * aside**2 - _LEVEL * above**2))
    size = min(area / (_FULL_SIZE * width * height), 1.0) ** 0.5
    cut = box.x <= 0 or box.y <= 0 or box.x + box.width >= width
    compact, moving = (area / box.area) ** 0.5, 1 + _MOVING * min(speed / _FULL_SPEED, 1.0)
    return disparity**0.5 * central * size * compact * moving * (_CUT if cut else 1.0)


def _own_motion(frame: StereoFrame, beside: StereoFrame, cells: np.ndarray) -> np.ndarray:
    """`(h, w, 2)`: how the picture moves beyond what a moving camera explains, in widths per second.

    In a rigid scene the motion is linear in 1, x, y, x^2, x y, y^2 (rotation) and in d, d x, d y (translation), d being
    the disparity (Longuet-Higgins and Prazdny 1980); that is fitted to most of the picture.
    """
    height, width = cells.shape
    one, other = (
        cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (width, height), interpolation=cv2.INTER_AREA)
        for image in (frame.left, beside.left)
    )
    still = np.zeros((height, width, 2), np.float32)
    flow = np.asarray(cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(one, other, still))
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    d = cells / max(float(cells.max()), 1.0)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y, d, d * x, d * y], axis=-1)
    some = np.s_[:: max(height // 48, 1), :: max(width // 96, 1)]
    points, moved = terms[some].reshape(-1, terms.shape[-1]), flow[some].reshape(-1, 2)
    weights = np.ones(len(points))
    for _ in range(4):
        rigid = np.linalg.lstsq(points * weights[:, None], moved * weights[:, None], rcond=None)[0]
        wrong = np.hypot(*(points @ rigid - moved).T)
        weights = 1 / (1 + (wrong / max(2 * float(np.median(wrong)), 0.05)) ** 2)
    elapsed_s = max(abs(frame.timestamp_s - beside.timestamp_s), 1e-3)
    return (flow - terms @ rigid) / (elapsed_s * width)


class Director:
    """Makes base decisions, look by look; a function of the pictures alone, whatever the user decides.

    Args:
        time_of: timestamp in seconds of a frame of the source.
    """

    def __init__(self, time_of: Callable[[int], float]) -> None:
        self._time_of = time_of
        self._latest: int | None = None
        self._subject: Candidate | None = None
        self._rival: Candidate | None = None
        self.decisions: tuple[Follow, ...] = ()

    def looks(self, last: int) -> list[int]:
        """The frames up to `last` still to be looked at, in order."""
        frames, latest = [], self._latest
        while (index := 0 if latest is None else self._after(latest, last)) <= last:
            frames.append(index)
            latest = index
        return frames

    def look(self, frame: StereoFrame, disparity: DisparityMap, beside: StereoFrame | None) -> None:
        """Look at the first frame of `looks`; `beside` is the one before or after it, if seen."""
        self._latest = frame.index
        candidates = find_candidates(frame, disparity, beside)
        self._subject = next((c for c in candidates if self._subject and _same(self._subject, c)), None)
        if not candidates:
            return
        best, rival = candidates[0], self._rival
        better = self._subject is None or best.score > _CLEARLY * self._subject.score
        self._rival = best if better else None
        if self._subject is None or (better and rival is not None and _same(rival, best)):
            self._subject, self._rival = best, None
            self.decisions = (*self.decisions, Follow(frame.index, best.box))

    def skip(self, index: int) -> None:
        """Do without a frame that cannot be read."""
        if self.looks(index)[:1] == [index]:
            self._latest = index

    def forget(self, before: int) -> None:
        """Do without the frames before this one from now on; what was decided there stays in force."""
        if self._latest is None or self._latest < before:
            self._latest = before
        late = bisect_left(self.decisions, before, key=lambda decision: decision.frame)
        self.decisions = self.decisions[max(late - 1, 0) :]

    def _after(self, index: int, last: int) -> int:
        due_s = self._time_of(index) + LOOK_S - 1e-6
        return bisect_left(range(last + 1), due_s, lo=index + 1, key=self._time_of)


def _same(before: Candidate, now: Candidate) -> bool:
    moved = np.abs(np.subtract(before.box.centre, now.box.centre))
    reach = max(before.box.width, now.box.width, before.box.height, now.box.height)
    return bool((moved <= reach).all() and abs(np.log(now.disparity / before.disparity)) <= _SAME_DISTANCE)
