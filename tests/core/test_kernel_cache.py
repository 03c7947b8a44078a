"""Compiled kernels are kept between starts, unless a source changed that they were compiled from."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sterefo_core

CALLED = """
from numba import njit

@njit
def number():
    return {number}
"""
KERNEL = """
from numba import njit
from sterefo_core.called import number

@njit(cache=True)
def twice():
    return 2 * number()
"""
RUN = "from sterefo_core.kernel import twice; print(twice(), sum(twice.stats.cache_hits.values()))"


@pytest.fixture
def program(tmp_path):
    """A package of our name with a kernel that calls one of another file."""
    package = tmp_path / "program" / "sterefo_core"
    package.mkdir(parents=True)
    for name in ("__init__.py", "kernel_cache.py"):
        shutil.copy(Path(sterefo_core.__file__).with_name(name), package)
    (package / "called.py").write_text(CALLED.format(number=1))
    (package / "kernel.py").write_text(KERNEL)
    return package


def run(package, **variables):
    """What the kernel returns in a new process, and how often its machine code was taken from the cache."""
    places = {name: str(package.parent / "cache") for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=package.parent,
        env=inherited | places | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(int(word) for word in done.stdout.split())


def test_a_kernel_is_compiled_anew_where_one_that_it_calls_from_another_file_has_changed(program):
    assert [run(program), run(program)] == [(2, 0), (2, 1)]
    (program / "called.py").write_text(CALLED.format(number=5))
    assert [run(program), run(program)] == [(10, 0), (10, 1)]


def test_where_no_cache_can_be_written_kernels_run_all_the_same_and_leave_nothing_behind(program, tmp_path):
    (program / "__pycache__").write_text("no folder")
    (program.parent / "cache").write_text("no folder")
    (tmp_path / "temporary").mkdir()
    assert [run(program, TMPDIR=str(tmp_path / "temporary"), PYTHONDONTWRITEBYTECODE="1") for _ in range(2)] == [
        (2, 0),
        (2, 0),
    ]
    assert not list((tmp_path / "temporary").iterdir())


def test_a_folder_for_the_cache_can_be_chosen(program, tmp_path):
    run(program, NUMBA_CACHE_DIR=str(tmp_path / "chosen"))
    assert list((tmp_path / "chosen").rglob("kernel.twice*.nbi"))
