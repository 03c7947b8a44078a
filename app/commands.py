"""The command line: one parser, one place where errors become one line and an exit status. No Qt here."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import NoReturn

from app import (
    calibrate_command,
    cameras_command,
    evaluate_command,
    export_command,
    info_command,
    launch,
    record_command,
    sweep_command,
    train_command,
)
from sterefo_core.errors import SterefoError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


class _OneLineParser(argparse.ArgumentParser):
    """Says what is wrong on one line; the usage is for those who ask for it."""

    def error(self, message: str) -> NoReturn:
        self.exit(MISUSED, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; every command sets `run`, a function of the parsed arguments."""
    parser = _OneLineParser(
        prog="run_app.py",
        description="SteReFo: click an object in stereo video and see it refocused. Without a command: the window.",
        epilog="An address is 'demo', a KITTI folder (raw, odometry, tracking, stereo 2012/2015), a stereo video, "
        "or two videos or picture folders as LEFT,RIGHT.",
    )
    launch.add_arguments(parser)
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    launch.add_parser(commands)
    export_command.add_parser(commands)
    info_command.add_parser(commands)
    cameras_command.add_parser(commands)
    calibrate_command.add_parser(commands)
    record_command.add_parser(commands)
    sweep_command.add_parser(commands)
    evaluate_command.add_parser(commands)
    train_command.add_parser(commands)
    return parser


def main(argv: list[str]) -> int:
    """Run one command line and return its exit status: 0, 1 failed, 2 misused, 130 interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as on Ctrl-C
    try:
        arguments = build_parser().parse_args(argv)
        return arguments.run(arguments)
    except SterefoError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt as stopped:
        print(f"interrupted: {stopped or 'nothing was written'}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        sys.stderr.close()
        return FAILED
