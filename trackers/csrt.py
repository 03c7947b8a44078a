"""OpenCV's CSRT tracker, made honest: it says LOST where plain CSRT goes on inventing boxes.

Call it with one OpenCV thread (`cv2.setNumThreads` is global, so it is left to the program): with two, CSRT takes twice
the processor time for the same result.
"""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.errors import TrackerError
from sterefo_core.types import IDLE, Box, Track, TrackState

if not hasattr(cv2, "TrackerCSRT_create"):
    raise TrackerError(
        "OpenCV's contrib part is missing, most likely because opencv-python was installed over it; mend it with: "
        "pip uninstall -y opencv-python opencv-contrib-python opencv-python-headless opencv-contrib-python-headless "
        "&& pip install opencv-contrib-python"
    )

_LEAST_SIDE_PX = 6  # CSRT cannot make features of less
_LEAST_VISIBLE = 0.55  # CSRT keeps the centre of its box inside: at half it sticks while the object moves on out
_LEAST_PEAK = 0.08  # peak-to-sidelobe ratio; found objects have more, and CSRT's own 0.035 never gives up

_VIEW_SIDE_PX = 24  # looks are compared at this size
_VIEW_NOISE = 3.0  # grey levels: differences this small say nothing
_LEARNING_RATE = 0.2
_SURE_SCORE, _FAIR_SCORE = 0.5, 0.35
_LOST_DOUBT = 0.6


class CsrtTracker:
    """Follows one object by CSRT, and checks that what is in the box still looks like it.

    The score is the normalised correlation of the box's content with a running memory of it, clipped to 0..1. Below
    0.5 the track is UNCERTAIN and the memory is kept as it is. Doubt adds up over the frames whose score is below 0.35
    (Page's CUSUM test), so a short occlusion passes and a vanished object is LOST within a few frames. LOST too where
    CSRT finds no peak, or hardly more than half of the box is left in the picture; LOST stays until the next `start`.
    """

    def __init__(self) -> None:
        self._csrt: cv2.Tracker | None = None
        self._track = IDLE
        self._memory = np.empty(0, np.float32)
        self._doubt = 0.0

    def start(self, image: np.ndarray, box: Box) -> Track:
        """Begin on `(H, W, 3)` uint8 RGB, with the part of the box inside it, in whole pixels.

        Raises TrackerError where less than 6 x 6 px of the box are inside, or where it is too elongated.
        """
        height, width = image.shape[:2]
        started = _whole_pixels(box, width, height)
        self._csrt = make_csrt()
        try:
            self._csrt.init(bgr(image), [int(v) for v in (started.x, started.y, started.width, started.height)])
        except cv2.error:
            raise TrackerError(f"{_describe(box, width, height)} is too elongated to be followed") from None
        self._memory, self._doubt = _view(image, started), 0.0
        self._track = Track(TrackState.TRACKING, started, 1.0)
        return self._track

    def update(self, image: np.ndarray) -> Track:
        """Find the object again in the next picture, of the same size; the box is clipped to it."""
        if self._csrt is not None:
            self._track = self._follow(self._csrt, image)
            if self._track.state is TrackState.LOST:
                self._csrt = None
        return self._track

    def _follow(self, csrt: cv2.Tracker, image: np.ndarray) -> Track:
        found, corners = csrt.update(bgr(image))
        box = Box(*map(float, corners))
        visible = box.clipped(image.shape[1], image.shape[0])
        if not found or visible.area < _LEAST_VISIBLE * box.area:
            return Track(TrackState.LOST)
        view = _view(image, box)
        score = _likeness(view, self._memory)
        self._doubt = max(self._doubt + _FAIR_SCORE - score, 0.0)
        if self._doubt > _LOST_DOUBT:
            return Track(TrackState.LOST)
        if score < _SURE_SCORE:
            return Track(TrackState.UNCERTAIN, visible, score)
        self._memory += _LEARNING_RATE * (view - self._memory)
        return Track(TrackState.TRACKING, visible, score)


def make_csrt() -> cv2.Tracker:
    """OpenCV's CSRT as we set it: leaner than by default, and willing to give up."""
    parameters = cv2.TrackerCSRT.Params()
    parameters.use_segmentation = False  # 30 ms on a large box, for no better overlap
    parameters.number_of_scales = 17
    parameters.psr_threshold = _LEAST_PEAK
    return cv2.TrackerCSRT.create(parameters)


def _whole_pixels(box: Box, width: int, height: int) -> Box:
    """The box clipped to the picture and rounded, as CSRT needs it."""
    numbers = (box.x, box.y, box.x + box.width, box.y + box.height)
    if not np.isfinite(numbers).all():
        raise TrackerError(f"{_describe(box, width, height)} has a side that is no number")
    left, right = np.rint(np.clip(numbers[::2], 0, width))
    top, bottom = np.rint(np.clip(numbers[1::2], 0, height))
    if min(right - left, bottom - top) < _LEAST_SIDE_PX:
        raise TrackerError(
            f"{_describe(box, width, height)} cannot be followed: give one with at least {_LEAST_SIDE_PX} x "
            f"{_LEAST_SIDE_PX} pixels inside the picture"
        )
    return Box(float(left), float(top), float(right - left), float(bottom - top))


def _describe(box: Box, width: int, height: int) -> str:
    return f"the box {box.x:g},{box.y:g},{box.width:g},{box.height:g} in a picture of {width}x{height} pixels"


def bgr(image: np.ndarray) -> np.ndarray:
    """`(H, W, 3)` uint8 RGB in the order of channels that OpenCV's trackers expect."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR)


def _view(image: np.ndarray, box: Box) -> np.ndarray:
    """What is in the box, small, grey and float32; the picture's border is continued outwards."""
    size = (max(round(box.width), 1), max(round(box.height), 1))
    patch = cv2.getRectSubPix(image, size, (box.centre[0] - 0.5, box.centre[1] - 0.5))
    small = cv2.resize(patch, (_VIEW_SIDE_PX, _VIEW_SIDE_PX), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _likeness(view: np.ndarray, memory: np.ndarray) -> float:
    """Normalised correlation, 0..1, with a floor of noise so that two flat views agree."""
    noise = _VIEW_NOISE**2
    a, b = view - view.mean(), memory - memory.mean()
    correlation = ((a * b).mean() + noise) / np.sqrt(((a * a).mean() + noise) * ((b * b).mean() + noise))
    return float(np.clip(correlation, 0.0, 1.0))
