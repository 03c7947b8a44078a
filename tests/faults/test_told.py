"""README.md says of every fault what the user is really told."""

import pytest

from tests.faults.brought import FAULTS
from tests.faults.told import TABLE, told


@pytest.mark.parametrize("name", FAULTS)
def test_the_table_says_what_is_told(name):
    assert told(name) in TABLE.read_text(encoding="utf-8").splitlines()


def test_the_table_has_no_other_rows():
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(FAULTS)


def test_no_fault_is_a_traceback_or_a_password():
    text = TABLE.read_text(encoding="utf-8")
    assert "Traceback" not in text and "secret" not in text
