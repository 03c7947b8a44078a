"""Feeds spoilt files to every parser; anything but a result or our own one-line error is a bug.

    python -m tests.faults.fuzz --inputs 100000 [--only NAME]

Each parser runs in a process of its own, so that one that crashes is seen, too. An input depends on the name, the seed
and its number only: `--first N --inputs 1` gives it again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sterefo_core.errors import SterefoError
from tests.faults.mutations import mutated
from tests.faults.parsers import Parser, parsers

MEMORY = Path("/dev/shm")
"""Where files are quickest, on Linux."""
SLOWEST_S = 2.0
"""Processor time after which one small file counts as a hang."""


class Counts(NamedTuple):
    """How a parser did; `faults` are what a person should never see, one line each."""

    accepted: int
    refused: int
    faults: list[str]


def spoilt(name: str, parser: Parser, seed: int, number: int) -> bytes:
    """The input of this number."""
    rng = Random(f"{name} {seed} {number}")
    return mutated(rng.choice(parser.specimens), parser.specimens, rng)


def fuzz(name: str, parser: Parser, inputs: range, seed: int = 0) -> Counts:
    """Feed these inputs to a parser. A warning counts as a fault: it would be printed between the user's lines."""
    accepted = refused = 0
    faults = []
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(folder) / "input"
        for number in inputs:
            path.write_bytes(spoilt(name, parser, seed, number))
            began_s = time.process_time()
            try:
                parser.read(path)
                accepted += 1
            except SterefoError as error:
                refused += 1
                if len(str(error).splitlines()) != 1:
                    faults.append(f"{name}, input {number}: not one line: {error!r}"[:300])
            except BaseException as error:  # panics of native code are no Exception
                if isinstance(error, KeyboardInterrupt):
                    raise
                faults.append(f"{name}, input {number}: {type(error).__name__}: {error}"[:300])
            if time.process_time() - began_s > SLOWEST_S:
                faults.append(f"{name}, input {number}: took {time.process_time() - began_s:.1f} s")
    return Counts(accepted, refused, faults)


def _lines(name: str, given: argparse.Namespace) -> Iterator[str]:
    began_s = time.perf_counter()
    found = fuzz(name, parsers()[name], range(given.first, given.first + given.inputs), given.seed)
    took_s = time.perf_counter() - began_s
    yield f"{name:24}{given.inputs:9}{found.accepted:10}{found.refused:9}{len(found.faults):8}{took_s:9.1f}"
    yield from (ascii(fault) for fault in found.faults[:10])


def main() -> int:
    """Print a table; exit with 1 where there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="for each parser")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(parsers()), help="this parser, in this process")
    given = parser.parse_args()
    if given.only:
        first, *faults = _lines(given.only, given)
        print(first, *faults, sep="\n", flush=True)
        return 1 if faults else 0
    print(f"{'parser':24}{'inputs':>9}{'accepted':>10}{'refused':>9}{'faults':>8}{'seconds':>9}", flush=True)
    options = ["--inputs", given.inputs, "--first", given.first, "--seed", given.seed]
    failed = 0
    for name in parsers():
        command = [sys.executable, "-X", "faulthandler", "-m", "tests.faults.fuzz", "--only", name, *map(str, options)]
        status = subprocess.run(command, check=False).returncode
        if status not in (0, 1):
            print(f"{name}: the process ended with {status}", flush=True)
        failed += status != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
