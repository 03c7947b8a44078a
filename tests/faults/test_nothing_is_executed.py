"""Files are data: no code in them is ever run, and no password in an address leaves the process by a log or a file."""

import ast
import logging
from pathlib import Path

import pytest

from app.commands import main
from sterefo_core.project import Project
from sterefo_core.project_file import save_project
from sterefo_core.sources import camera

TOP = Path(__file__).resolve().parents[2]
SOURCES = [*(path for room in ("sterefo_core", "trackers", "app", "benchmarks") for path in (TOP / room).rglob("*.py"))]
EXECUTING_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml"}
EXECUTING_CALLS = {"eval", "exec", "compile", "os.system", "os.popen", "torch.jit.load", "torch.hub.load"}


def executing(text):
    """What in this Python text could run what a file says."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in EXECUTING_MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in EXECUTING_MODULES:
            yield from (node.module for alias in node.names if alias.name != "UnpicklingError")  # torch.load's error
        elif isinstance(node, ast.Call):
            yield from executing_call(ast.unparse(node.func), {word.arg: word.value for word in node.keywords})


def executing_call(called, words):
    def says(name, value):
        return isinstance(words.get(name), ast.Constant) and words[name].value is value

    if called in EXECUTING_CALLS:
        yield called
    if called == "torch.load" and not says("weights_only", True):
        yield "torch.load without weights_only=True"
    if called in ("np.load", "numpy.load") and "allow_pickle" in words and not says("allow_pickle", False):
        yield "numpy.load with pickles"
    if "shell" in words and not says("shell", False):
        yield "a shell"


@pytest.mark.parametrize("path", [*SOURCES, TOP / "run_app.py"], ids=lambda path: str(path.relative_to(TOP)))
def test_nothing_in_a_file_is_executed(path):
    assert list(executing(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from yaml import safe_load",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "eval(text)",
        "exec(text)",
        "subprocess.run(words, shell=True)",
        "os.system(words)",
    ],
)
def test_what_could_be_executed_is_found(text):
    assert list(executing(text))


ADDRESSES = [
    "camera:rtsp://user:geheim@127.0.0.1:1/left",
    "camera:rtsp://user:ge%20heim@127.0.0.1:1/left,rtsp://user:geheim@127.0.0.1:1/right",
    "http://127.0.0.1:1/video?user=a&password=geheim&x=1",
    "camera:rtsp://user:geheim@/no/host",
    "camera:rtsp://user:geheim@127.0.0.1:1/left#nonsense",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_passwords_are_in_no_message_log_or_file(address, tmp_path, capfd, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(camera.open_camera, "__defaults__", ("auto", 0.3))  # s until it is given up
    project = tmp_path / "p.sterefo.json"
    film = tmp_path / "film.mkv"
    assert main(["info", address]) == 1
    assert main(["export", address, "-o", str(film), "--log", str(tmp_path / "log.jsonl")]) == 1
    save_project(Project(source=address), project)
    shown = "".join([*capfd.readouterr(), caplog.text, *(path.read_text() for path in tmp_path.iterdir())])
    assert "127.0.0.1" in shown or "/no/host" in shown
    assert "geheim" not in shown and "ge%20heim" not in shown
