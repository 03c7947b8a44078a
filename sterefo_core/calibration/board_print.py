"""A board on paper, at its true size, or on a screen whose pixels are of known size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from sterefo_core.calibration.board import Board, Patch
from sterefo_core.errors import CalibrationError
from sterefo_core.part_file import part_file, writing

PAPERS_MM = {"a4": (210.0, 297.0), "a3": (297.0, 420.0), "letter": (215.9, 279.4)}
"""Width and height of the papers, upright."""

_POINTS_PER_MM = 72 / 25.4
_RIM_MM = 6.0  # printers leave so much white
_TEXT_MM = 20.0  # for the ruler and what is written below the board
_RULER_MM = 100


def print_board(board: Board, path: Path, paper: str = "a4") -> None:
    """Write the board as a PDF page at true size, with a line of 100 mm by which the printing can be checked.

    Raises:
        CalibrationError: the board does not fit the paper. ExportError: the file cannot be written.
    """
    if path.suffix.lower() != ".pdf":
        raise CalibrationError(f"a board is printed to a PDF file: {path} should end with .pdf")
    page_mm = _page(board, paper)
    content = "\n".join(_drawn(board, page_mm)).encode("ascii")
    with part_file(path) as part, writing(path):
        part.write_bytes(_pdf(page_mm, content))


def on_screen(board: Board, size: tuple[int, int], pixels_per_mm: float) -> tuple[np.ndarray, Board]:
    """The largest such board that a screen of `size` (width, height) px shows, and what it then measures.

    Returns `(height, width)` uint8, light grey around a white margin, every edge on a whole pixel, and the board whose
    squares are as wide as they are on the screen. Raises CalibrationError where the screen is too small.
    """
    if not 0.5 <= pixels_per_mm <= 100:
        raise CalibrationError(f"a screen with {pixels_per_mm:g} pixels per mm: measure its visible width again")
    width, height = size
    side = min(width // (board.columns + 1), height // (board.rows + 1)) // 8 * 8
    if side < 16:
        raise CalibrationError(f"{width}x{height} pixels are too few for {board.columns}x{board.rows} squares")
    square_m = side / pixels_per_mm / 1000
    shown = replace(board, square_m=square_m, marker_m=0.75 * square_m)  # 6 cells of whole pixels
    picture = shown.painted(side, side // 2)
    above, aside = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    rims = (above, height - picture.shape[0] - above, aside, width - picture.shape[1] - aside)
    return cv2.copyMakeBorder(picture, *rims, cv2.BORDER_CONSTANT, value=200), shown


def _page(board: Board, paper: str) -> tuple[float, float]:
    """Width and height of the sheet in mm, turned as fits the board."""
    width, height = (side * 1000 for side in board.size_m)
    for sheet in (PAPERS_MM[paper][::-1], PAPERS_MM[paper]):
        if width + 2 * _RIM_MM <= sheet[0] and height + 2 * _RIM_MM + _TEXT_MM <= sheet[1]:
            return sheet
    room = f"the board is {width:g}x{height:g} mm and does not fit {paper.upper()} with its margins"
    raise CalibrationError(f"{room}: use larger paper (a3), smaller squares or fewer of them")


def _drawn(board: Board, page_mm: tuple[float, float]) -> Iterator[str]:
    """The operators that paint the page; PDF counts from the lower left corner, in points."""
    width, height = (side * 1000 for side in board.size_m)
    left, top = (page_mm[0] - width) / 2, (page_mm[1] - _TEXT_MM - height) / 2
    for patch in board.patches():
        yield f"{int(patch.white)} g {_rectangle(patch, left, top, page_mm[1])} re f"
    ruler_y = _TEXT_MM - 3
    yield f"0 g 0 G 0.5 w {_point(left, ruler_y)} m {_point(left + _RULER_MM, ruler_y)} l S"
    for mm in range(0, _RULER_MM + 1, 10):
        yield f"{_point(left + mm, ruler_y)} m {_point(left + mm, ruler_y + 2)} l S"
    yield _text(f"{_RULER_MM} mm: measure this line. Print at 100 %, not fitted to the page.", left, ruler_y - 4)
    yield _text(f"{board}. Glue it to something flat and stiff.", left, ruler_y - 8)


def _rectangle(patch: Patch, left: float, top: float, page_height: float) -> str:
    x, y = left + patch.x * 1000, page_height - top - (patch.y + patch.height) * 1000
    return f"{_point(x, y)} {_point(patch.width * 1000, patch.height * 1000)}"


def _point(x_mm: float, y_mm: float) -> str:
    return f"{x_mm * _POINTS_PER_MM:.4f} {y_mm * _POINTS_PER_MM:.4f}"


def _text(line: str, x_mm: float, y_mm: float) -> str:
    return f"BT /F 8 Tf {_point(x_mm, y_mm)} Td ({line}) Tj ET"


def _pdf(page_mm: tuple[float, float], content: bytes) -> bytes:
    """A PDF of one page (ISO 32000-1, 7.5): objects, a table of where they start, and where that table starts."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_point(*page_mm)}] /Contents 4 0 R "
        f"/Resources << /Font << /F 5 0 R >> >> >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    document, starts = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        starts.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    trailer = b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(document)
    return document + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer
