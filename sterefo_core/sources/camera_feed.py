"""The pairs of one camera address as they come: captured, matched, the newest kept; and how the cameras are doing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Condition
from time import monotonic

from sterefo_core.live import CameraHealth, CameraState
from sterefo_core.sources.camera_address import CameraAddress
from sterefo_core.sources.camera_capture import Capture
from sterefo_core.sources.camera_pairs import Pair, Pairing
from sterefo_core.sources.camera_reader import CameraError, Grab, open_reader

STALLED_S = 1.0
"""Without a pair for so long, a camera counts as stalled."""
_RATE_WINDOW_S = 2.0

PairListener = Callable[[Pair], None]


class CameraFeed:
    """One slot that always holds the newest pair; filled by one capturing thread for each device.

    Args:
        address: one or two devices.
    """

    def __init__(self, address: CameraAddress) -> None:
        self._arrival = Condition()
        self._newest: Pair | None = None
        self._latest: Pair | None = None
        self._times: deque[float] = deque(maxlen=240)
        self._pairing = Pairing() if len(address.devices) == 2 else None
        self._listeners: tuple[PairListener, ...] = ()
        self._closed = False
        whose = ("left", "right") if self._pairing else ("",)
        self._captures = {
            eye: Capture(f"camera {eye}".strip(), partial(open_reader, device, address), partial(self._receive, side))
            for side, (eye, device) in enumerate(zip(whose, address.devices, strict=True))
        }

    def wait(self, timeout_s: float) -> Pair | None:
        """The newest pair that nobody took yet; None where none comes within the time, or after closing."""
        with self._arrival:
            self._arrival.wait_for(lambda: self._newest or self._closed, timeout_s)
            pair, self._newest = self._newest, None
            return None if self._closed else pair

    def listen(self, listener: PairListener) -> None:
        """Call `listener` with every pair from now on, on a capturing thread: it must be quick."""
        with self._arrival:
            self._listeners = (*self._listeners, listener)

    def ignore(self, listener: PairListener) -> None:
        """Call it no longer."""
        with self._arrival:
            self._listeners = tuple(other for other in self._listeners if other != listener)

    @property
    def final_fault(self) -> CameraError | None:
        """A reason why pictures will never come."""
        return next((fault for capture in self._captures.values() if (fault := capture.fault) and fault.final), None)

    @property
    def trouble(self) -> str:
        """What is wrong with each camera that gives no pictures; "" where all do."""
        faults = [(eye, capture.fault) for eye, capture in self._captures.items()]
        return ", ".join(f"{_named(eye)} is gone ({fault})" for eye, fault in faults if fault)

    @property
    def refused(self) -> str:
        """What the cameras were asked for and do not do, for a person; "" where they do all."""
        refusals = [(eye, capture.refused) for eye, capture in self._captures.items() if capture.refused]
        told = ", ".join(f"{_named(eye)} does not do {refused}" for eye, refused in refusals)
        return told and f"{told}: it goes on as its driver likes, open it with another choice"

    @property
    def health(self) -> CameraHealth:
        """How the cameras are doing at this moment."""
        now_s = monotonic()
        state, message = self._state(now_s)
        recent = [time for time in tuple(self._times) if now_s - time < _RATE_WINDOW_S]
        rate = (len(recent) - 1) / (now_s - recent[0]) if len(recent) > 1 else 0.0
        skew_ms = self._latest.skew_ms if self._latest else 0.0
        reconnects = sum(max(capture.connections - 1, 0) for capture in self._captures.values())
        return CameraHealth(state, message, rate, skew_ms, reconnects)

    def close(self) -> None:
        """End the threads. May be called twice."""
        with self._arrival:
            self._closed = True
            self._arrival.notify_all()
        for capture in self._captures.values():
            capture.begin_closing()
        for capture in self._captures.values():
            capture.close()

    def _receive(self, side: int, grab: Grab) -> None:
        with self._arrival:
            pair = self._pairing.add(side, grab) if self._pairing else Pair(grab)
            if pair is None:
                return
            self._newest = self._latest = pair
            self._times.append(monotonic())
            self._arrival.notify_all()
            listeners = self._listeners
        for listener in listeners:
            listener(pair)

    def _state(self, now_s: float) -> tuple[CameraState, str]:
        if trouble := self.trouble:
            return CameraState.RECONNECTING, f"{trouble}: connecting again"
        silent = {eye: now_s - capture.latest_s for eye, capture in self._captures.items()}
        eye = max(silent, key=lambda eye: silent[eye])
        if silent[eye] > STALLED_S:
            return CameraState.STALLED, f"{_named(eye)} has sent no picture for {silent[eye]:.0f} s"
        if self._times and now_s - self._times[-1] > STALLED_S:
            return CameraState.STALLED, "the pictures of the two cameras are too far apart in time"
        return CameraState.LIVE, ""


def _named(eye: str) -> str:
    return f"the {eye} camera" if eye else "the camera"
