"""The exchangeable parts of the pipeline, as what they promise: sources, depth engines, trackers and renderers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from sterefo_core.types import Box, Calibration, DisparityMap, Lens, StereoFrame, Track, Truth


class Source(Protocol):
    """A stereo video, by index. Reading is exact: frame i is the same however it was reached. Not thread-safe."""

    @property
    def name(self) -> str:
        """What the source is called in messages."""

    @property
    def kind(self) -> str:
        """What was recognised, for a person: "KITTI odometry, colour"."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the left image in pixels."""

    @property
    def calibration(self) -> Calibration | None:
        """None when unknown; metres are then not available."""

    @property
    def audio(self) -> Path | None:
        """A file whose audio track belongs to the pictures, or None."""

    def __len__(self) -> int:
        """Number of frames, > 0."""

    def read(self, index: int) -> StereoFrame:
        """Frame `index`. Raises BadFrameError naming the file, IndexError outside 0..len - 1."""

    def timestamp_s(self, index: int) -> float:
        """Seconds from frame 0 to frame `index`, without decoding a picture."""

    def truth(self, index: int) -> Truth:
        """What is exactly known of the frame; an empty Truth where the data set says nothing."""

    def close(self) -> None:
        """Give back files and decoders. May be called twice."""


class DepthEngine(Protocol):
    """Stereo matching: a rectified pair to the disparity of the left image. Stateless between frames."""

    def compute(self, frame: StereoFrame) -> DisparityMap:
        """Disparity of `frame.left`, same size."""


class Tracker(Protocol):
    """Follows one object. `start` then `update` once per frame, in order."""

    def start(self, image: np.ndarray, box: Box) -> Track:
        """Begin on `(H, W, 3)` uint8 RGB. Raises TrackerError where the box is outside the picture or too small."""

    def update(self, image: np.ndarray) -> Track:
        """Find the object again in the next picture of the same size."""


@runtime_checkable
class DepthAidedTracker(Tracker, Protocol):
    """A tracker that disparity helps. `refine` follows every `start` and `update`, with the same picture.

    So `update` can run while the disparity is still being computed; `refine` is quick and has the last word.
    """

    def refine(self, image: np.ndarray, disparity: DisparityMap) -> Track:
        """The track of the latest picture, now that its disparity is known."""


@runtime_checkable
class Renderer(Protocol):
    """The refocusing stage as the pipeline uses it: 8-bit in, 8-bit out."""

    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB as `lens`, focused at `focus_disparity` px, would have seen it; same size and type.

        `disparity` is `(H, W)` float32 px, dense; `right` is the right image or None.
        """
