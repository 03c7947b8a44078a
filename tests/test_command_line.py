"""The command line, driven as a person would, on small real folders; what goes wrong is said in one line."""

import argparse
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from app import workshop
from app.commands import build_parser, main
from sterefo_core.sources import open_source
from tests.moving_square import FRAMES, HEIGHT, TRACK, WIDTH, make_sequence

TOP = Path(__file__).resolve().parents[1]


@pytest.fixture
def sequence(tmp_path):
    return make_sequence(tmp_path / "sequences" / "07")


def refused(capfd, *argv):
    """Run a command that must fail; return the one line it says."""
    try:
        status = main([str(word) for word in argv])
    except SystemExit as stopped:
        status = stopped.code
    said = capfd.readouterr().err
    assert status not in (0, None), "a bad input was accepted"
    lines = [line for line in said.splitlines() if line.strip()]
    assert len(lines) == 1, said
    return lines[0]


def left_behind(folder):
    return sorted(path.name for path in folder.iterdir() if "out" in path.name or path.name.endswith(".part"))


def test_an_exported_video_has_every_frame_once_with_its_time_and_its_odd_size_padded(sequence, tmp_path):
    target = tmp_path / "out.mp4"
    assert main(["export", str(sequence), "--track", TRACK, "--aperture", "120mm", "-o", str(target)]) == 0
    video = open_video_frames(target)
    assert [round(time, 4) for time, _ in video] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert all(picture.shape == (HEIGHT + 1, WIDTH, 3) for _, picture in video)
    assert left_behind(tmp_path) == ["out.mp4"]


def open_video_frames(path):
    import av

    with av.open(str(path)) as container:
        return [(float(f.pts * f.time_base), f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def test_the_followed_thing_stays_sharp_and_the_wall_behind_it_is_blurred(sequence, tmp_path):
    target = tmp_path / "out"
    assert (
        main(["export", str(sequence), "--track", TRACK, "--aperture", "0.5", "--codec", "png", "-o", str(target)]) == 0
    )
    for index in range(FRAMES):
        shown = cv2.imread(str(target / f"{index:06d}.png")).astype(int)
        taken = cv2.imread(str(sequence / "image_2" / f"{index:06d}.png")).astype(int)
        changed = np.abs(shown - taken).mean(axis=2)
        assert changed[42:54, 72 + index : 88 + index].mean() < 1.0, f"frame {index}"
        assert changed[75:, :].mean() > 10.0, f"frame {index}"


def test_the_log_holds_the_facts_of_every_frame(sequence, tmp_path):
    log = tmp_path / "facts.jsonl"
    main(["export", str(sequence), "--track", TRACK, "-o", str(tmp_path / "out.mp4"), "--log", str(log)])
    facts = [json.loads(line) for line in log.read_text().splitlines()]
    assert [fact["frame"] for fact in facts] == list(range(FRAMES))
    assert list(facts[0]) == [
        *("frame", "timestamp_s", "state", "box", "measured_disparity", "focus_disparity", "focus_m", "capped_share"),
        "milliseconds",
    ]
    for fact in facts:
        assert fact["state"] == "tracking"
        assert fact["box"][0] == pytest.approx(60 + fact["frame"], abs=3)
        assert fact["measured_disparity"] == pytest.approx(20, abs=1)
        assert fact["focus_m"] == pytest.approx(100 * 0.54 / fact["focus_disparity"])
        assert {"decode", "focus", "refocus"} <= set(fact["milliseconds"])
    assert {"depth", "track"} <= set(facts[0]["milliseconds"])  # of the frames looked at ahead, too


def test_blur_that_the_largest_radius_holds_back_is_said_and_logged(sequence, tmp_path, capsys):
    log, words = (
        tmp_path / "facts.jsonl",
        ["--track", TRACK, "--aperture", "0.5", "--log", str(tmp_path / "facts.jsonl")],
    )
    for largest, held in (("3", True), ("60", False)):
        assert main(["export", str(sequence), *words, "--max-radius", largest, "-o", str(tmp_path / "out.mp4")]) == 0
        notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note")]
        shares = [json.loads(line)["capped_share"] for line in log.read_text().splitlines()]
        assert len(notes) == held and all(share > 0.5 for share in shares) == held
        assert not held or "largest radius, 3 px" in notes[0]


@pytest.mark.parametrize(
    "words",
    [
        ["--blades", "5"],
        ["--blades", "5", "--blade-rotation", "30"],
        ["--blades", "5", "--roundness", "0.6"],
        ["--squeeze", "2"],
        ["--cats-eye", "1"],
        ["--sharp", "12"],
        ["--highlights", "1"],
        ["--max-radius", "3"],
        ["--aperture", "0.2"],
    ],
)
def test_every_option_of_the_lens_changes_the_picture(sequence, tmp_path, words):
    for eye, x in (("image_2", 30), ("image_3", 21)):
        picture = cv2.imread(str(sequence / eye / "000000.png"))
        picture[80:83, x : x + 3] = 255  # a lamp on the wall
        cv2.imwrite(str(sequence / eye / "000000.png"), picture)
    plain = ["--focus", "0:20", "--aperture", "0.8", "--range", "0..0", "--codec", "png", "--highlights", "0.2"]
    if len(words) == 4:
        plain += words[:2]
    pictures = []
    for options, name in ((plain, "out1"), (plain + words, "out2")):
        assert main(["export", str(sequence), *options, "-o", str(tmp_path / name)]) == 0
        pictures.append(cv2.imread(str(tmp_path / name / "000000.png")).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() > 3


def test_a_saved_project_renders_the_same_file_byte_for_byte(sequence, tmp_path):
    project, first, second = tmp_path / "p.sterefo.json", tmp_path / "out1.mp4", tmp_path / "out2.mp4"
    words = ["--track", TRACK, "--focus", "2:9", "--release", "4", "--aperture", "0.3", "--max-radius", "4"]
    assert main(["export", str(sequence), *words, "-o", str(first), "--save-project", str(project)]) == 0
    assert main(["export", str(project), "-o", str(second)]) == 0
    assert first.read_bytes() == second.read_bytes()


def test_a_focus_in_metres_is_the_same_as_its_disparity(sequence, tmp_path):
    for name, focus in (("out1", "0:6m"), ("out2", "0:9")):
        main(["export", str(sequence), "--focus", focus, "--codec", "png", "-o", str(tmp_path / name)])
    one, two = (cv2.imread(str(tmp_path / name / "000003.png")) for name in ("out1", "out2"))
    assert np.array_equal(one, two)


@pytest.mark.parametrize(("what", "width"), [("comparison", 2 * WIDTH), ("disparity", WIDTH)])
def test_a_comparison_and_the_disparity_can_be_exported(sequence, tmp_path, what, width):
    target = tmp_path / "out"
    words = ["--range", "1..2", "--show", what, "--codec", "png"]
    assert main(["export", str(sequence), "--track", TRACK, *words, "-o", str(target)]) == 0
    assert [cv2.imread(str(picture)).shape for picture in sorted(target.iterdir())] == [(HEIGHT, width, 3)] * 2


def test_a_range_gives_the_frames_that_a_whole_export_has_there(sequence, tmp_path):
    common = ["export", str(sequence), "--track", TRACK, "--focus", "2:9", "--codec", "png", "-o"]
    main([*common, str(tmp_path / "out_all")])
    main([*common, str(tmp_path / "out_part"), "--range", "3..4"])
    part = sorted((tmp_path / "out_part").iterdir())
    whole = sorted((tmp_path / "out_all").iterdir())[3:]
    assert [p.read_bytes() for p in part] == [w.read_bytes() for w in whole]


def test_info_says_what_a_sequence_is(sequence, capsys):
    assert main(["info", str(sequence)]) == 0
    said = capsys.readouterr().out
    for fact in ("KITTI odometry", "5, 0..4", "160x97", "0.400 s", "100.00 px", "0.5400 m"):
        assert fact in said


def test_info_shows_no_metres_without_a_calibration(sequence, capsys):
    (sequence / "calib.txt").unlink()
    assert main(["info", str(sequence)]) == 0
    assert "calibration  -" in capsys.readouterr().out


def test_an_aperture_in_mm_needs_a_calibration_and_a_ratio_does_not(sequence, tmp_path, capfd):
    (sequence / "calib.txt").unlink()
    out = tmp_path / "out.mp4"
    said = refused(capfd, "export", sequence, "--track", TRACK, "--aperture", "120mm", "-o", out)
    assert "needs a calibrated source" in said
    assert main(["export", str(sequence), "--track", TRACK, "--aperture", "0.1", "-o", str(out)]) == 0


BAD_WORDS = {
    "an empty box": (["--track", "0:5,5,0,10"], "above 0"),
    "a box that is none": (["--track", "0:5,5,10"], "x,y,width,height"),
    "a box outside": (["--track", "0:500,500,20,20"], "outside the picture of 160x97"),
    "a box too small to follow": (["--track", "0:5,5,1,1"], "box"),
    "a frame past the end": (["--track", "99:5,5,20,20"], "frame 99 is not in"),
    "a focus past the end": (["--focus", "99:5"], "frame 99 is not in"),
    "a negative frame": (["--focus", "-1:5"], ""),
    "a range past the end": (["--range", "2..99"], "does not fit"),
    "a range backwards": (["--range", "3..1"], "does not fit"),
    "aperture 0": (["--aperture", "0"], "above 0"),
    "a negative aperture": (["--aperture=-3mm"], "above 0"),
    "an aperture of letters": (["--aperture", "wide"], "neither millimetres"),
    "an endless aperture": (["--aperture", "1e999"], "above 0"),
    "radius 0": (["--max-radius", "0"], "not usable"),
    "3 blades": (["--blades", "3"], "5 to 9"),
    "squeezed the other way": (["--squeeze", "0.5"], "squeeze goes from 1 to 2: 0.5"),
    "more than a cat's eye": (["--cats-eye", "1.1"], "cat's eye goes from 0 to 1: 1.1"),
    "a sharp range below nothing": (["--sharp", "-1"], "sharp range goes from 0 to 1000: -1"),
    "highlights beyond": (["--highlights", "nan"], "highlight strength goes from 0 to 1: nan"),
    "a negative transition": (["--transition", "-1"], ""),
    "an unknown depth engine": (["--depth", "crystal-ball"], "crystal-ball"),
    "an unknown codec": (["--codec", "betamax"], "betamax"),
    "a focus behind the camera": (["--focus", "0:-4m"], "above 0 m"),
    "a container that the codec does not fit": (["--codec", "ffv1"], "mkv"),
}


@pytest.mark.parametrize("case", BAD_WORDS)
def test_bad_words_are_refused_in_one_line_and_nothing_is_written(sequence, tmp_path, capfd, case):
    words, says = BAD_WORDS[case]
    assert says in refused(capfd, "export", sequence, *words, "-o", tmp_path / "out.mp4")
    assert left_behind(tmp_path) == []


def damage_empty(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


def damage_right_gone(folder):
    for path in (folder / "image_3").iterdir():
        path.unlink()
    (folder / "image_3").rmdir()


def damage_cut(folder):
    victim = folder / "image_2" / "000002.png"
    victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])


def damage_hole(folder):
    (folder / "image_3" / "000002.png").unlink()


def damage_size(folder):
    cv2.imwrite(str(folder / "image_3" / "000002.png"), np.zeros((50, 50, 3), np.uint8))


def damage_calibration(folder):
    (folder / "calib.txt").write_text("P2: what is this\nP3: a letter?\n")


def damage_tiny(folder):
    for path in folder.rglob("*.png"):
        cv2.imwrite(str(path), np.zeros((2, 2, 3), np.uint8))


DAMAGE = {
    "an empty folder": (damage_empty, "07"),
    "one camera only": (damage_right_gone, "image_3"),
    "a PNG cut in half": (damage_cut, "image_2/000002.png"),
    "a missing right frame": (damage_hole, "image_3/000002.png"),
    "a pair of two sizes": (damage_size, "000002.png"),
    "a calibration that is none": (damage_calibration, "calib.txt"),
    "pictures of 2x2": (damage_tiny, "2x2"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_data_is_named_in_one_line_and_nothing_is_written(sequence, tmp_path, capfd, case):
    damage, names = DAMAGE[case]
    damage(sequence)
    out = tmp_path / "out.mp4"
    assert names in refused(capfd, "export", sequence, "--focus", "0:9", "-o", out, "--log", tmp_path / "out.jsonl")
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("damage", [damage_cut, damage_hole, damage_size])
def test_skip_bad_repeats_the_picture_before_and_says_how_many(sequence, tmp_path, capfd, damage):
    damage(sequence)
    target = tmp_path / "out"
    words = ["--track", TRACK, "--skip-bad", "--codec", "png", "-o", str(target)]
    assert main(["export", str(sequence), *words]) == 0
    said = capfd.readouterr()
    assert "000002.png" in said.err and "1 unreadable" in said.out
    pictures = [path.read_bytes() for path in sorted(target.iterdir())]
    assert len(pictures) == FRAMES and pictures[2] == pictures[1] and pictures[3] != pictures[1]


@pytest.mark.parametrize("address", ["/no/such/place", "", "LEFT,RIGHT", "nothing.mp4", "."])
def test_what_is_no_source_is_refused(tmp_path, capfd, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    refused(capfd, "info", address)
    refused(capfd, "export", address, "--focus", "0:9", "-o", "out.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_text_file_named_mp4_is_refused_by_name(tmp_path, capfd):
    (tmp_path / "movie.mp4").write_text("this is not a film\n" * 50)
    assert "movie.mp4" in refused(capfd, "info", tmp_path / "movie.mp4")


def test_an_absent_output_folder_is_said_before_any_work(sequence, tmp_path, capfd):
    said = refused(capfd, "export", sequence, "--focus", "0:9", "-o", tmp_path / "absent" / "out.mp4")
    assert "does not exist" in said


def test_a_name_that_the_system_refuses_is_said(sequence, tmp_path, capfd):
    said = refused(capfd, "export", sequence, "--focus", "0:9", "-o", tmp_path / ("a" * 300 + ".mp4"))
    assert "its name is too long" in said


def test_a_failed_export_leaves_the_older_file_as_it_was(sequence, tmp_path, capfd):
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")
    damage_cut(sequence)
    refused(capfd, "export", sequence, "--focus", "0:9", "-o", target)
    assert target.read_bytes() == b"precious" and left_behind(tmp_path) == ["out.mp4"]


def test_a_video_of_one_frame_is_exported(sequence, tmp_path):
    side_by_side = tmp_path / "one.mkv"
    write_side_by_side(sequence, side_by_side)
    target = tmp_path / "out.mp4"
    words = ["--layout", "side-by-side", "--focus", "0:9"]
    assert main(["export", str(side_by_side), *words, "-o", str(target)]) == 0
    assert len(open_video_frames(target)) == 1


def write_side_by_side(sequence, path):
    from sterefo_core.video_writer import open_writer

    frame = open_source(str(sequence)).read(0)
    with open_writer(path, "ffv1") as writer:
        writer.write(np.hstack([frame.left, frame.right]), 0.0)


OVER_ITSELF = {
    "by its name": ["take.mkv", "--codec", "ffv1", "-o", "take.mkv"],
    "by the name of a link": ["take.mkv", "--codec", "ffv1", "-o", "link.mkv"],
    "by its log": ["take.mkv", "-o", "out.mp4", "--log", "take.mkv"],
    "by its pictures": ["sequences/07", "--codec", "png", "-o", "sequences/07/image_2"],
    "one of two pictures": ["left.png,right.png", "-o", "out.mp4", "--log", "left.png"],
    "in a batch": ["take.mkv", "sequences/07", "--codec", "ffv1", "-o", "."],
}


@pytest.mark.parametrize("case", OVER_ITSELF)
def test_what_is_exported_is_never_written_over(sequence, tmp_path, capfd, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    write_side_by_side(sequence, tmp_path / "take.mkv")
    (tmp_path / "link.mkv").symlink_to("take.mkv")
    for name, folder in (("left.png", "image_2"), ("right.png", "image_3")):
        (tmp_path / name).write_bytes((sequence / folder / "000000.png").read_bytes())
    before = contents(tmp_path)
    assert main(["export", *OVER_ITSELF[case]]) == 1
    assert "belongs to what is exported" in capfd.readouterr().err
    assert before.items() <= contents(tmp_path).items() and left_behind(tmp_path) == []


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_log_needs_a_name_of_its_own(sequence, tmp_path, capfd):
    both = tmp_path / "out.mkv"
    said = refused(capfd, "export", sequence, "--codec", "ffv1", "-o", both, "--log", tmp_path / "." / "out.mkv")
    assert "the film has that name" in said and left_behind(tmp_path) == []


def test_a_project_is_saved_by_its_own_kind_of_name_before_the_film_is_rendered(sequence, tmp_path, capfd):
    words = ["export", sequence, "-o", tmp_path / "out.mp4", "--save-project"]
    assert "is not NAME.sterefo.json" in refused(capfd, *words, tmp_path / "out.mp4")
    assert "its folder does not exist" in refused(capfd, *words, tmp_path / "absent" / "out.sterefo.json")
    assert left_behind(tmp_path) == []


def test_what_is_neither_file_nor_folder_is_no_source(tmp_path, capfd):
    os.mkfifo(tmp_path / "pipe.mp4")  # reading it would wait for ever
    assert "neither a file nor a folder" in refused(capfd, "info", tmp_path / "pipe.mp4")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_export_leaves_nothing_behind(sequence, tmp_path, stop):
    words = ["--track", TRACK, "-o", tmp_path / "out.mp4", "--log", tmp_path / "out.jsonl"]
    command = [sys.executable, "-c", INTERRUPTED, str(stop.value), "export", sequence, *words]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, env=dict(os.environ), check=False)
    assert done.returncode == 130, done.stderr
    assert done.stderr == "interrupted: only what was complete is kept\n"
    assert left_behind(tmp_path) == []


def test_an_interruption_in_the_middle_of_what_native_code_calls_back_is_not_lost():
    done = subprocess.run([sys.executable, "-c", CALLED_BACK], cwd=TOP, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "interrupted: only what was complete is kept\n")


CALLED_BACK = """
import ctypes, signal, sys, threading
from app import cameras_command, commands
def devices():
    ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGTERM))()
    while not threading.Event().wait(0.01):
        pass
cameras_command.list_devices = devices
sys.exit(commands.main(["cameras"]))
"""


def printed_to(redirection, *words):
    """The exit status of a command whose output is redirected so by a shell, and what it says of errors."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, TOP / "run_app.py", *words]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=buffered)
    return done.returncode, done.stderr


def test_where_nothing_can_be_printed_one_line_says_so():
    full = printed_to(">/dev/full", "cameras")
    assert full == (1, "error: the system refuses: No space left on device\n")


def test_closed_streams_keep_no_film_from_being_whole(sequence, tmp_path):
    words = ["export", sequence, "--codec", "ffv1", "--jobs", "1", "-o", tmp_path]
    assert printed_to("<&- >&- 2>&-", *words) == (0, "")
    assert len(open_video_frames(tmp_path / "07.mkv")) == FRAMES


def test_where_memory_is_full_one_line_says_so(sequence, tmp_path, capfd, monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(workshop, "make_pipeline", full)
    assert "memory is full" in refused(capfd, "export", sequence, "-o", tmp_path / "out.mp4")


INTERRUPTED = """
import os, signal, sys
from app import commands
from sterefo_core import export
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
facts, stop = export.facts, int(sys.argv[1])
def facts_then_stop(done):  # the signal arrives while frame 2 is being written
    if done.frame.index == 2:
        os.kill(os.getpid(), stop)
    return facts(done)
export.facts = facts_then_stop
sys.exit(commands.main(sys.argv[2:]))
"""


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(command in said for command in ("open", "export", "info", "sweep", "evaluate"))


def parsers_below(parser):
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from parsers_below(below)


@pytest.mark.parametrize("parser", list(parsers_below(build_parser())), ids=lambda parser: parser.prog)
def test_every_help_can_be_printed_and_says_something_of_every_option(parser):
    said = parser.format_help()
    assert "%%" not in said and "%(" not in said
    assert [
        action.dest for action in parser._actions if not (action.help or action.dest in ("command", "subject"))
    ] == []


def test_without_a_display_the_demo_is_exported_and_its_place_is_printed(tmp_path, monkeypatch, capsys):
    """The real bare command, on the first frames of the demo to spare time."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    short = replace(workshop.demo_project(), last_frame=1)
    monkeypatch.setattr(workshop, "demo_project", lambda: short)
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "no display" in said and str(tmp_path / "out" / "demo.mp4") in said
    assert len(open_video_frames(tmp_path / "out" / "demo.mp4")) == 2


def test_a_sweep_goes_from_far_to_near_and_back_to_no_place_twice(sequence, tmp_path):
    log, target = tmp_path / "facts.jsonl", tmp_path / "out.mp4"
    words = ["--planes", "3", "--hold", "0.1", "--transition", "0.2", "--aperture", "0.4"]
    pair = f"{sequence}/image_2/000000.png,{sequence}/image_3/000000.png"
    assert main(["sweep", pair, *words, "-o", str(target), "--log", str(log)]) == 0
    planes = [json.loads(line)["focus_disparity"] for line in log.read_text().splitlines()]
    assert planes == sorted(planes) and planes[0] == pytest.approx(9, abs=1) and planes[-1] == pytest.approx(20, abs=1)
    assert max(b - a for a, b in pairwise(planes)) < 3, "the focus jumps"


def test_trackers_are_compared_on_a_folder_in_otbs_layout(tmp_path, sequence, capfd):
    folder = tmp_path / "otb"
    (folder / "img").mkdir(parents=True)
    for index in range(FRAMES):
        picture = cv2.imread(str(sequence / "image_2" / f"{index:06d}.png"))
        cv2.imwrite(str(folder / "img" / f"{index + 1:04d}.jpg"), picture)
    (folder / "groundtruth_rect.txt").write_text("".join(f"{61 + i}\t31\t40\t36\n" for i in range(FRAMES)))
    assert main(["evaluate", "tracking", str(folder)]) == 0
    said = capfd.readouterr().out
    assert "opencv-csrt" in said and "stereo" in said and "otb" in said


def test_the_focus_is_scored_only_where_the_truth_is_known(sequence, capfd):
    assert "no true boxes" in refused(capfd, "evaluate", "focus", sequence)


def test_a_window_cannot_be_opened_without_a_display(monkeypatch, capfd):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert "no display" in refused(capfd, "open", "demo")


def test_the_refocusing_is_scored_against_the_true_lens(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    scores = tmp_path / "scores.json"
    words = ["--kinds", "upright", "--size", "96x64", "--crops", str(tmp_path / "crops"), "--json", str(scores)]
    assert main(["evaluate", "refocus", *words, "--renderers", "unprocessed", "program"]) == 0
    said = capsys.readouterr().out
    assert "see-through rim" in said and "upright" in said
    rows = json.loads(scores.read_text())
    mean = {
        name: np.mean([row["psnr"] for row in rows if row["renderer"] == name and row["region"] == "everywhere"])
        for name in ("unprocessed", "program")
    }
    assert mean["program"] > mean["unprocessed"] + 5
    assert len(list((tmp_path / "crops").iterdir())) == 12


def test_an_object_can_be_followed_before_its_frame_and_without_looking_ahead(sequence, tmp_path):
    target, log = tmp_path / "out.mp4", tmp_path / "facts.jsonl"
    words = ["--track-both", "3:63,30,40,36", "--look-ahead", "0", "-o", str(target), "--log", str(log)]
    assert main(["export", str(sequence), *words]) == 0
    facts = [json.loads(line) for line in log.read_text().splitlines()]
    assert [fact["state"] for fact in facts] == ["tracking"] * FRAMES
    assert facts[0]["box"][0] == pytest.approx(60, abs=3)


def test_without_a_click_the_machine_chooses_if_it_is_asked_to(sequence, tmp_path, capfd):
    log = tmp_path / "facts.jsonl"
    assert main(["export", str(sequence), "--auto", "-o", str(tmp_path / "out.mp4"), "--log", str(log)]) == 0
    first = json.loads(log.read_text().splitlines()[0])
    assert first["state"] == "tracking" and first["focus_disparity"] == pytest.approx(20, abs=0.5)
    assert "nothing was focused on" not in capfd.readouterr().out


def test_disparity_can_be_left_as_every_frame_by_itself_has_it(sequence, tmp_path):
    common = ["export", str(sequence), "--show", "disparity", "--codec", "png", "-o"]
    assert main([*common, str(tmp_path / "steady")]) == 0
    assert main([*common, str(tmp_path / "alone"), "--no-steady-depth"]) == 0
    first, last = (
        [cv2.imread(str(sorted((tmp_path / name).glob("*.png"))[index])) for name in ("steady", "alone")]
        for index in (0, -1)
    )
    assert np.array_equal(*first) and not np.array_equal(*last)
