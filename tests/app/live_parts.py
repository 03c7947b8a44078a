"""A camera for tests: a live source whose pairs come exactly when the test says so."""

from collections import deque
from dataclasses import replace
from threading import Condition
from time import monotonic

from app.workshop import Workshop
from sterefo_core.errors import BadFrameError
from sterefo_core.live import CameraHealth, CameraState
from sterefo_core.types import StereoFrame, Truth
from tests.app.small_parts import SmallSource, small_workshop

KEPT = 12


class SmallCamera:
    """As the LiveSource protocol says: `come` is a pair arriving, on whatever thread calls it; the newest wins.

    Args:
        scene: what is before it, as a source of moments.
    """

    name, kind, audio, calibration = "small camera", "a square before a camera", None, None
    identity, rectification = "small-camera", None

    def __init__(self, scene=None):
        self._scene = scene or SmallSource()
        self.size = self._scene.size
        self.health = CameraHealth(frames_per_s=25.0, skew_ms=1.5)
        self.closed = False
        self._changed = Condition()
        self._waiting: StereoFrame | None = None
        self._ring: deque[StereoFrame] = deque(maxlen=KEPT)
        self._times_s: list[float] = []

    def come(self, moment):
        """A pair as the scene looks at this moment."""
        with self._changed:
            self._waiting = replace(self._scene.read(moment), calibration=None)
            self._changed.notify_all()

    def stall(self, message):
        self.health = replace(self.health, state=CameraState.STALLED, message=message)

    def recover(self):
        self.health = replace(self.health, state=CameraState.LIVE, message="", reconnects=1)

    @property
    def taken(self):
        return len(self._times_s)

    def take(self, timeout_s):
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.closed, timeout_s)
            pair, self._waiting = self._waiting, None
            if pair is None:
                return None
            self._times_s.append(pair.timestamp_s)
            self._ring.append(replace(pair, index=len(self._times_s) - 1))
            return self._ring[-1]

    def captured_s(self, index):
        return monotonic()

    def __len__(self):
        return len(self._times_s)

    def timestamp_s(self, index):
        return self._times_s[index]

    def read(self, index):
        for frame in self._ring:
            if frame.index == index:
                return frame
        raise BadFrameError(f"frame {index} of the camera has passed")

    def truth(self, index):
        return Truth()

    def close(self):
        with self._changed:
            self.closed = True
            self._changed.notify_all()


def camera_workshop(camera) -> Workshop:
    """A workshop whose every address is this camera."""
    return replace(small_workshop(), open_source=lambda project: camera)
