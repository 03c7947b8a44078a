"""Small, quick parts for what is about threads and events rather than pictures: a square that moves over a ramp."""

import cv2
import numpy as np

from app.workshop import Workshop
from sterefo_core.errors import BadFrameError
from sterefo_core.pipeline import Pipeline
from sterefo_core.types import Box, Calibration, DisparityMap, StereoFrame, Track, TrackState, Truth

SIZE = 160, 96
SIDE, NEAR_PX, FAR_PX = 24, 30.0, 8.0
CALIBRATION = Calibration(focal_px=120.0, baseline_m=0.5, cx_px=80, cy_px=48)


def square(index):
    """Where the object is at a frame."""
    return Box(10.0 + 2 * (index % 60), 30.0, SIDE, SIDE)


class SmallSource:
    """As the Source protocol says; frame `bad` cannot be read."""

    name, kind, size, audio, calibration = "small", "square on a ramp", SIZE, None, CALIBRATION

    def __init__(self, count=60, bad=None, fps=25.0):
        self.count, self.bad, self.fps, self.closed = count, bad, fps, 0

    def __len__(self):
        return self.count

    def timestamp_s(self, index):
        return index / self.fps

    def read(self, index):
        if index == self.bad:
            raise BadFrameError(f"frame{index:03}.png is cut short: copy it again")
        left = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
        left[:] = np.arange(SIZE[0], dtype=np.uint8)[None, :, None]
        left[square(index).slices()] = (250, 40, 40)
        return StereoFrame(index, self.timestamp_s(index), left, left.copy(), self.calibration)

    def truth(self, index):
        return Truth()

    def close(self):
        self.closed += 1


class SmallDepth:
    """Exact disparity, from the square's colour."""

    def compute(self, frame):
        values = np.where(frame.left[..., 0] == 250, NEAR_PX, FAR_PX).astype(np.float32)
        return DisparityMap(values, np.ones(values.shape, bool))


class SmallTracker:
    """Finds the square by its colour; the score tells how many pictures it has seen since it started."""

    def start(self, image, box):
        self.pictures = 0
        return self.update(image)

    def update(self, image):
        self.pictures += 1
        rows, columns = np.nonzero(image[..., 0] == 250)
        if not len(rows):
            return Track(TrackState.LOST)
        sides = columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
        return Track(TrackState.TRACKING, Box(*map(float, sides)), 1 / self.pictures)


class SmallRenderer:
    """Blurs everything off the focal plane alike."""

    def render(self, image, disparity, focus_disparity, lens, right):
        size = 1 + 2 * int(min(lens.aperture * 10, lens.max_radius_px))
        sharp = np.abs(disparity - focus_disparity) < 2
        return np.where(sharp[..., None], image, cv2.blur(image, (size, size)))


def small_workshop(**source):
    """A workshop whose every address is the small source."""
    return Workshop(
        open_source=lambda project: SmallSource(**source),
        make_renderer=lambda device: SmallRenderer(),
        make_pipeline=lambda source, project, device, renderer: Pipeline(source, SmallDepth(), renderer, SmallTracker),
        box_at=lambda image, disparity, x, y: SmallTracker().start(image, None).box,
    )
