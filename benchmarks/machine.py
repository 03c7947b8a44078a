"""What every table of times says of itself: on which machine, with which versions, and how much the times spread."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from statistics import quantiles

_MODEL = "model name"  # of the processor, as Linux lists it


def machine(*packages: str) -> dict[str, str]:
    """Processor, cores, load of the last minute, operating system, and versions of Python and of these packages."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "load": load,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def line(facts: dict[str, str]) -> str:
    """Facts of a machine for a person."""
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def spread(values: Iterable[float], digits: int = 1) -> list[float]:
    """Quarter, median and three quarters; of a single value, it three times."""
    known = list(values)
    return [round(value, digits) for value in (quantiles(known, n=4) if len(known) > 1 else known * 3)]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [text.partition(":")[2].strip() for text in lines if text.startswith(_MODEL)]
    return models[0] if models else platform.processor() or platform.machine()
