"""Recording what a camera sees, beside the preview: one press begins, one ends, and the take can be opened."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QStandardPaths, Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from app import wording
from app.cards import Card, closer
from app.preview_state import PreviewState

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from sterefo_core.recording import RecordingProgress


class RecordControl(QObject):
    """One take at a time, into the folder for films.

    Args:
        window: has the preview, the strip with the button, and the place for the card.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._strip = window, window.live_strip
        self._take: Path | None = None
        self.card = TakeCard(window.viewport)
        self.card.chosen.connect(lambda path: window.document.open(path))  # noqa: PLW0108 (made later)
        self._strip.record.clicked.connect(self.toggle)

    def toggle(self) -> None:
        """Begin, or end what is being recorded."""
        preview = self._window.preview
        if preview.wish.record_to is not None:
            preview.set(record_to=None)
            return
        try:
            self._take = new_take(_films())
        except OSError as error:
            self._window.fail(f"{_films()} cannot be written to: {error.strerror}")
            return
        self.card.hide()
        preview.set(record_to=self._take)

    def show_state(self, state: PreviewState) -> None:
        """Show how the take gets on, and offer it when it is over."""
        progress = state.take.progress if state.take and state.take.path == self._take else None
        goes_on = progress is not None and progress.running
        self._strip.record.setText("Stop recording" if goes_on else "Record")
        self._strip.recorded.setText(told(progress) if progress and goes_on else "")
        given_up = progress is None and self._window.preview.wish.record_to is None  # another source was opened
        if self._take and not goes_on and (progress or given_up):
            self._end(self._take, progress)

    def _end(self, take: Path, progress: RecordingProgress | None) -> None:
        self._take = None
        self._window.preview.set(record_to=None)
        if progress and progress.message:
            self._window.fail(progress.message)
        if take.exists():
            self.card.offer(take, wording.duration(progress.seconds) if progress else "")


class TakeCard(Card):
    """Says where a take lies. `chosen` says its path, to be opened."""

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.AlignmentFlag.AlignBottom)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 10, 10)
        row.setSpacing(12)
        self.text = QLabel()
        self.open_button = QPushButton("Open it", objectName="primary")
        self.open_button.clicked.connect(self._choose)
        for widget in (self.text, self.open_button, closer(self.hide)):
            row.addWidget(widget)
        self._path = Path()

    def offer(self, path: Path, length: str) -> None:
        """Show it."""
        self._path = path
        self.text.setText(f"Recorded {path.name}" + f", {length}" * bool(length))
        self.text.setToolTip(str(path))
        self.appear()

    def _choose(self) -> None:
        self.hide()
        self.chosen.emit(str(self._path))


def told(progress: RecordingProgress) -> str:
    """A running take in short: time, size, what is left of the disk, and what was missed."""
    left = "" if progress.minutes_left is None else f" ({wording.duration(progress.minutes_left * 60)})"
    space = f"{wording.size(progress.bytes_left)} free{left}"
    return "  ·  ".join(
        (
            wording.time_code(progress.seconds),
            wording.size(progress.bytes_written),
            space,
            f"{progress.missed} dropped",
        )
    )


def new_take(folder: Path) -> Path:
    """A name for a take that no file has, by date and time; the folder is made. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"take {datetime.now():%Y-%m-%d %H.%M.%S}"
    names = (f"{stem}{suffix}.mkv" for suffix in ("", *(f" ({count})" for count in range(2, 1000))))
    return next(folder / name for name in names if not (folder / name).exists())


def _films() -> Path:
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)) / "SteReFo"
