"""The timeline: time, what is known of every frame, focus points, range and playhead; press or drag to seek."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app import wording
from app.preview_state import Seen
from sterefo_core.project import Project
from sterefo_core.types import Decision, Follow, Hold

SIDE, RULER, BAND, LANE = 14, 20, 12, 22
POINTS_Y = RULER + BAND + 4 + LANE / 2
TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
TICK_APART_PX = 76
HANDLE_PX = 6
LOST, UNSURE, KNOWN = QColor(229, 83, 75), QColor(232, 190, 110), QColor(96, 160, 220)
SEEN_COLOURS = {Seen.COMPUTED: KNOWN, Seen.TRACKING: KNOWN, Seen.UNCERTAIN: UNSURE, Seen.LOST: LOST}


def marks(times_s: Sequence[float], tick_s: float) -> Iterator[tuple[int, float]]:
    """The first frame of every `tick_s` seconds that have any, and the time at which they begin."""
    frame = 0
    while frame < len(times_s):
        count = int(times_s[frame] / tick_s + 1e-6)
        yield frame, count * tick_s
        frame = bisect_left(times_s, (count + 1 - 1e-6) * tick_s, frame + 1)


class Timeline(QWidget):
    """Shows a project over its frames. `sought` says (frame, still dragging); `ranged` (first, last) of a new range."""

    sought = pyqtSignal(int, bool)
    ranged = pyqtSignal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Timeline")
        self._times_s: tuple[float, ...] = ()
        self._project = Project()
        self._seen: tuple[Seen, ...] = ()
        self._chosen: tuple[Decision, ...] = ()
        self._frame = 0
        self._dragging: str | None = None

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as its rows."""
        return QSize(600, RULER + BAND + LANE + 12)

    def show_source(self, times_s: tuple[float, ...]) -> None:
        """The time stamps of the frames; none while nothing is open."""
        self._times_s = times_s
        self.update()

    def show_project(self, project: Project) -> None:
        """Focus points and range."""
        self._project = project
        self.update()

    def show_progress(self, frame: int, seen: tuple[Seen, ...], chosen: tuple[Decision, ...] = ()) -> None:
        """Where the playhead is, what is known, and what the machine has decided."""
        if (frame, seen, chosen) != (self._frame, self._seen, self._chosen):
            self._frame, self._seen, self._chosen = frame, seen, chosen
            self.update()

    def x_of(self, frame: float) -> float:
        """Where the middle of a frame is, in px."""
        return SIDE + (frame + 0.5) * self._step

    def frame_at(self, x: float) -> int:
        """The frame at this place, the first or last one beyond the ends."""
        return min(max(int((x - SIDE) / self._step), 0), len(self._times_s) - 1)

    @property
    def _step(self) -> float:
        return max(self.width() - 2 * SIDE, 1) / max(len(self._times_s), 1)

    @property
    def _range(self) -> tuple[int, int]:
        last = len(self._times_s) - 1
        out = last if self._project.last_frame is None else min(self._project.last_frame, last)
        return min(self._project.first_frame, last), out

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint all rows."""
        if not self._times_s:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ruler(painter)
        self._paint_band(painter)
        self._paint_range(painter)
        for decision in self._chosen:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.PlaceholderText), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(self.x_of(decision.frame), POINTS_Y), 3.5, 3.5)
        for decision in self._project.decisions:
            self._paint_point(painter, decision)
        self._paint_playhead(painter)

    def _paint_ruler(self, painter: QPainter) -> None:
        span_s = self._times_s[-1] - self._times_s[0]
        enough = [tick for tick in TICKS_S if span_s / tick * TICK_APART_PX <= self.width() - 2 * SIDE]
        tick_s = enough[0] if enough else TICKS_S[-1]
        painter.setFont(_small(painter))
        muted = self.palette().color(QPalette.ColorRole.PlaceholderText)
        free_x = float(SIDE)  # ticks of uneven times may lie nearer to each other than their labels are wide
        for frame, time_s in marks(self._times_s, tick_s):
            x = self.x_of(frame)
            painter.setPen(muted)
            painter.drawLine(QPointF(x, RULER - 4), QPointF(x, RULER))
            text = wording.time_code(time_s)
            width = painter.fontMetrics().horizontalAdvance(text)
            if free_x <= x < self.width() - width - 6:
                painter.drawText(QPointF(x + 3, RULER - 6), text)
                free_x = x + 3 + width

    def _paint_band(self, painter: QPainter) -> None:
        track = QRectF(SIDE, RULER + 2, self.width() - 2 * SIDE, BAND)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Midlight))
        painter.drawRoundedRect(track, 3, 3)
        start = 0
        for seen, group in groupby(self._seen):
            stop = start + len(list(group))
            if seen is not Seen.NOTHING:
                stretch = QRectF(self.x_of(start - 0.5), track.top(), (stop - start) * self._step, BAND)
                painter.fillRect(stretch, SEEN_COLOURS[seen])
                if seen is Seen.LOST:  # not by colour alone
                    painter.fillRect(stretch, Qt.BrushStyle.BDiagPattern)
            start = stop

    def _paint_range(self, painter: QPainter) -> None:
        first, last = self._range
        veil = QColor(self.palette().color(QPalette.ColorRole.Window))
        veil.setAlpha(170)
        left, right = self.x_of(first - 0.5), self.x_of(last + 0.5)
        painter.fillRect(QRectF(SIDE, RULER, left - SIDE, BAND + LANE + 4), veil)
        painter.fillRect(QRectF(right, RULER, self.width() - SIDE - right, BAND + LANE + 4), veil)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), 2))
        for x, inward in ((left, 4), (right, -4)):
            top, bottom = RULER, RULER + BAND + 4
            painter.drawPolyline(
                QPolygonF([QPointF(x + inward, top), QPointF(x, top), QPointF(x, bottom), QPointF(x + inward, bottom)])
            )

    def _paint_point(self, painter: QPainter, decision: Decision) -> None:
        """A disk follows, a diamond holds, a ring lets go."""
        centre = QPointF(self.x_of(decision.frame), POINTS_Y)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        size = 6.5 if decision.frame == self._frame else 5.0
        painter.setPen(QPen(accent, 2))
        painter.setBrush(accent)
        if isinstance(decision, Follow):
            begins = self._project.stretch(decision.frame).start
            painter.drawLine(QPointF(self.x_of(begins), centre.y()), centre)  # followed backward, too
            painter.drawEllipse(centre, size, size)
        elif isinstance(decision, Hold):
            tips = ((0, -size - 1), (size + 1, 0), (0, size + 1), (-size - 1, 0))
            painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in tips]))
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, size, size)

    def _paint_playhead(self, painter: QPainter) -> None:
        x = self.x_of(self._frame)
        colour = self.palette().color(QPalette.ColorRole.Text)
        painter.setPen(QPen(colour, 1.5))
        painter.drawLine(QPointF(x, 6), QPointF(x, self.height() - 4))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([QPointF(x - 5, 1), QPointF(x + 5, 1), QPointF(x, 10)]))

    # gestures

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin to seek, or to move an end of the range."""
        if event.button() == Qt.MouseButton.LeftButton and self._times_s:
            self._dragging = self._handle_at(event.position()) or "seek"
            self._drag_to(event.position().x(), dragging=True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go on with it; without a press say what lies here."""
        if self._dragging:
            self._drag_to(event.position().x(), dragging=True)
        elif self._times_s:
            handle = self._handle_at(event.position())
            self.setCursor(Qt.CursorShape.SizeHorCursor if handle else Qt.CursorShape.ArrowCursor)
            frame = self.frame_at(event.position().x())
            self.setToolTip(f"Frame {frame}  ·  {wording.time_code(self._times_s[frame])}")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """End it."""
        if event.button() == Qt.MouseButton.LeftButton and self._dragging:
            self._drag_to(event.position().x(), dragging=False)
            self._dragging = None

    def _handle_at(self, where: QPointF) -> str | None:
        if not RULER <= where.y() <= RULER + BAND + 4:
            return None
        first, last = self._range
        near = {"first": abs(where.x() - self.x_of(first - 0.5)), "last": abs(where.x() - self.x_of(last + 0.5))}
        name = min(near, key=lambda side: near[side])
        return name if near[name] <= HANDLE_PX else None

    def _drag_to(self, x: float, dragging: bool) -> None:
        frame, (first, last) = self.frame_at(x), self._range
        if self._dragging == "first":
            self.ranged.emit(min(frame, last), last)
        elif self._dragging == "last":
            self.ranged.emit(first, max(frame, first))
        else:
            self.sought.emit(frame, dragging)


def _small(painter: QPainter):
    font = painter.font()
    font.setPointSizeF(max(font.pointSizeF() * 0.82, 7.0))
    return font
