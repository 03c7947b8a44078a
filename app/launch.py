"""The bare command and `open`: the window opens or, where it cannot, the demo is exported and says so."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from sterefo_core.errors import SterefoError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set what the bare command does."""
    parser.set_defaults(run=run)


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `open` to the command line."""
    parser = commands.add_parser(
        "open", help="open the window on an address or a project", description="Open the window on it."
    )
    parser.add_argument("address", help="'demo', a data folder, a stereo video, LEFT,RIGHT, a camera, or a project")
    parser.set_defaults(run=run_on)


def run_on(given: argparse.Namespace) -> int:
    """Open the window on an address. Raises SterefoError without a display."""
    if not has_display():
        raise SterefoError("there is no display to open a window on: use export, which needs none")
    from app import gui  # the commands work without Qt

    return gui.start(given.address)


def run(_: argparse.Namespace) -> int:
    """Open the window on the demo; without a display, export the demo instead and print where the video lies."""
    if has_display():
        from app import gui  # the commands work without Qt

        return gui.start()
    from app import export_command, workshop  # the window needs none of this
    from sterefo_core.export import ExportSettings
    from sterefo_core.sources.synthetic import SyntheticSource

    print("There is no display here, so the demo is exported instead of opening the window.")
    target = Path("out") / "demo.mp4"
    target.parent.mkdir(exist_ok=True)
    export_command.write(SyntheticSource(), workshop.demo_project(), ExportSettings(target), device="auto")
    print(f"the refocused demo lies at {target.resolve()}")
    return 0


def has_display() -> bool:
    """Whether a window could be opened: macOS and Windows always, elsewhere where a display server is named."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
