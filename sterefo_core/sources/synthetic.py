"""The built-in demo: a street at dusk, rendered with exact disparity and exact boxes. It needs no data."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from sterefo_core.colour import srgb_from_linear
from sterefo_core.scenes.layers import LEFT_EYE, RIGHT_EYE, exact_maps, render_view
from sterefo_core.scenes.street import PEDESTRIAN, Street
from sterefo_core.types import Box, Calibration, DisparityMap, LabelledBox, StereoFrame, Truth

_SIZE, _FRAMES, _RATE = (960, 400), 125, 25.0
_FOCAL_PX, _BASELINE_M, _CENTRE = 720.0, 0.54, (480.0, 190.0)
_NOISE_BYTES = 1.3  # standard deviation of the sensor's noise
_NOISE_SPARE = 64  # px by which the noise is larger than the picture: every frame takes it from another place
_SMALLEST_OBJECT_PX = 12  # of visible pixels; less is no object that anybody could box


class SyntheticSource:
    """Implements `Source`: 5 seconds at 25 frames/s of a street, a pedestrian crossing it and a car that brakes.

    Any frame costs the same and is the same, bit for bit, however it was reached.

    Args:
        size: width and height in px; the view is that of 960x400, at another scale.
        frames: length, at most the 125 frames of the whole scene.
        seed: another one gives another street.
    """

    name = "demo"
    kind = "built-in demo, exact disparity and boxes"
    audio = None

    def __init__(self, size: tuple[int, int] = _SIZE, frames: int = _FRAMES, seed: int = 0) -> None:
        if not 1 <= frames <= _FRAMES:
            raise ValueError(f"the demo has 1 to {_FRAMES} frames, not {frames}")
        self.size, self._frames, self._seed = size, frames, seed
        scale = size[0] / _SIZE[0]
        centre = _CENTRE[0] * scale, size[1] / 2 + (_CENTRE[1] - _SIZE[1] / 2) * scale
        self.calibration = Calibration(_FOCAL_PX * scale, _BASELINE_M, *centre)
        self._street = Street(seed)

    def __len__(self) -> int:
        return self._frames

    def read(self, index: int) -> StereoFrame:
        """Frame `index`; raises IndexError outside the demo."""
        time_s = self.timestamp_s(index)
        scene = self._street.scene(time_s, self.calibration)
        places = np.random.default_rng((self._seed, index)).integers(0, _NOISE_SPARE, (2, 2))
        eyes = zip((LEFT_EYE, RIGHT_EYE), places, strict=True)
        left, right = (self._sensed(render_view(scene, eye, self.size), place) for eye, place in eyes)
        return StereoFrame(index, time_s, left, right, self.calibration)

    def timestamp_s(self, index: int) -> float:
        """Seconds from the first frame; raises IndexError outside the demo."""
        if not 0 <= index < self._frames:
            raise IndexError(f"frame {index} is not in the demo, which has frames 0..{self._frames - 1}")
        return index / _RATE

    def truth(self, index: int) -> Truth:
        """Exact disparity, valid wherever there is a surface, and the boxes of what is visible of the objects."""
        scene = self._street.scene(self.timestamp_s(index), self.calibration)
        disparity, object_ids = exact_maps(scene, self.size)
        boxes = (_visible_box(object_ids, number, name) for number, name in scene.names.items())
        return Truth(DisparityMap(disparity, disparity > 0), tuple(box for box in boxes if box is not None))

    @property
    def subject(self) -> LabelledBox:
        """Whom a viewer would click in the first frame: the pedestrian."""
        return next(label for label in self.truth(0).boxes if label.object_id == PEDESTRIAN)

    def close(self) -> None:
        """Nothing to give back."""

    @cached_property
    def _noise(self) -> np.ndarray:
        """Noise of the sensor, `(H + spare, W + spare, 3)` int8."""
        shape = (self.size[1] + _NOISE_SPARE, self.size[0] + _NOISE_SPARE, 3)
        return np.rint(np.random.default_rng(self._seed).normal(0, _NOISE_BYTES, shape)).astype(np.int8)

    def _sensed(self, linear: np.ndarray, place: np.ndarray) -> np.ndarray:
        """What an 8-bit camera makes of the light: clipped, encoded, a little noisy."""
        (top, left), (width, height) = place, self.size
        noise = self._noise[top : top + height, left : left + width]
        return cv2.add(srgb_from_linear(linear), noise, dtype=cv2.CV_8U)


def _visible_box(object_ids: np.ndarray, number: int, name: str) -> LabelledBox | None:
    rows, columns = np.nonzero(object_ids == number)
    if rows.size < _SMALLEST_OBJECT_PX:
        return None
    left, top = int(columns.min()), int(rows.min())
    box = Box(left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top)
    return LabelledBox(number, name, box)
