"""What the README shows is true."""

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]


def test_the_library_example_runs_as_it_stands():
    code = re.search(r"```python\n(.*?)```", (TOP / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    assert len(code.strip().splitlines()) <= 5
    stopped_early = code.rstrip() + "\n        if shot.frame.index == 1: break\n"
    done = subprocess.run([sys.executable, "-c", stopped_early], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 tracking") and len(done.stdout.splitlines()) == 2


def test_every_file_the_readme_links_to_is_there():
    text = (TOP / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^)#]+)\)", text)
    assert linked and all((TOP / target).is_file() for target in linked)
