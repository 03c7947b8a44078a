"""`run_app.py record`: what a stereo camera sees, kept so that it can be refocused later."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from time import monotonic

from sterefo_core.errors import ExportError, SourceError
from sterefo_core.recording import Recording, RecordingProgress
from sterefo_core.sources.camera import open_camera

_LOOK_S = 0.5


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `record` to the command line."""
    about = "Record a stereo camera as it is, side by side, with its calibration beside it; Ctrl-C ends the recording."
    parser = commands.add_parser("record", help="record a stereo camera, to be refocused later", description=about)
    parser.add_argument("address", help="a camera, as the command cameras shows them: camera:0")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a new .mkv file")
    parser.add_argument("--seconds", type=float, metavar="N", help="end by itself after so long")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Record until the time is over, the disk is full or Ctrl-C; raises SterefoError where nothing comes of it."""
    if given.seconds is not None and not given.seconds > 0:
        raise SourceError("a recording lasts more than 0 seconds: give --seconds a number above 0")
    with closing(open_camera(given.address)) as source:
        print(f"{source.name}: {source.kind}; Ctrl-C ends the recording", file=sys.stderr)
        recording = Recording(source, given.output)
        try:
            _wait(recording, given.seconds)
        except KeyboardInterrupt:
            pass
        finally:
            done = recording.stop()
    if not done.frames:
        raise ExportError(done.message)
    print(f"{given.output}: {done.frames} frames, {done.seconds:.1f} s, {done.bytes_written / 1e6:.0f} MB")
    if done.message:
        print(f"warning: {done.message}", file=sys.stderr)
    return 0


def _wait(recording: Recording, seconds: float | None) -> None:
    until_s = float("inf") if seconds is None else monotonic() + seconds
    while monotonic() < until_s and recording.wait(min(_LOOK_S, max(until_s - monotonic(), 0))):
        print(f"\r{told(recording.progress)}   ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def told(progress: RecordingProgress) -> str:
    """A recording on one line: "0:12, 300 frames, 255 MB, 48 minutes left on the disk"."""
    minutes, seconds = divmod(int(progress.seconds), 60)
    left = "" if progress.minutes_left is None else f", {progress.minutes_left:.0f} minutes left on the disk"
    line = f"{minutes}:{seconds:02}, {progress.frames} frames, {progress.bytes_written / 1e6:.0f} MB{left}"
    return f"{line}; {progress.message}" if progress.message else line
