"""The command line: one parser, one place where errors become one line and an exit status. No Qt here."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import NoReturn

from app import launch
from app.interruption import heed_interruptions
from sterefo_core.errors import SterefoError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
COMMANDS = {
    "open": "app.launch",
    "export": "app.export_command",
    "info": "app.info_command",
    "cameras": "app.cameras_command",
    "calibrate": "app.calibrate_command",
    "record": "app.record_command",
    "sweep": "app.sweep_command",
    "evaluate": "app.evaluate_command",
    "train": "app.train_command",
    "adapt": "app.train_command",
    "export-onnx": "app.train_command",
}
"""The module of each command; only that of the command given is imported, for all of them take a second."""


class _OneLineParser(argparse.ArgumentParser):
    """Says what is wrong on one line; the usage is for those who ask for it."""

    def error(self, message: str) -> NoReturn:
        self.exit(MISUSED, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """The parser of one command, or of all where there is none of that name.

    Every command sets `run`, a function of the parsed arguments.
    """
    parser = _OneLineParser(
        prog="run_app.py",
        description="SteReFo: click an object in stereo video and see it refocused. Without a command: the window.",
        epilog="An address is 'demo', a KITTI folder (raw, odometry, tracking, stereo 2012/2015), a stereo video, "
        "two videos or picture folders as LEFT,RIGHT, or a camera, as the command cameras shows them.",
    )
    launch.add_arguments(parser)
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for module in [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values()):
        import_module(module).add_parser(commands)
    return parser


def main(argv: list[str]) -> int:
    """Run one command line and return its exit status: 0, 1 failed, 2 misused, 130 interrupted."""
    heed_interruptions()
    _open_streams()
    try:
        arguments = build_parser(argv[0] if argv else "open").parse_args(argv)
        status = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except SterefoError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt as stopped:
        print(f"interrupted: {str(stopped) or 'only what was complete is kept'}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        _say_no_more()
        return FAILED
    except MemoryError:
        print("error: the memory is full: take smaller pictures or fewer --jobs", file=sys.stderr)
        return FAILED
    except OSError as error:  # what is printed cannot be written, for instance
        _say_no_more()
        print(f"error: the system refuses: {error.strerror or error}{_of(error.filename)}", file=sys.stderr)
        return FAILED


def _open_streams() -> None:
    """Lead closed streams nowhere: else a film would get the number of one, and be printed into."""
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, "r" if number == 0 else "w"))


def _say_no_more() -> None:
    """Drop what cannot be printed: it would fail again at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _of(name: str | None) -> str:
    return f", {name}" if name else ""
