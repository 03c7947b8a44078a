"""Boards: on paper at their true size, on a screen with what they then measure, and found again in pictures."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from sterefo_core.calibration.board import Board, BoardKind
from sterefo_core.calibration.board_print import PAPERS_MM, on_screen, print_board
from sterefo_core.errors import CalibrationError

POINTS_PER_MM = 72 / 25.4


def rasterised(path: Path, pixels_per_mm: int = 8) -> np.ndarray:
    """The rectangles of the page as a `(H, W)` picture: enough of PDF for these files, and written independently."""
    text = path.read_bytes().decode("latin-1")
    width, height = (float(side) / POINTS_PER_MM for side in re.search(r"MediaBox \[0 0 (\S+) (\S+)\]", text).groups())
    page = np.full((round(height * pixels_per_mm), round(width * pixels_per_mm)), 255, np.uint8)
    for white, *numbers in re.findall(r"^([01]) g (\S+) (\S+) (\S+) (\S+) re f$", text, re.MULTILINE):
        x, y, w, h = (float(number) / POINTS_PER_MM * pixels_per_mm for number in numbers)
        top = page.shape[0] - y - h
        page[round(top) : round(top + h), round(x) : round(x + w)] = 255 * int(white)
    return page


def test_a_printed_board_has_its_true_size(tmp_path):
    board = Board(square_m=0.025)
    print_board(board, tmp_path / "board.pdf")
    found = board.find(rasterised(tmp_path / "board.pdf"))
    assert len(found) == board.corner_count
    assert (found.pixels[-1] - found.pixels[0]) / 8 == pytest.approx((7 * 25, 4 * 25), abs=0.1)


@pytest.mark.parametrize("paper", PAPERS_MM)
def test_a_printed_board_has_a_line_of_100_mm_and_lies_inside_its_paper(tmp_path, paper):
    print_board(Board(), tmp_path / "board.pdf", paper)
    text = (tmp_path / "board.pdf").read_text("latin-1")
    x0, y0, x1, y1 = map(float, re.search(r"w (\S+) (\S+) m (\S+) (\S+) l S", text).groups())
    assert (x1 - x0) / POINTS_PER_MM == pytest.approx(100, abs=0.01) and y0 == y1
    page = rasterised(tmp_path / "board.pdf", 2)
    assert sorted(page.shape) == pytest.approx(sorted(2 * side for side in PAPERS_MM[paper]), abs=1)
    assert page[:10].min() == page[-10:].min() == page[:, :10].min() == page[:, -10:].min() == 255


def test_the_table_of_a_printed_file_points_at_its_objects(tmp_path):
    print_board(Board(), tmp_path / "board.pdf")
    data = (tmp_path / "board.pdf").read_bytes()
    table = data[int(re.search(rb"startxref\n(\d+)", data)[1]) :]
    starts = [int(start) for start in re.findall(rb"(\d{10}) 00000 n", table)]
    assert [data[start : start + 7] for start in starts] == [b"%d 0 obj" % number for number in range(1, 6)]


def test_a_board_that_does_not_fit_its_paper_is_refused(tmp_path):
    with pytest.raises(CalibrationError, match="360x240 mm and does not fit A4"):
        print_board(Board(square_m=0.04, marker_m=0.03), tmp_path / "board.pdf")
    print_board(Board(square_m=0.04, marker_m=0.03), tmp_path / "board.pdf", "a3")


@pytest.mark.parametrize("kind", BoardKind)
def test_a_board_on_a_screen_measures_what_is_said(kind):
    picture, shown = on_screen(Board(kind), (1920, 1080), pixels_per_mm=4.0)
    assert picture.shape == (1080, 1920)
    found = shown.find(picture)
    assert len(found) == shown.corner_count
    spacing_px = np.linalg.norm(found.pixels[1] - found.pixels[0])
    assert spacing_px / 4.0 / 1000 == pytest.approx(shown.square_m, rel=2e-3)


def test_a_screen_too_small_for_the_board_is_refused():
    with pytest.raises(CalibrationError, match="too few for 9x6 squares"):
        on_screen(Board(), (120, 80), 4.0)


def test_what_is_painted_is_the_board_that_opencv_knows():
    board = Board(columns=8, rows=5, square_m=0.04, marker_m=0.03)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_250)
    theirs = cv2.aruco.CharucoBoard((8, 5), 0.04, 0.03, dictionary).generateImage(
        (8 * 48 + 40, 5 * 48 + 40), marginSize=20
    )
    assert (board.painted(48, 20) == theirs).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": 2},
        {"rows": 99},
        {"square_m": 0.0},
        {"square_m": float("nan")},
        {"marker_m": 0.03},
        {"marker_m": 0.001},
    ],
)
def test_an_impossible_board_is_refused(wrong):
    with pytest.raises(CalibrationError):
        Board(**wrong)


def test_nothing_is_found_where_there_is_no_board():
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    for kind in BoardKind:
        assert len(Board(kind).find(noise)) == 0
