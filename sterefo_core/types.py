"""The nouns of the program: what travels through the pipeline. `protocols.py` has the parts that it travels through.

Units are in the names. Images are sRGB-encoded RGB, `(H, W, 3)` uint8, unless a name says `linear`. Disparity is in
pixels of the full-size left image, positive, larger is nearer: a point at column x of the left image is at column
x - disparity of the right one. Pixel centres have integer coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from enum import StrEnum

import numpy as np

from sterefo_core.errors import SterefoError
from sterefo_core.lens import Lens, Quality  # noqa: F401 - nouns too, with a file of their own


@dataclass(frozen=True)
class Calibration:
    """A rectified stereo pair: metres = focal_px * baseline_m / (disparity + disparity_offset_px).

    Attributes:
        focal_px: focal length in pixels of the full-size image, > 0.
        baseline_m: distance between the two optical centres in metres, > 0.
        cx_px, cy_px: principal point of the left image.
        disparity_offset_px: column of the right principal point minus that of the left one.
    """

    focal_px: float
    baseline_m: float
    cx_px: float
    cy_px: float
    disparity_offset_px: float = 0.0

    def __post_init__(self) -> None:
        if not np.isfinite(astuple(self)).all():
            raise SterefoError("the calibration has a number that is not finite: check the calibration file")
        if self.focal_px <= 0 or self.baseline_m <= 0:
            found = f"focal length {self.focal_px:g} px and baseline {self.baseline_m:g} m"
            raise SterefoError(f"the calibration has {found}; both must be above 0: check the calibration file")


@dataclass(frozen=True)
class Box:
    """An axis-aligned box in pixels of the left image; `x`, `y` is its top left corner, its right edge is x + width."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Square pixels, 0 for an empty box."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box as (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    def clipped(self, image_width: int, image_height: int) -> Box:
        """The part of the box inside an image of this size; its area is 0 where they do not meet."""
        left, top = min(max(self.x, 0.0), image_width), min(max(self.y, 0.0), image_height)
        right = min(max(self.x + self.width, left), image_width)
        bottom = min(max(self.y + self.height, top), image_height)
        return Box(left, top, right - left, bottom - top)

    def central(self, fraction: float) -> Box:
        """The box of the same centre whose sides are `fraction` (0..1) of this one's."""
        (cx, cy), width, height = self.centre, self.width * fraction, self.height * fraction
        return Box(cx - width / 2, cy - height / 2, width, height)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        shared = max(width, 0.0) * max(height, 0.0)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def slices(self) -> tuple[slice, slice]:
        """Row and column slices of the pixels the (clipped) box covers, at least one pixel each way."""
        left, top = int(np.floor(self.x)), int(np.floor(self.y))
        right = max(int(np.ceil(self.x + self.width)), left + 1)
        bottom = max(int(np.ceil(self.y + self.height)), top + 1)
        return slice(top, bottom), slice(left, right)


@dataclass(frozen=True, eq=False)
class DisparityMap:
    """The disparity of every pixel of the left image.

    Attributes:
        values: `(H, W)` float32, px, finite and >= 0 everywhere: pixels that were not measured are filled sensibly.
        valid: `(H, W)` bool, True where the value was measured rather than filled.
    """

    values: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True)
class LabelledBox:
    """A true box of one object in one frame, with the object's identity over time."""

    object_id: int
    name: str
    box: Box


@dataclass(frozen=True, eq=False)
class Truth:
    """What is exactly known of a frame: disparity (None if unknown) and object boxes."""

    disparity: DisparityMap | None = None
    boxes: tuple[LabelledBox, ...] = ()


@dataclass(frozen=True, eq=False)
class StereoFrame:
    """One moment: a rectified pair.

    Attributes:
        index: frame number in its source, from 0.
        timestamp_s: time of capture in seconds from the source's first frame.
        left, right: `(H, W, 3)` uint8 RGB of the same size; grey cameras give three equal channels.
        calibration: None when unknown; metres are then not available.
    """

    index: int
    timestamp_s: float
    left: np.ndarray
    right: np.ndarray
    calibration: Calibration | None = None


class TrackState(StrEnum):
    """What the tracker honestly knows. IDLE: nothing is being followed."""

    IDLE = "idle"
    TRACKING = "tracking"
    UNCERTAIN = "uncertain"
    LOST = "lost"


@dataclass(frozen=True)
class Track:
    """Where the object is in one frame: `box` is None when IDLE or LOST, never invented. `score` is 0..1."""

    state: TrackState
    box: Box | None = None
    score: float = 0.0


IDLE = Track(TrackState.IDLE)


@dataclass(frozen=True)
class Follow:
    """Decision: from `frame` on, follow what is in `box`; with `arrive` the change of focus ends at it, else begins.

    With `backward` it is followed before `frame`, too, back to the decision before this one or to the first frame. A
    `weak` one gives way to the next decision that the machine makes, where it may; others only to the user's.
    """

    frame: int
    box: Box
    arrive: bool = False
    backward: bool = False
    weak: bool = False


@dataclass(frozen=True)
class Hold:
    """Decision: from `frame` on, hold a distance in px of disparity or, calibrated, metres; `arrive` as in Follow."""

    frame: int
    disparity: float | None = None
    metres: float | None = None
    arrive: bool = False

    def __post_init__(self) -> None:
        if (self.disparity is None) == (self.metres is None):
            raise SterefoError("a held focus needs either a disparity or a distance in metres, and not both")


@dataclass(frozen=True)
class Release:
    """Decision: from `frame` on, let go; the blur eases out."""

    frame: int


Decision = Follow | Hold | Release


@dataclass(frozen=True)
class FocusState:
    """Where the lens is focused in one frame.

    Attributes:
        disparity: focal plane in px; None before anything was ever focused on.
        strength: 0..1, how far the aperture is open: it eases to 0 after a release and is 0 before the first focus.
        measured: median disparity measured in this frame's box, or None.
    """

    disparity: float | None = None
    strength: float = 0.0
    measured: float | None = None


@dataclass(frozen=True, eq=False)
class Refocused:
    """Everything about one frame, all of the same moment.

    Attributes:
        image: `(H, W, 3)` uint8 RGB, the refocused picture.
        milliseconds: the time that each stage took.
        capped: share of the pixels, 0..1, that the lens wanted to blur more than its largest radius allows.
    """

    frame: StereoFrame
    disparity: DisparityMap
    track: Track
    focus: FocusState
    image: np.ndarray
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    capped: float = 0.0
