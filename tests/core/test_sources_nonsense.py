"""Calibrations, times, labels and truths that are there but say nothing sensible: one line, naming the file."""

from __future__ import annotations

import numpy as np
import pytest

from sterefo_core.errors import BadFrameError
from sterefo_core.sources import open_source
from tests.core import kitti_folders as made
from tests.core.test_sources_faults import assert_helps, raises_on_opening


@pytest.fixture
def sequence(tmp_path):
    return made.make_odometry(tmp_path)


def swapped(text: str) -> str:
    return text.replace("P2", "P9").replace("P3", "P2").replace("P9", "P3")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: "", ["no line P2"]),
        (lambda text: "\0\xff\xfe" * 50, ["no line P2"]),
        (lambda text: text.replace("P3:", "Q3:"), ["no line P3"]),
        (lambda text: text.rsplit(" ", 1)[0], ["line P3", "12 numbers"]),
        (lambda text: text.replace("P2: ", "P2: seven "), ["line P2", "12 numbers"]),
        (lambda text: text.replace("7.000000000000e+02", "nan"), ["line P2", "not finite"]),
        (lambda text: text.replace("7.000000000000e+02", "0"), ["focal length 0 px"]),
        (swapped, ["baseline -378 px m"]),
    ],
    ids=["empty", "binary", "no right", "short", "words", "nan", "no focal length", "swapped"],
)
def test_a_nonsense_calibration(sequence, spoil, words):
    path = sequence / "calib.txt"
    path.write_text(spoil(path.read_text()))
    assert_helps(raises_on_opening(sequence), path, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.0\n0.1\n0.2\n0.3\n", ["4 times", "number 4"]),
        ("0\n1\ntwo\n3\n4\n", ["one time a line"]),
        ("0\n1\n2\n2\n4\n", ["line 4", "not after"]),
        ("0\n1\n2\nnan\n4\n", ["line 4", "not after"]),
        ("0\n1\n2\ninf\n4\n", ["line 4", "not after"]),
        ("2011-09-26 13:02:25.9\n" + "never 13:02\n" * 4, ["one time a line"]),
    ],
    ids=["short", "words", "standing still", "nan", "inf", "bad date"],
)
def test_nonsense_times(sequence, text, words):
    path = made.write_text(sequence / "times.txt", text)
    assert_helps(raises_on_opening(sequence), path, *words)


@pytest.mark.parametrize("line", ["0 2 Car", "zero 2 Car 0 0 -1.8 1 2 3 4", "0 2 Car 0 0 -1.8 1 2 3 x"])
def test_nonsense_labels(tmp_path, line):
    path = made.make_tracking(tmp_path) / "label_02" / "0004.txt"
    path.write_text(path.read_text() + line + "\n")
    assert_helps(raises_on_opening(tmp_path), path, "line 5")


CAMERAS = "cam0=[{f} 0 9; 0 {f} 9; 0 0 1]\ncam1=[{f} 0 9; 0 {f} 9; 0 0 1]\n"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "cam0, cam1 and baseline"),
        ("cam0=[1 2 3]\ncam1=[1 2 3]\nbaseline=4\n", "cam0, cam1 and baseline"),
        (CAMERAS.format(f=0) + "baseline=4\n", "focal length 0 px"),
        (CAMERAS.format(f=70) + "baseline=-4\n", "baseline -4 mm"),
        (CAMERAS.format(f=70) + "baseline=inf\n", "finite"),
        (CAMERAS.format(f=70).replace("9", "nan") + "baseline=4\n", "finite"),
    ],
)
def test_a_nonsense_middlebury_calibration(tmp_path, text, word):
    for camera, name in enumerate(("im0.png", "im1.png")):
        made.write(tmp_path / name, made.view(0, camera))
    path = made.write_text(tmp_path / "calib.txt", text)
    assert_helps(raises_on_opening(tmp_path), path, word)


@pytest.mark.parametrize(
    ("folder", "picture", "words"),
    [
        ("disp_occ_0", np.full((48, 64), 9, np.uint8), ["not a disparity map"]),
        ("disp_occ_0", np.zeros((48, 64), np.uint16), ["not a disparity map"]),
        ("obj_map", np.full((48, 64, 3), 9, np.uint8), ["not an instance mask"]),
    ],
    ids=["8 bits", "nothing known", "coloured mask"],
)
def test_a_nonsense_truth_is_named_when_it_is_asked_for(tmp_path, folder, picture, words):
    path = made.write(made.make_stereo(tmp_path) / folder / "000008_10.png", picture)
    source = open_source(tmp_path)
    assert source.read(1).index == 1
    with pytest.raises(BadFrameError) as caught:
        source.truth(1)
    assert_helps(caught.value, path, *words)
