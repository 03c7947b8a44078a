"""No file, however spoilt, makes a parser raise anything but our own error of one line; `fuzz.py` looks longer."""

import re

import pytest

from sterefo_core.errors import SterefoError
from sterefo_core.project_file import load_project
from tests.faults.fuzz import fuzz
from tests.faults.parsers import Parser, parsers

PARSERS = parsers()


@pytest.mark.parametrize("name", PARSERS)
def test_spoilt_files_are_refused_in_one_line_or_make_sense(name):
    found = fuzz(name, PARSERS[name], range(300))
    assert found.faults == []
    assert found.refused > 0 and found.accepted > 0


@pytest.mark.parametrize("name", PARSERS)
def test_the_specimens_are_whole(tmp_path, name):
    for number, specimen in enumerate(PARSERS[name].specimens):
        path = tmp_path / str(number)
        path.write_bytes(specimen)
        PARSERS[name].read(path)


def refuse(path):
    raise SterefoError("no")


def stumble(path):
    return path.read_bytes().decode("ascii")


def test_the_fuzzer_tells_a_refusal_from_a_fault():
    assert fuzz("refusing", Parser((b"1",), refuse), range(20)) == (0, 20, [])
    assert "UnicodeDecodeError" in fuzz("stumbling", Parser((b"1",), stumble), range(200)).faults[0]


OPENCV = PARSERS["OpenCV YAML"].specimens[0]
FOUND = {
    "a label of one word": ("KITTI labels", b"5\n"),
    "a label that is nowhere": ("KITTI labels", b"0 1 Car 0 0 -1.8 nan 2 3 4\n"),
    "a time zone": ("KITTI timestamps", b"2011-09-26 13:02:20.5Z\n" * 6),
    "times too far apart": ("KITTI timestamps", b"0\n-1e308\n1e308\n2\n3\n"),
    "one time that is none": ("KITTI timestamps", b"nan\n" * 6),
    "a focal length of next to nothing": (
        "KITTI calibration",
        b"P2: 1e-320 0 9 0 0 1 9 0 0 0 1 0\nP3: 1 0 9 -1 0 1 9 0 0 0 1 0",
    ),
    "a picture without end": ("OpenCV YAML", re.sub(rb"image_width: \d+", b"image_width: 1e999", OPENCV)),
    "a number of 5000 digits": ("training recipe", b"seed = " + b"9" * 5000),
    "a rate of 400 digits": ("training recipe", b"learning_rate = " + b"9" * 400),
    "a rate that is no number": ("training recipe", b"learning_rate = nan"),
    "a record that is none": ("record of a film", b"\xff["),
    "lists in lists in a record": ("record of a film", b"[" * 100_000),
    "a box of 400 digits": ("drawn boxes", b'{"07": {"car": {"0": [1, 2, 3, ' + b"9" * 400 + b"]}}}"),
    "a box without end": ("OTB boxes", b"1,2,3,inf"),
    "a box of three numbers": ("OTB boxes", b"1,2,3"),
    "no box at all": ("OTB boxes", b"\n"),
    "lists in lists": ("training recipe", b"data = " + b"[" * 3000),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_the_fuzzer_found_once_is_refused(tmp_path, case):
    name, data = FOUND[case]
    path = tmp_path / "found"
    path.write_bytes(data)
    with pytest.raises(SterefoError):
        PARSERS[name].read(path)


def test_a_project_whose_source_has_an_impossible_name_is_read_all_the_same(tmp_path):
    path = tmp_path / "p.sterefo.json"
    path.write_bytes(PARSERS["project"].specimens[0].replace(b'"demo"', b'"' + b"a" * 5000 + b'"'))
    assert load_project(path).source == "a" * 5000


def test_an_error_is_one_line_whatever_a_file_is_called():
    assert str(SterefoError("left\nright.png is cut off")) == "left right.png is cut off"
