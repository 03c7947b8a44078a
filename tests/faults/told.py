"""What the user is told of every fault: `python -m tests.faults.told` brings them all about and writes README.md."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from tests.faults.brought import FAULTS, OLD
from tests.moving_square import make_sequence

TABLE = Path(__file__).with_name("README.md")


def told(name: str) -> str:
    """The row of the table: the fault, what is said of it, and what becomes of the film."""
    with TemporaryDirectory() as folder, redirect_stdout(StringIO()) as said, redirect_stderr(said), warned(said):
        place = Path(folder)
        make_sequence(place / "07")
        FAULTS[name](place)
        text = said.getvalue().replace(f"{place}/", "")
        lines = [re.sub(r"for \d+ s", "for 2 s", line) for line in text.splitlines() if line]
        return f"| {name} | {'<br>'.join(f'`{line}`' for line in lines) or 'nothing'} | {film(place / 'film.mkv')} |"


def film(path: Path) -> str:
    """What became of it."""
    if not path.exists():
        return "-"
    if path.read_bytes() == OLD:
        return "the earlier one stays"
    with av.open(str(path)) as video:
        return f"whole, {sum(1 for _ in video.decode(video=0))} pictures"


@contextmanager
def warned(said: StringIO):
    """Warnings are told as they are where nobody takes the log."""
    handler = logging.StreamHandler(said)
    handler.setLevel(logging.WARNING)
    logging.getLogger("sterefo_core").addHandler(handler)
    yield
    logging.getLogger("sterefo_core").removeHandler(handler)


def table() -> str:
    """README.md."""
    head = "# What the user sees of faults\n\nWritten by `python -m tests.faults.told`, which brings each about; "
    head += "`test_told.py` compares. Training that is killed, batches and fuzzing have tests of their own.\n\n"
    rows = "\n".join(map(told, FAULTS))
    return f"{head}| fault | what is said | the film |\n| --- | --- | --- |\n{rows}\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
