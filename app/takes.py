"""Recording a camera for the preview: what the wish says is begun and ended, and how it gets on is told. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.preview_state import Take
from sterefo_core.errors import SterefoError
from sterefo_core.recording import Recording, RecordingProgress


class Takes:
    """One take at a time.

    Args:
        record: begins a recording to a file.
    """

    def __init__(self, record: Callable[[Path], Recording]) -> None:
        self._record = record
        self._path: Path | None = None
        self._recording: Recording | None = None
        self._last: Take | None = None

    @property
    def newest(self) -> Take | None:
        """What is being recorded, or was last; None before the first one."""
        if self._path and self._recording:
            return Take(self._path, self._recording.progress)
        return self._last

    def record_to(self, path: Path | None) -> None:
        """Record to this file, or end what is being recorded; what goes wrong is said by `newest`."""
        if path == self._path:
            return
        if self._path and self._recording:
            self._last = Take(self._path, self._recording.stop())
        self._path, self._recording = path, None
        if path:
            try:
                self._recording = self._record(path)
            except SterefoError as error:
                self._last = Take(path, RecordingProgress(running=False, message=str(error)))
