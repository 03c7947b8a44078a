"""The errors that are meant for a person: one line that says what happened and what to do."""


class SterefoError(Exception):
    """Anything the user can mend. Its text is shown as it is, on one line, without a traceback."""

    def __str__(self) -> str:
        return " ".join(super().__str__().splitlines())  # the name of a file or a camera may hold line breaks


class SourceError(SterefoError):
    """A source that cannot be opened or read at all."""


class BadFrameError(SourceError):
    """One frame of a source is missing or damaged; the others may be fine (`export --skip-bad` goes on)."""


class ProjectError(SterefoError):
    """A project file that cannot be read, or decisions that do not fit the source."""


class TrackerError(SterefoError):
    """A tracker that cannot be started on the given box."""


class ExportError(SterefoError):
    """A video or picture sequence that cannot be written."""


class CalibrationError(SterefoError):
    """A calibration that cannot be read, made or used with these cameras."""
