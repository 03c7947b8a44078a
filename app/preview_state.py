"""What the preview thread tells the window: one snapshot of everything, of which only the newest counts. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sterefo_core.live import CameraHealth
from sterefo_core.project import Project
from sterefo_core.types import Box, Calibration, Decision, Refocused

if TYPE_CHECKING:
    from sterefo_core.recording import RecordingProgress


AUTOMATIC = 0.0
"""The scale of a preview that chooses it by itself."""


class View(StrEnum):
    """What the viewport shows of a frame."""

    REFOCUSED = "refocused"
    ORIGINAL = "original"
    WIPE = "wipe"
    DISPARITY = "disparity"
    FOCAL_PLANE = "focal plane"


class Phase(StrEnum):
    """What the preview is doing. SEEKING: looking at the frames on the way to the one that was asked for."""

    EMPTY = "empty"
    OPENING = "opening"
    READY = "ready"
    SEEKING = "seeking"
    FAILED = "failed"


class Seen(StrEnum):
    """What is known of a frame for the project as it is now."""

    NOTHING = "nothing"
    COMPUTED = "computed"
    TRACKING = "tracking"
    UNCERTAIN = "uncertain"
    LOST = "lost"


@dataclass(frozen=True)
class SourceFacts:
    """What the window needs to know of an open source.

    Attributes:
        times_s: time stamp of every frame; empty for a live camera, whose frames come as they are taken.
        identity: by what a calibration finds the camera again; "" for a recorded source.
    """

    name: str
    kind: str
    size: tuple[int, int]
    calibration: Calibration | None
    times_s: tuple[float, ...]
    identity: str = ""

    @property
    def live(self) -> bool:
        """Whether it is a running camera: there is nothing to seek, and nothing to export."""
        return not self.times_s


@dataclass(frozen=True, eq=False)
class Plate:
    """The pictures of one frame, ready to be painted: `(H, W, 4)` uint8 in the order blue, green, red, unused.

    Attributes:
        index: frame number.
        timestamp_s: time of capture, from the source's first frame.
        original: the left picture.
        refocused: as the lens saw it; None while the frame is not computed yet, `done` too.
        analysis: disparity colours or focal plane where the view asks for them.
        captured_s: `time.perf_counter()` when the frame was asked of its source; of a camera, when it was captured.
    """

    index: int
    timestamp_s: float
    original: np.ndarray
    captured_s: float
    refocused: np.ndarray | None = None
    analysis: np.ndarray | None = None
    done: Refocused | None = None


@dataclass(frozen=True)
class Pace:
    """At which share of the full size the plate was refocused, and why.

    Attributes:
        rate: pictures a second that the share was chosen for; None where the user chose it.
        held: whether the rate is reached.
    """

    scale: float = 1.0
    rate: float | None = None
    held: bool = True


@dataclass(frozen=True)
class Take:
    """A recording, and how it gets on or went."""

    path: Path
    progress: RecordingProgress


@dataclass(frozen=True)
class Picked:
    """The answer to a click: the box found around it. `request` is the number that `Preview.pick` gave."""

    request: int
    box: Box


@dataclass(frozen=True, eq=False)
class PreviewState:
    """The snapshot.

    Attributes:
        generation: bumped by every open and seek; older ones are stale.
        project: what the plate shows, None before the first computed frame.
        source: None while nothing is open.
        plate: what to show, None before the first frame.
        seen: what is known of every frame; of a camera's, nothing is kept.
        chosen: what the machine has decided where the user has not.
        progress: frames done and to do while SEEKING.
        speed: 0 while paused, 1 real time, negative backwards.
        pace: how large the plate was refocused.
        skipped: frames that playing in real time did not show, since it began.
        failure: one line for a person, or None.
        picked: the last click's box.
        health: how the camera is doing; None for a recorded source.
        take: what is being recorded, or was last; None before the first one.
        rectified: how its pairs are made rectified ones, for a person; "" where they are not.
    """

    generation: int = 0
    phase: Phase = Phase.EMPTY
    project: Project | None = None
    source: SourceFacts | None = None
    plate: Plate | None = None
    seen: tuple[Seen, ...] = ()
    chosen: tuple[Decision, ...] = ()
    progress: tuple[int, int] | None = None
    speed: float = 0.0
    pace: Pace = Pace()
    skipped: int = 0
    failure: str | None = None
    picked: Picked | None = None
    health: CameraHealth | None = None
    rectified: str = ""
    take: Take | None = None


@dataclass(frozen=True)
class PreviewLook:
    """How the preview may differ from the export, and where it is computed.

    Attributes:
        view: what to show.
        safe_colours: use the colour set that colour-blind people can tell apart.
        scale: share of the full size at which the preview refocuses, 0..1; AUTOMATIC is full size, but smaller while
            playing is late.
        device: "auto", "cpu" or "cuda".
    """

    view: View = View.REFOCUSED
    safe_colours: bool = False
    scale: float = AUTOMATIC
    device: str = "auto"
