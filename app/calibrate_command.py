"""`run_app.py calibrate`: print a board, calibrate a stereo camera with it, or import a calibration."""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import closing, suppress
from pathlib import Path

from app import arguments
from sterefo_core.calibration.board import Board, BoardKind
from sterefo_core.calibration.board_print import PAPERS_MM, print_board
from sterefo_core.calibration.imports import import_rig
from sterefo_core.calibration.rectify import Rectifier
from sterefo_core.calibration.report import rig_rows, solution_rows
from sterefo_core.calibration.rig import StereoRig
from sterefo_core.calibration.rig_file import save_rig
from sterefo_core.calibration.session import CalibrationSession
from sterefo_core.calibration.store import keep
from sterefo_core.calibration.verdict import Grade
from sterefo_core.errors import BadFrameError, CalibrationError
from sterefo_core.live import LiveSource
from sterefo_core.protocols import Source
from sterefo_core.sources import open_source
from sterefo_core.sources.camera_address import is_camera
from sterefo_core.sources.reading import PictureSource
from sterefo_core.sources.rectified import RectifiedSource

BAD = 1
"""The exit status where the calibration is not good enough to be saved."""

_LOOK_S = 1.0
_EXAMPLE = "give a camera or recorded pairs of the board, --import FILE, or --print FILE"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `calibrate` to the command line."""
    parser = commands.add_parser(
        "calibrate",
        help="calibrate a stereo camera with a printed board",
        description="Print a board with --print; then hold it before the camera and follow what is said, or give "
        "recorded pairs of it. A calibration is kept for its camera, and saved to a file with -o. Ctrl-C ends taking "
        "pictures and calibrates with those taken.",
    )
    parser.add_argument("address", nargs="?", help="a camera (camera:0), or recorded pairs: LEFT,RIGHT or a video")
    board = parser.add_argument_group("the board")
    board.add_argument(
        "--board",
        choices=[kind.value for kind in BoardKind],
        default=BoardKind.CHARUCO.value,
        help="default: %(default)s",
    )
    board.add_argument("--squares", type=_squares, default=(9, 6), metavar="CxR", help="columns x rows (default 9x6)")
    board.add_argument("--square", type=_millimetres, default=25.0, metavar="MM", help="their width (default 25mm)")
    board.add_argument("--marker", type=_millimetres, metavar="MM", help="width of the markers (default: 3/4 of it)")
    board.add_argument("--print", type=Path, metavar="FILE", help="write the board as a PDF of true size, and stop")
    board.add_argument("--paper", choices=list(PAPERS_MM), default="a4", help="default: %(default)s")
    parser.add_argument(
        "--import", dest="imported", metavar="FILE", help="read OpenCV, KITTI or ROS (LEFT,RIGHT) files"
    )
    parser.add_argument("--size", type=arguments.size, metavar="WxH", help="of the pictures, if FILE does not say it")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="save the calibration there (.json)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Do what was asked for; 1 where the calibration is bad, and then nothing is saved."""
    square_m = given.square / 1000
    marker_m = 0.75 * square_m if given.marker is None else given.marker / 1000
    columns, rows = given.squares
    board = Board(BoardKind(given.board), columns, rows, square_m, marker_m)
    if given.print:
        print_board(board, given.print, given.paper)
        print(f"{given.print}: {board}; print it at 100 % and check its line of 100 mm")
        return 0
    if given.imported:
        return _import(given)
    if given.address is None:
        raise CalibrationError(f"there is nothing to calibrate: {_EXAMPLE}")
    with closing(_open(given.address)) as source:
        return _calibrate(source, board, given.output)


def _import(given: argparse.Namespace) -> int:
    rig = import_rig(given.imported, given.size)
    _print_rows(rig_rows(rig))
    if given.address is None:
        _save(rig, given.output, None)
        return 0
    with closing(_open(given.address)) as source:
        if source.size != rig.size:
            sizes = "{}x{} pixels and the camera gives {}x{}".format(*rig.size, *source.size)
            raise CalibrationError(f"{given.imported} is for {sizes}: set that size of the camera")
        _save(rig, given.output, source)
    return 0


def _calibrate(source: Source, board: Board, output: Path | None) -> int:
    session = CalibrationSession(board, source.size)
    with suppress(KeyboardInterrupt):
        if isinstance(source, LiveSource):
            _guide(source, session)
        else:
            _look_through(source, session)
    solution = session.solve()
    _print_rows(solution_rows(solution))
    if solution.verdict.grade is Grade.BAD:
        return BAD
    _save(solution.rig, output, source)
    return 0


def _guide(source: LiveSource, session: CalibrationSession) -> None:
    """Say what to do until nothing is missing; what is wrong with the camera is said meanwhile."""
    progress, said = 0.0, ""
    while progress < 1:
        line = source.health.message
        if frame := source.take(_LOOK_S):
            guidance = session.offer(frame.left, frame.right, frame.timestamp_s)
            progress = guidance.progress
            line = f"{progress:4.0%}, {guidance.views} views: {guidance.text}"
        if line and line != said:
            print(line, file=sys.stderr, flush=True)
            said = line


def _look_through(source: Source, session: CalibrationSession) -> None:
    """Offer every pair that can be read; single pictures have no time in which the board could be still."""
    single = isinstance(source, PictureSource)
    for index in range(len(source)):
        with suppress(BadFrameError):
            frame = source.read(index)
            guidance = session.offer(frame.left, frame.right, None if single else frame.timestamp_s)
            if guidance.captured:
                print(f"{guidance.progress:4.0%}, view {guidance.views}: pair {index}", file=sys.stderr, flush=True)


def _open(address: str) -> Source:
    """The source with its pictures as the cameras gave them, not rectified."""
    if is_camera(address) and not re.search(r"[#&]raw(&|$)", address):
        address += "&raw" if "#" in address else "#raw"
    source = open_source(address)
    return source.as_taken if isinstance(source, RectifiedSource) else source


def _save(rig: StereoRig, output: Path | None, source: Source | None) -> None:
    Rectifier(rig)  # refuses what could not be used later
    if output:
        save_rig(rig, output)
        print(f"saved to {output}")
    if isinstance(source, LiveSource):
        print(f"kept for {source.name} in {keep(rig, source.identity)}")
    elif not output:
        print("not saved: give -o FILE")


def _print_rows(rows: list[tuple[str, str]]) -> None:
    for name, value in rows:
        print(f"{name:<14} {value}")


def _squares(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,3})x(\d{1,3})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not COLUMNSxROWS of squares, such as 9x6")
    return int(match[1]), int(match[2])


def _millimetres(text: str) -> float:
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*(mm)?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a width in millimetres, such as 25mm")
    return float(match[1])
