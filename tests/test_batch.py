"""Several exports by one command: on processes of this machine or a Ray cluster, each film as if it were alone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app import batch_executors, batch_plan, export_command
from app.batch_task import Progress, perform
from app.commands import main
from sterefo_core.errors import ExportError
from sterefo_core.export import ExportSettings
from sterefo_core.project import Project
from sterefo_core.project_file import save_project
from tests.moving_square import FOLLOW, TRACK, make_sequence

TOP = Path(__file__).resolve().parents[1]
NAMES = ("00", "01")


class HereAndNow:
    """An executor without processes."""

    def run(self, tasks):
        for number, task in enumerate(tasks):
            yield number, perform(task, 1)


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(export_command, "Processes", lambda at_once: HereAndNow())


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        make_sequence(tmp_path / "sequences" / name, frames=4)
    return tmp_path


def words(folder, *more):
    return ["export", str(folder), "--track", TRACK, "--codec", "ffv1", "-o", str(folder / "out"), *map(str, more)]


def films(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "out").glob("*.mkv"))}


def alone(folder, name):
    """The bytes of the film that the single export writes."""
    target = folder / "alone.mkv"
    given = ["export", str(folder / "sequences" / name), "--track", TRACK, "--codec", "ffv1", "-o", str(target)]
    assert main(given) == 0
    return target.read_bytes()


def half_written(folder):
    return [path for path in (folder / "out").iterdir() if path.name.endswith(".part")]


def dying(task, threads, pipe):
    """What processes do of which the first one is killed, say for its memory."""
    if task.settings.target.stem == "00":
        os.kill(os.getpid(), signal.SIGKILL)
    batch_executors._perform(task, threads, pipe)


def test_a_process_that_is_killed_costs_its_film_only_and_the_others_are_as_if_alone(folder, monkeypatch, capfd):
    expected = alone(folder, "01")
    monkeypatch.setattr(batch_executors, "_perform", dying)
    capfd.readouterr()
    assert main(words(folder, "--jobs", 2)) == 1
    said = capfd.readouterr()
    assert films(folder) == {"01.mkv": expected}
    assert said.err.splitlines() == [
        "error: 00.mkv: its process ended with status -9: try again with fewer jobs",
        "error: 1 of 2 films could not be written: the lines above say why",
    ]
    assert "2 films: 1 written" in said.out and f"{folder / 'out' / '01.mkv'}: 4 frames" in said.out


class Endless:
    """The pipe of a process that never gets beyond the second picture of the second film."""

    def __init__(self, pipe):
        self._pipe = pipe

    def send(self, news):
        self._pipe.send(news)
        while isinstance(news, Progress) and news.done == 2:
            self._pipe.send(news)


def endless(task, threads, pipe):
    batch_executors._perform(task, threads, Endless(pipe) if task.settings.target.stem == "01" else pipe)


CUT_OFF = """
import os, signal, sys
from app import batch, batch_executors, commands
from app.batch_task import Progress
from tests.test_batch import endless
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
stop, show, batch_executors._perform = int(sys.argv[1]), batch._Lines.show, endless
def show_then_stop(lines, number, latest):  # the signal arrives in the middle of the second film
    show(lines, number, latest)
    if number == 1 and isinstance(latest, Progress) and latest.done == 2:
        os.kill(os.getpid(), stop)
batch._Lines.show = show_then_stop
sys.exit(commands.main(sys.argv[2:]))
"""


@pytest.mark.parametrize(("stop", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_batch_that_is_cut_off_leaves_whole_films_and_goes_on_with_the_others(folder, here, capfd, stop, status):
    command = [sys.executable, "-c", CUT_OFF, str(stop.value), *words(folder, "--jobs", 1)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)  # until its processes end, too
    assert done.returncode == status, done.stderr
    if stop is signal.SIGINT:
        said = "interrupted: 1 of 2 films were written; the same command goes on with the others"
        assert done.stderr.splitlines() == [said]
    assert list(films(folder)) == ["00.mkv"] and not half_written(folder)
    first = (folder / "out" / "00.mkv").stat()
    assert main(words(folder)) == 0
    assert "2 films: 1 written, 1 whole already" in capfd.readouterr().out
    assert (folder / "out" / "00.mkv").stat() == first
    assert set(films(folder).values()) == {alone(folder, "00")} and not half_written(folder)


def test_a_bad_sequence_costs_its_film_only_and_is_exported_when_it_is_mended(folder, here, capfd):
    picture = folder / "sequences" / "01" / "image_2" / "000002.png"
    whole = picture.read_bytes()
    picture.write_bytes(b"no picture")
    assert main(words(folder)) == 1
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 2 and said[0].startswith("error: 01.mkv: ") and str(picture) in said[0]
    assert list(films(folder)) == ["00.mkv"] and not half_written(folder)
    picture.write_bytes(whole)
    assert main(words(folder)) == 0
    assert "2 films: 1 written, 1 whole already" in capfd.readouterr().out


def cut(folder):
    with (folder / "out" / "01.mkv").open("ab") as film:
        film.truncate(film.tell() - 100)


CHANGES = {
    "another lens": (["--aperture", "0.3"], lambda folder: None, 2),
    "another view": (["--show", "comparison"], lambda folder: None, 2),
    "a log": (["--log", "facts"], lambda folder: None, 2),
    "a film cut short": ([], cut, 1),
    "a film removed": ([], lambda folder: (folder / "out" / "01.mkv").unlink(), 1),
    "nothing": ([], lambda folder: None, 0),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_is_not_there_as_the_command_writes_it_is_written_again(folder, here, monkeypatch, capfd, case):
    more, change, again = CHANGES[case]
    monkeypatch.chdir(folder)
    assert main(words(folder)) == 0
    change(folder)
    capfd.readouterr()
    assert main(words(folder, *more)) == 0
    assert f"2 films: {again} written" in capfd.readouterr().out
    assert len(films(folder)) == 2
    assert sorted(path.name for path in folder.glob("facts/*")) == [
        f"{name}.jsonl" for name in NAMES if "--log" in more
    ]


def test_a_record_of_nonsense_is_one_line_and_its_film_is_made_again_and_stays_until_then(folder, here, capfd):
    assert main(words(folder)) == 0
    before, record = films(folder), folder / "out" / "01.mkv.export.json"
    whole = record.read_bytes()
    record.write_bytes(b"\xff[")
    shutil.move(folder / "sequences" / "01" / "image_3", folder / "elsewhere")
    capfd.readouterr()
    assert main(words(folder)) == 1
    assert films(folder) == before
    said = f"{record} cannot be read: its film is made again, and stays until then"
    assert capfd.readouterr().err.splitlines()[0] == said
    record.write_bytes(b"[" * 100_000)
    shutil.move(folder / "elsewhere", folder / "sequences" / "01" / "image_3")
    assert main(words(folder)) == 0
    assert capfd.readouterr().err.splitlines() == [said]
    assert films(folder) == before and record.read_bytes() == whole


def test_addresses_projects_and_folders_of_sequences_are_exported_together(folder, here, tmp_path):
    save_project(Project(source=str(folder / "sequences" / "00")).with_decision(FOLLOW), tmp_path / "own.sterefo.json")
    given = [str(tmp_path / "own.sterefo.json"), str(folder / "sequences"), "--codec", "png", "--range", "0..1"]
    assert main(["export", *given, "-o", str(tmp_path / "out")]) == 0
    made = {path.name: len(list(path.iterdir())) for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert made == dict.fromkeys(["own", *NAMES], 2)


@pytest.mark.parametrize(
    ("addresses", "names"),
    [
        (["a/90", "b/90"], ["a-90", "b-90"]),
        (["a/film.mp4", "b/film.sterefo.json"], ["a-film", "b-film"]),
        (["demo", "drive/left,drive/right"], ["demo", "left"]),
        (["one/L/*.png,one/R/*.png", "two/L/*.png,two/R/*.png"], ["one-L", "two-L"]),
        (["rtsp://me:geheim@host/a", "rtsp://me:geheim@host/b"], ["a", "b"]),
    ],
)
def test_films_are_named_after_their_addresses_as_far_as_needed(tmp_path, monkeypatch, addresses, names):
    monkeypatch.chdir(tmp_path)
    projects = [Project(source=address) for address in addresses]
    tasks = batch_plan.planned(addresses, projects, ExportSettings(Path("out")), "cpu")
    assert [task.settings.target.stem for task in tasks] == names


def test_what_cannot_be_a_batch_is_said_before_anything_is_written(folder, tmp_path):
    projects, settings = [Project()] * 2, ExportSettings(tmp_path / "film.mp4")
    with pytest.raises(ExportError, match=r"film\.mp4 is to hold several films"):
        batch_plan.planned(["a", "b"], projects, settings, "cpu")
    with pytest.raises(ExportError, match="two films of the name of a"):
        batch_plan.planned(["a", "a"], projects, replace(settings, target=tmp_path), "cpu")


def test_without_ray_or_a_cluster_one_line_says_what_to_do(folder, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(words(folder, "--ray")) == 1
    assert capfd.readouterr().err == "error: Ray is not installed: pip install -r requirements-extra.txt\n"
    with pytest.raises(SystemExit):
        main(["export", "--ray", "demo", "-o", str(folder / "out")])
    assert "addresses come before --ray" in capfd.readouterr().err


@contextmanager
def cluster():
    """A real Ray cluster of two workers on this machine, for those who know its token; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--port", str(port)]
    command += ["--num-cpus", "2", "--include-dashboard", "false", "--disable-usage-stats"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TOP) as ray:
        try:
            assert any("Ray runtime started" in line for line in ray.stdout)
            yield f"127.0.0.1:{port}"
        finally:
            ray.terminate()


@pytest.mark.full
@pytest.mark.timeout(600)
def test_two_workers_of_a_ray_cluster_write_the_films_that_jobs_write_and_each_once(folder, here, monkeypatch):
    pytest.importorskip("ray", reason="Ray is not installed: pip install -r requirements-extra.txt")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "of-this-test")
    picture = folder / "sequences" / "01" / "image_2" / "000002.png"
    whole = picture.read_bytes()
    picture.write_bytes(b"no picture")
    with cluster() as address:
        command = [sys.executable, "run_app.py", *words(folder, "--ray", address)]
        first = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
        assert first.returncode == 1 and "2 films: 1 written" in first.stdout
        assert first.stderr.startswith("error: 01.mkv: ") and len(first.stderr.splitlines()) == 2
        picture.write_bytes(whole)
        again = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
        assert again.returncode == 0 and "2 films: 1 written, 1 whole already" in again.stdout
    by_ray = films(folder)
    shutil.rmtree(folder / "out")
    assert main(words(folder, "--jobs", 2)) == 0
    assert by_ray == films(folder) and len(by_ray) == 2
