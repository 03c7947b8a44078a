"""The stereo-aided tracker: CSRT says where the object went, disparity how large it is, and both whether it is there.

An object's size in the picture is proportional to its disparity, so the box follows the disparity that is measured in
it, and CSRT sees the object always at the same size. Whether the object is still there is judged by evidence that CSRT
does not know: does a surface at the expected distance fill the box, and does it look like what was followed. What is
lost is searched for by its looks, at distances where it can be.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sterefo_core.types import Box, DisparityMap, Track, TrackState
from trackers.csrt import CsrtTracker
from trackers.motion import Subject
from trackers.reacquire import Found, Memory, Wanted
from trackers.steady import SteadyCsrt
from trackers.surface import Surface, look_at, repeats_after, stands_free

_NOISE_PX, _CSRT_NOISE, _CHANGE = 0.25, 0.08, 0.05  # of disparity; of CSRT's growth and of true growth, as shares
_RATE_SHARE, _SPEED_SHARE = 0.4, 0.4  # of what is new that is believed at once
_JUMP = 0.1  # share by which disparity may leave its course; more is half believed
_ONE_STRIPE = 0.4  # of the period of stripes: matching is taken to have found the right one
_FORGOTTEN = 0.7  # what is left of the rate after a picture without evidence
_LEAST_INSIDE = 0.3  # share of the box in the picture
_LEAST_SEEN = 0.3  # of the box's middle: the surface that is taken for the object's at first
_FAIR_SUPPORT, _SURE_SUPPORT = 0.5, 0.7  # of the usual share of the box that the surface fills
_FAIR_LOOK, _POOR_LOOK, _SURE_LOOK = 0.4, 0.3, 0.5  # correlation; poor: below it even a fitting surface is doubted
_CLEAR_LOOK = 0.9  # with such looks, a missing surface is more likely a failure of matching
_COVERED = 0.25  # share of the box that is nearer than the object
_UNSURE_DOUBT, _LOST_DOUBT = 0.3, 0.9
_SURE_FIND, _FAIR_FIND = 0.65, 0.5  # correlation to be back at once, and in two pictures running
_PROBATION = 6  # pictures after which a return counts
_WIDER, _DEEPER, _LONGEST = 0.15, 0.005, 40  # per picture lost: the search grows by shares of size and distance


class StereoTracker:
    """Follows one object with the help of disparity; without it, it is CSRT that checks its own boxes.

    Call `refine` after `start` and after every `update`: `update` needs no disparity and may run while that is being
    computed, `refine` is quick and has the last word. UNCERTAIN boxes are carried on by motion alone while something
    covers the object.
    """

    def __init__(self) -> None:
        self._plain = CsrtTracker()
        self._steady = SteadyCsrt()
        self._subject: Subject | None = None
        self._candidate: Found | None = None

    def start(self, image: np.ndarray, box: Box) -> Track:
        """Begin on `(H, W, 3)` uint8 RGB. Raises TrackerError where the box is outside the picture or too small."""
        self._subject = None
        self._track = self._plain.start(image, box)
        return self._track

    def update(self, image: np.ndarray) -> Track:
        """Where the object seems to be in the next picture."""
        if self._subject is None:
            self._track = self._plain.update(image)
        elif not self._lost_for:
            self._expected = self._subject.ahead()
            self._seen = None if self._covered else self._steady.update(image, self._expected.box)
            box = self._seen[0] if self._seen else self._expected.box
            self._whole = box.clipped(image.shape[1], image.shape[0]).area > 0.95 * box.area
            self._track = self._told(image, TrackState.TRACKING if self._seen else TrackState.UNCERTAIN, box)
        return self._track

    def refine(self, image: np.ndarray, disparity: DisparityMap) -> Track:
        """The track of the same picture, now that its disparity is known: size, state, and back from LOST."""
        if self._subject is None:
            if self._track.state is TrackState.TRACKING and self._track.box is not None:
                self._begin(image, disparity, self._track.box)
        elif self._lost_for:
            self._track = self._search(image, disparity, self._subject)
        else:
            self._track = self._judge(image, disparity)
        return self._track

    def _begin(self, image: np.ndarray, disparity: DisparityMap, box: Box) -> None:
        surface = look_at(disparity, box)
        if surface is None or surface.disparity < 1 or surface.support * surface.measured < _LEAST_SEEN:
            return  # how far it is cannot be told yet
        size = box.width / surface.disparity, box.height / surface.disparity
        self._subject = Subject(box, size, float(np.log(surface.disparity)))
        self._support, self._doubt, self._covered, self._lost_for = surface.support, 0.0, False, 0
        self._probation, self._whole, self._fresh, self._period = 0, True, True, 0.0
        self._memory = Memory(image, disparity, box, surface.disparity)
        self._steady.start(image, box)
        self._expected, self._seen = self._subject, (box, 1.0)
        self._note_period(image, self._subject)

    def _judge(self, image: np.ndarray, disparity: DisparityMap) -> Track:
        """Size and state of what `update` followed."""
        box = self._seen[0] if self._seen else self._expected.box
        surface = look_at(disparity, box, None if self._fresh else self._expected.disparity)
        fill = min(surface.support / self._support, 1.0) if surface else _FAIR_SUPPORT
        found = self._measured(surface, fill).placed(box.centre)
        look = self._memory.likeness(image, found.box)
        if self._period and look > _SURE_LOOK and fill < _SURE_SUPPORT:
            surface, fill = None, _FAIR_SUPPORT  # most likely matched with the next stripe: that says nothing
        if self._probation:
            self._doubt += 2 * max(_SURE_LOOK - look, 0.0)
        self._doubt = max(self._doubt + _doubt(fill, look, surface is not None), 0.0)
        inside = found.box.clipped(image.shape[1], image.shape[0]).area / found.box.area
        if self._doubt > _LOST_DOUBT or inside < _LEAST_INSIDE:
            return self._lose(image, disparity, found)
        self._covered = surface is not None and fill < _SURE_SUPPORT and surface.nearer > _COVERED
        self._probation = max(self._probation - 1, 0)
        sure = self._seen is not None and look > _FAIR_LOOK and not self._probation
        if surface is not None and sure and fill > _SURE_SUPPORT:
            self._learn(image, disparity, found, surface)
        self._keep(image, found)
        self._fresh = self._fresh and surface is None
        settled = self._doubt < _UNSURE_DOUBT and not self._covered and fill >= _FAIR_SUPPORT
        return self._told(image, TrackState.TRACKING if settled else TrackState.UNCERTAIN, found.box, look)

    def _measured(self, surface: Surface | None, fill: float) -> Subject:
        """The expected subject corrected by the disparity and by CSRT's growth, each as far as it can be trusted."""
        expected, variance = self._expected, _CHANGE**2
        precision, error = 0.0, 0.0
        if surface is not None and fill > _FAIR_SUPPORT:
            apart = np.log(surface.disparity) - expected.depth
            weight = 1 / (_NOISE_PX / surface.disparity) ** 2 / (1 + (apart / _JUMP) ** 2)
            if not self._period or abs(apart) < _ONE_STRIPE * self._period:
                precision, error = precision + weight, error + weight * apart
        if self._seen is not None and self._whole:
            weight = 1 / _CSRT_NOISE**2
            precision, error = precision + weight, error + weight * np.log(self._seen[1])
        if precision == 0:
            return replace(expected, rate=expected.rate * _FORGOTTEN)
        correction = error / precision * variance / (variance + 1 / precision)
        if self._probation:
            learnt = 0.0  # where it was found, its depth was a guess
        else:
            learnt = correction * (1.0 if self._fresh and abs(correction) > _JUMP else _RATE_SHARE)
        return replace(expected, depth=expected.depth + correction, rate=expected.rate + learnt)

    def _learn(self, image: np.ndarray, disparity: DisparityMap, found: Subject, surface: Surface) -> None:
        """Take over what a sure sight teaches: the looks, and how much of the box the surface fills."""
        self._support += 0.1 * (surface.support - self._support)
        self._note_period(image, found)
        if stands_free(disparity, found.box, surface.disparity):
            self._memory.learn(image, disparity, found.box, surface.disparity)

    def _note_period(self, image: np.ndarray, subject: Subject) -> None:
        """Whether matching can take it for nearer or farther; too far away, its stripes may be too fine to be seen."""
        period = repeats_after(image, subject.box)
        if period is not None:
            self._period = period / subject.disparity

    def _keep(self, image: np.ndarray, found: Subject) -> None:
        """Make `found` the subject, with its speed; CSRT starts anew where the box left what it had learnt."""
        assert self._subject is not None
        if self._seen:
            moved, expected = np.subtract(found.box.centre, self._subject.box.centre), self._expected.speed
            speed = expected + (1.0 if self._fresh else _SPEED_SHARE) * (moved - expected)
            found = replace(found, speed=(float(speed[0]), float(speed[1])))
            if not self._steady.rebase(self._seen[0], found.box):
                self._steady.start(image, found.box)
        self._subject = found

    def _lose(self, image: np.ndarray, disparity: DisparityMap, last: Subject) -> Track:
        """LOST from here on; a return that did not last is forgotten, and the search goes on from before it."""
        if self._probation and self._subject is not None:
            self._subject, self._lost_for = self._before
        else:
            self._subject, self._lost_for = replace(last, speed=self._expected.speed), 0
        self._candidate = None
        return self._search(image, disparity, self._subject)

    def _search(self, image: np.ndarray, disparity: DisparityMap, last: Subject) -> Track:
        """Look for the object around where it was lost and where it was heading."""
        self._lost_for += 1
        pictures = min(self._lost_for, _LONGEST)
        reach = (0.5 + _WIDER * pictures) * max(last.box.width, last.box.height)
        window = _around((last.box, replace(last, rate=0.0).ahead(pictures).box), reach)
        depth_range = 0.08 + min((_DEEPER + abs(last.rate)) * pictures, 0.3)
        wanted = Wanted(last.box, last.disparity, window, depth_range, repeats=self._period > 0)
        found = self._memory.find(image, disparity, wanted)
        before, self._candidate = self._candidate, found
        if found is None or found.likeness < _FAIR_FIND:
            self._candidate = None
        elif found.likeness > _SURE_FIND or (before is not None and _continues(before, found)):
            return self._return(image, disparity, last, found)
        return Track(TrackState.LOST)

    def _return(self, image: np.ndarray, disparity: DisparityMap, last: Subject, found: Found) -> Track:
        surface = look_at(disparity, found.box, found.disparity)
        at = surface.disparity if surface and surface.support > _FAIR_SUPPORT else found.disparity
        self._probation, self._before = _PROBATION, (last, self._lost_for)
        back = Subject(found.box, last.size, float(np.log(at))).placed(found.box.centre)
        self._subject, self._doubt, self._covered, self._lost_for = back, 0.0, False, 0
        self._steady.start(image, back.box)
        return self._told(image, TrackState.TRACKING, back.box, found.likeness)

    def _told(self, image: np.ndarray, state: TrackState, box: Box, score: float = 1.0) -> Track:
        inside = box.clipped(image.shape[1], image.shape[0])
        return Track(state, inside, float(np.clip(score, 0, 1))) if inside.area else Track(TrackState.LOST)


def _doubt(fill: float, look: float, measured: bool) -> float:
    """How much a picture adds to (or takes from) the doubt that the object is there."""
    fair = _POOR_LOOK if measured and fill > _SURE_SUPPORT else _FAIR_LOOK
    believed = float(np.clip((_CLEAR_LOOK - look) / 0.4, 0.2, 1))
    return max(1.2 * believed * (_FAIR_SUPPORT - fill) if measured else -1.0, fair - look)


def _continues(before: Found, now: Found) -> bool:
    """Whether two finds of neighbouring pictures can be one thing."""
    moved = np.hypot(*np.subtract(before.box.centre, now.box.centre))
    ratio = now.disparity / before.disparity
    return bool(moved < 0.6 * max(now.box.width, now.box.height) and 0.8 < ratio < 1.25)


def _around(boxes: tuple[Box, Box], reach: float) -> Box:
    left, top = min(box.x for box in boxes) - reach, min(box.y for box in boxes) - reach
    right, bottom = max(box.x + box.width for box in boxes) + reach, max(box.y + box.height for box in boxes) + reach
    return Box(left, top, right - left, bottom - top)
