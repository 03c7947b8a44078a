"""What running cameras add to the program's nouns: their health, sources that grow, and pairs that need rectifying."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np

from sterefo_core.protocols import Source
from sterefo_core.types import Calibration, StereoFrame


class CameraState(StrEnum):
    """LIVE: pictures come. STALLED: none for a while. RECONNECTING: the connection broke and is tried again."""

    LIVE = "live"
    STALLED = "stalled"
    RECONNECTING = "reconnecting"


@dataclass(frozen=True)
class CameraHealth:
    """How a camera is doing.

    Attributes:
        message: for a person: what happened and what is done about it; "" while all is well.
        frames_per_s: pairs that came per second, lately.
        skew_ms: time between the two pictures of the latest pair, 0 where one device takes both.
        reconnects: connections made again since it was opened.
    """

    state: CameraState = CameraState.LIVE
    message: str = ""
    frames_per_s: float = 0.0
    skew_ms: float = 0.0
    reconnects: int = 0


@runtime_checkable
class LiveSource(Source, Protocol):
    """A running stereo camera: a source that grows by one frame whenever `take` hands one over.

    A frame gets its number when it is taken; pairs that nobody took in time have none, so following a slow camera
    skips no frames. `read` knows the latest few frames taken, and raises BadFrameError for those that have passed.
    Taking, reading and closing may happen on different threads; closing never hangs.
    """

    @property
    def health(self) -> CameraHealth:
        """How the camera is doing at this moment."""

    @property
    def identity(self) -> str:
        """By what a calibration finds its camera again."""

    @property
    def rectification(self) -> Rectification | None:
        """What makes its pairs rectified ones at this moment; None where they are handed over as they come."""

    def take(self, timeout_s: float) -> StereoFrame | None:
        """The newest pair that was not taken yet, as the next frame; None where none comes within the time."""

    def captured_s(self, index: int) -> float:
        """When frame `index` was captured, on the clock `time.monotonic`."""


class Rectification(Protocol):
    """Makes the pairs of two real cameras rectified ones."""

    @property
    def calibration(self) -> Calibration | None:
        """Of the rectified pair; None where focal length and baseline are not known."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the rectified pictures."""

    @property
    def told(self) -> str:
        """What was done, for a person: "calibrated 2026-05-01, 0.21 px"."""

    def apply(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Two `(H, W, 3)` uint8 pictures as the cameras gave them, rectified. Raises SourceError for another size."""
