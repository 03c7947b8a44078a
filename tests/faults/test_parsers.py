"""No file, however spoilt, makes a parser raise anything but our own error of one line; `fuzz.py` looks longer."""

import pytest

from sterefo_core.errors import SterefoError
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
