"""What a process holds - memory, threads, file handles - and whether that has grown. Linux only."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

_PAGE = os.sysconf("SC_PAGE_SIZE")
GROWTH_BYTES = 24 * 2**20
"""The allocator's own ups and downs between two rounds are of this size; a leak passes it in an hour."""


class Held(NamedTuple):
    """At one moment."""

    memory_bytes: int
    threads: int
    handles: int

    @classmethod
    def now(cls) -> Held:
        """By this process: resident memory, threads of Python and of libraries, open file handles."""
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        threads, handles = (sum(1 for _ in Path(f"/proc/self/{kind}").iterdir()) for kind in ("task", "fd"))
        return cls(pages * _PAGE, threads, handles)


def grown(held: Sequence[Held]) -> list[str]:
    """What has grown after the warm-up, the first third of all: the last third is compared with the one in between.

    Nothing can be said of fewer than 6 moments.
    """
    third = len(held) // 3
    if third < 2:
        return []
    early, late = held[third : 2 * third], held[-third:]
    found = []
    before, after = (median(moment.memory_bytes for moment in part) for part in (early, late))
    if after - before > GROWTH_BYTES:
        found.append(f"memory grew from {before / 2**20:.0f} to {after / 2**20:.0f} MiB")
    for kind in ("threads", "handles"):
        most, least = max(getattr(moment, kind) for moment in early), min(getattr(moment, kind) for moment in late)
        if least > most:
            found.append(f"{kind} grew from at most {most} to at least {least}")
    return found
