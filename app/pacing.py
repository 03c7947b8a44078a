"""How large the preview refocuses each picture: as the user chose, in full where it stands still, else to hold a rate.

Nothing but the refocusing depends on it, so seeking and exporting show the same focus. No Qt.
"""

from __future__ import annotations

from dataclasses import replace

from app.adaptive_scale import AdaptiveScale, Cost
from app.preview import Wish
from app.preview_state import AUTOMATIC, Pace, Plate, PreviewLook
from sterefo_core.live import CameraHealth


class Pacing:
    """Belongs to one open source.

    Attributes:
        passed: frames that were looked at on the way to the picture, and while it was refocused.
        took_s: what the latest pictures took of playing's time, each.
    """

    def __init__(self) -> None:
        self.passed, self.took_s = 0, 0.0
        self._adaptive = AdaptiveScale()
        self._before: Plate | None = None
        self._asked_s = 0.0  # from frame to frame: a camera's own time, or that of playing at the speed chosen

    def look(self, wish: Wish, playing_on: bool) -> PreviewLook:
        """What is wished for, with the scale of the next picture.

        `playing_on`: it follows the last one while playing. What stands still, or is gone to, is shown in full.
        """
        self.passed = 0
        if not playing_on:
            self._before, self.took_s = None, 0.0
            self._adaptive.restart()
        if wish.look.scale != AUTOMATIC:
            return wish.look
        return replace(wish.look, scale=self._adaptive.scale if playing_on else 1.0)

    def made(self, plate: Plate, wish: Wish, health: CameraHealth | None, busy_s: float, now_s: float) -> None:
        """Learn from a picture: `busy_s` is the time from going to its frame until the next one can be gone to."""
        before, self._before = self._before, plate
        self.took_s = busy_s if before is None else (self.took_s + busy_s) / 2
        if before is None or plate.done is None:
            return
        frames = plate.index - before.index
        if frames * wish.speed <= 0:
            return  # shown again, or begun anew at the other end
        if health is None:
            self._asked_s = (plate.timestamp_s - before.timestamp_s) / frames / abs(wish.speed)
        elif health.frames_per_s:
            self._asked_s = 1 / health.frames_per_s
        refocus_s = plate.done.milliseconds.get("refocus", 0.0) / 1000
        self._adaptive.shown(now_s, self._asked_s, Cost(max(busy_s - refocus_s, 0.0) / max(self.passed, 1), refocus_s))

    def pace(self, look: PreviewLook, wish: Wish) -> Pace:
        """What to tell of a picture that was made with this look."""
        if wish.look.scale != AUTOMATIC or not self._asked_s:
            return Pace(look.scale)
        return Pace(look.scale, 1 / self._asked_s, self._adaptive.held)
