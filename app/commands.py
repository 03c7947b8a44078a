"""The command line: one parser, one place where errors become one line and an exit status. No Qt here."""

from __future__ import annotations

import argparse
import signal
import sys
from importlib import import_module
from typing import NoReturn

from app import launch
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as on Ctrl-C
    try:
        arguments = build_parser(argv[0] if argv else "open").parse_args(argv)
        return arguments.run(arguments)
    except SterefoError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt as stopped:
        print(f"interrupted: {str(stopped) or 'only what was complete is kept'}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        sys.stderr.close()
        return FAILED
