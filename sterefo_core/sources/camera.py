"""Running stereo cameras as a source: one device that takes both eyes, or two."""

from __future__ import annotations

from array import array
from collections import deque
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from time import monotonic

import numpy as np

from sterefo_core.calibration.drift import DriftWatch
from sterefo_core.calibration.self_rectify import aligned_by_sight
from sterefo_core.calibration.store import rectification_for
from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.live import CameraHealth, CameraState, Rectification
from sterefo_core.sources.camera_address import CameraAddress, is_url, parse_camera, redacted
from sterefo_core.sources.camera_devices import own_name
from sterefo_core.sources.camera_eyes import Eyes
from sterefo_core.sources.camera_feed import STALLED_S, CameraFeed, PairListener
from sterefo_core.sources.camera_pairs import Pair
from sterefo_core.types import Calibration, StereoFrame, Truth

OPENING_S = 10.0
"""How long opening waits for the first pair."""
KEPT_FRAMES = 12
"""How many of the frames taken last can be read again."""
ALIGNED_AT = (0, 15, 60, 240)
"""Frames by which an uncalibrated camera is aligned by sight: the first may be too dark to see anything."""
_LOOK_S = 0.2  # how often opening looks whether waiting makes sense
_LEAST_STEP_S = 0.001  # between the times of two frames: they ascend


def open_camera(address: str, layout: str = "auto", timeout_s: float = OPENING_S) -> CameraSource:
    """Open the camera at an address such as "camera:0", "camera:0,2", "rtsp://host/path" (`camera_address`).

    Its first pair is taken as frame 0, so opening may last some seconds.

    Args:
        address: which devices, and after "#" how: "camera:0#layout=top-bottom&swap&size=2560x720".
        layout: where the eyes lie in the picture of one device, unless the address says so.
        timeout_s: how long to wait for the first pair.

    Raises:
        SourceError: the address is malformed, no pictures come, or they are not stereo; one line, without passwords.
    """
    asked = parse_camera(address)
    feed = CameraFeed(asked)
    try:
        pair, eyes = _first_pair(feed, asked, layout, timeout_s)
        return CameraSource(asked, feed, eyes, pair)
    except BaseException:
        feed.close()
        raise


class CameraSource:
    """A running stereo camera; implements `live.LiveSource`. Made by `open_camera`.

    Args:
        address: what was asked for.
        feed: where pairs come from; closed by `close`.
        eyes: decodes them.
        first: the pair that becomes frame 0.

    Attributes:
        rectification: what makes the pairs rectified ones: the camera's calibration, else what aligns its rows by
            sight, found at one of the first frames; None where they are handed over as they come.
    """

    audio: Path | None = None

    def __init__(self, address: CameraAddress, feed: CameraFeed, eyes: Eyes, first: Pair) -> None:
        self._address, self._feed, self._eyes = address, feed, eyes
        self.name = address.name
        self.rectification: Rectification | None = None
        if not address.raw:
            self.rectification = rectification_for(self.identity, eyes.size, address.calibration)
        self._drift, self._drifted = DriftWatch(), ""
        self._taking, self._keeping = Lock(), Lock()
        self._kept: deque[StereoFrame] = deque(maxlen=KEPT_FRAMES)
        self._captured_s = array("d")
        self._damaged_since_s: float | None = None
        self._keep(first, *eyes.look(first))

    @property
    def kind(self) -> str:
        """What was recognised, for a person."""
        layout = f"live camera, {self._eyes.layout}" if self._eyes.layout else "two live cameras"
        return f"{layout}, {self.rectification.told if self.rectification else 'not rectified'}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures handed over."""
        return self.rectification.size if self.rectification else self._eyes.size

    @property
    def raw_size(self) -> tuple[int, int]:
        """Width and height of either eye as the camera gives it: a calibration is for this size."""
        return self._eyes.size

    @property
    def identity(self) -> str:
        """By what a calibration finds its camera again: the devices' own names, else addresses, left eye first."""
        names = [_device_identity(device) for device in self._address.devices]
        if self._address.swap:
            names = names[::-1] if len(names) > 1 else [f"{names[0]}#swap"]
        return ",".join(names)

    @property
    def calibration(self) -> Calibration | None:
        """None while nothing is known of the cameras."""
        return self.rectification.calibration if self.rectification else None

    @property
    def health(self) -> CameraHealth:
        """How the camera is doing at this moment."""
        health = self._feed.health
        if health.state != CameraState.LIVE:
            return health
        if self._damaged_since_s is not None and monotonic() - self._damaged_since_s > STALLED_S:
            return replace(health, state=CameraState.STALLED, message="the camera sends damaged pictures only")
        return replace(health, message=self._eyes.changed or self._drifted or self._feed.refused)

    def take(self, timeout_s: float) -> StereoFrame | None:
        """The newest pair that was not taken yet, as the next frame; damaged ones are passed over."""
        until_s = monotonic() + timeout_s
        with self._taking:
            while pair := self._feed.wait(max(until_s - monotonic(), 0)):
                try:
                    eyes = self.look(pair)
                except BadFrameError:
                    self._damaged_since_s = self._damaged_since_s or monotonic()
                    continue
                self._damaged_since_s = None
                return self._keep(pair, *eyes)
        return None

    def __len__(self) -> int:
        """Number of frames taken."""
        return len(self._captured_s)

    def read(self, index: int) -> StereoFrame:
        """One of the latest KEPT_FRAMES frames; BadFrameError for one that has passed."""
        self.timestamp_s(index)
        with self._keeping:
            for frame in self._kept:
                if frame.index == index:
                    return frame
        raise BadFrameError(f"frame {index} of {self.name} has passed: record the camera to see it again")

    def timestamp_s(self, index: int) -> float:
        """Seconds from frame 0 to frame `index`, as they were captured."""
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} is outside 0..{len(self) - 1} of {self.name}")
        return self._captured_s[index] - self._captured_s[0]

    def captured_s(self, index: int) -> float:
        """When frame `index` was captured, on the clock `time.monotonic`."""
        self.timestamp_s(index)
        return self._captured_s[index]

    def truth(self, index: int) -> Truth:
        """Nothing is known of what a camera sees."""
        self.timestamp_s(index)
        return Truth()

    def look(self, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
        """The two pictures of a pair as the camera gives them, of `raw_size`; raises BadFrameError for damaged ones."""
        return self._eyes.look(pair)

    def listen(self, listener: PairListener) -> None:
        """Call `listener` with every pair from now on, taken or not, on a capturing thread: it must be quick."""
        self._feed.listen(listener)

    def ignore(self, listener: PairListener) -> None:
        """Call it no longer."""
        self._feed.ignore(listener)

    def close(self) -> None:
        """Let go of the cameras, within a second. May be called twice."""
        self._feed.close()

    def _keep(self, pair: Pair, left: np.ndarray, right: np.ndarray) -> StereoFrame:
        if self.rectification is None and not self._address.raw and len(self) in ALIGNED_AT:
            self.rectification = aligned_by_sight(left, right)
        if self.rectification:
            left, right = self.rectification.apply(left, right)
            self._drifted = self._drift.offer(left, right) or ""
        with self._keeping:
            earliest_s = self._captured_s[-1] + _LEAST_STEP_S if self._captured_s else pair.captured_s
            self._captured_s.append(max(pair.captured_s, earliest_s))
            index = len(self) - 1
            frame = StereoFrame(index, self.timestamp_s(index), left, right, self.calibration)
            self._kept.append(frame)
        return frame


def _first_pair(feed: CameraFeed, asked: CameraAddress, layout: str, timeout_s: float) -> tuple[Pair, Eyes]:
    """The first pair that is whole, and what it teaches. Raises SourceError."""
    until_s = monotonic() + timeout_s
    while monotonic() < until_s:
        pair = feed.wait(min(_LOOK_S, timeout_s))
        if pair:
            with suppress(BadFrameError):
                return pair, Eyes(asked, pair, layout)
        elif feed.final_fault:
            break
    why = feed.trouble or "what it sends is damaged, or comes from one of two cameras only"
    raise SourceError(f"{asked.name} gives no pictures, {why}: check its address, power and cable")


def _device_identity(device: str) -> str:
    """The name that the system gives to this very device, wherever it is plugged in; for a stream its address."""
    if is_url(device):
        return redacted(device)
    path = Path(f"/dev/video{device}" if device.isdecimal() else device)
    return own_name(path) or str(path)
