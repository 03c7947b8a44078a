"""The status line: rate, delay, drops, stages, tracker and focus, in words and numbers."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from collections import deque
from time import perf_counter

from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import wording
from app.preview_state import Phase, Plate, PreviewState
from sterefo_core.types import Hold

RATE_WINDOW_S = 2.0
STAGES = ("decode", "depth", "track", "focus", "refocus")


class PaintClock:
    """Measures what really reached the screen: pictures per second and delay from capture to paint."""

    def __init__(self) -> None:
        self._painted_s: deque[float] = deque()
        self.delay_ms = 0.0

    def painted(self, plate: Plate, now_s: float | None = None) -> None:
        """A plate was painted just now."""
        now_s = perf_counter() if now_s is None else now_s
        self.delay_ms = (now_s - plate.captured_s) * 1000
        self._painted_s.append(now_s)
        while now_s - self._painted_s[0] > RATE_WINDOW_S:
            self._painted_s.popleft()

    def rate(self) -> float:
        """Pictures per second over the last two seconds; 0 for fewer than two."""
        span_s = self._painted_s[-1] - self._painted_s[0] if self._painted_s else 0.0
        return (len(self._painted_s) - 1) / span_s if span_s else 0.0

    def restart(self) -> None:
        """Forget what was painted before playing began."""
        self._painted_s.clear()


class StatusLine(QWidget):
    """Shows a state. The remark on the left is for what just happened."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="status")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 5, 14, 5)
        row.setSpacing(18)
        self.remark = QLabel()
        self.remark.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # cut rather than widen
        self.tracker, self.focus, self.pace, self.rate, self.drops, self.stages = (QLabel() for _ in range(6))
        self.tracker.setToolTip("What the tracker knows of the object")
        self.focus.setToolTip("Where the lens is focused, and how much of the picture it would blur more if it might")
        self.pace.setToolTip("Exports, and pictures that stand still, are of full size")
        self.rate.setToolTip("Pictures painted per second, and the delay from capture to paint")
        self.drops.setToolTip("Frames passed over to keep the time, and pictures that were computed but never painted")
        self.stages.setToolTip(
            "Time that each stage took for this frame; stages overlap, and of decoding only waiting counts"
        )
        self._facts = (self.tracker, self.focus, self.pace, self.rate, self.drops, self.stages)
        row.addWidget(self.remark, 1)
        for label in self._facts:
            row.addWidget(label)
        self.setMinimumWidth(1)  # what there is no room for is left out: the window never grows by itself

    def say(self, text: str) -> None:
        """Show a remark until the next one."""
        self.remark.setText(text)
        self.remark.setToolTip(text)

    def show_state(self, state: PreviewState, clock: PaintClock, unpainted: int) -> None:
        """Show the facts of the plate that is on the screen."""
        done = state.plate.done if state.plate else None
        if done is None:
            for label in self._facts:
                label.clear()
            return
        decision = state.project.active(done.frame.index) if state.project else None
        holds = isinstance(decision, Hold)
        self.tracker.setText("Holding a distance" if holds else wording.STATE_WORDS[done.track.state])
        focus = done.focus.disparity if done.focus.strength > 0 else None
        where = "No focus" if focus is None else f"Focus {wording.distance(focus, done.frame.calibration)}"
        largest = f"  ·  largest blur in {wording.share(done.capped)}" if done.capped else ""
        self.focus.setText(where + largest)
        self.pace.setText(wording.pace(state.pace))
        playing = state.speed != 0 and state.phase is Phase.READY
        measured = f"{clock.rate():.1f} fps  ·  {clock.delay_ms:.0f} ms delay" if clock.rate() else "Playing"
        still = "Paused" if state.health is None else "Frozen"
        self.rate.setText(measured if playing else still)
        self.drops.setText(f"{state.skipped} skipped  ·  {unpainted} unpainted")
        times = done.milliseconds
        self.stages.setText("  ".join(f"{stage} {times[stage]:.0f}" for stage in STAGES if stage in times) + " ms")
        self._leave_out()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """There may be more room, or less."""
        self._leave_out()

    def _leave_out(self) -> None:
        """Show as many facts as there is room for; the first ones matter most."""
        row = self.layout()
        room = self.contentsRect().width() - row.contentsMargins().left() - row.contentsMargins().right()
        for label in self._facts:
            room -= label.sizeHint().width() + row.spacing()
            label.setVisible(room >= 0)
