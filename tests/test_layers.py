"""Who may import whom: sterefo_core <- trackers <- app <- run_app.py, and Qt in app/ alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from app.commands import COMMANDS, build_parser

TOP = Path(__file__).resolve().parents[1]
FORBIDDEN = {
    "sterefo_core": ("trackers", "app", "PyQt6"),
    "trackers": ("app", "PyQt6"),
    "app": ("tests", "benchmarks"),
    "benchmarks": ("PyQt6",),
}


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_never_point_the_other_way(room):
    files = list((TOP / room).rglob("*.py"))
    assert files
    crossed = [
        f"{path.relative_to(TOP)} imports {name}"
        for path in files
        for name in imports_of(path)
        if name.split(".")[0] in FORBIDDEN[room]
    ]
    assert not crossed


WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None  # importing it now raises ImportError
from app.commands import main
sys.exit(main(["export", "demo", "--range", "0..2", "--device", "cpu", "-o", sys.argv[2]]))
"""


@pytest.mark.parametrize("package", ["PyQt6", "torch"])
def test_three_frames_are_exported_on_the_cpu_where_qt_or_torch_cannot_be_imported(package, tmp_path):
    target = tmp_path / "demo.mp4"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, package, target], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert target.stat().st_size > 0


def test_every_command_is_found_by_its_name_alone():
    (everything,) = build_parser()._subparsers._group_actions
    assert list(everything.choices) == list(COMMANDS)
    for command in COMMANDS:
        (alone,) = build_parser(command)._subparsers._group_actions
        assert command in alone.choices


SLOW_TO_IMPORT = """
import sys
from app import gui
from app.commands import build_parser
build_parser("open")
print([name for name in ("torch", "numba", "sterefo_core.learning", "app.evaluate_command") if name in sys.modules])
"""


def test_the_window_is_shown_before_anything_slow_is_imported():
    done = subprocess.run([sys.executable, "-c", SLOW_TO_IMPORT], cwd=TOP, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
