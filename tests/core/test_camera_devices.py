"""The list of cameras, as the kernel's files tell it."""

from pathlib import Path

import pytest

from app.commands import main
from sterefo_core.project import Project
from sterefo_core.project_file import load_project, save_project
from sterefo_core.sources.camera_devices import CameraDevice, linux_devices


def add_device(folder, number, name, index):
    entry = folder / f"video{number}"
    entry.mkdir(parents=True)
    (entry / "name").write_text(f"{name}\n")
    (entry / "index").write_text(f"{index}\n")


def test_cameras_are_listed_in_order_without_the_nodes_that_carry_no_pictures(tmp_path):
    add_device(tmp_path, 1970, "Stereo: Stereo", 0)
    add_device(tmp_path, 1901, "Webcam", 0)
    add_device(tmp_path, 1902, "Webcam", 1)
    assert list(linux_devices(tmp_path)) == [CameraDevice("1901", "Webcam"), CameraDevice("1970", "Stereo: Stereo")]


def test_a_node_that_vanishes_while_it_is_looked_at_is_left_out(tmp_path):
    (tmp_path / "video1903").mkdir()
    add_device(tmp_path, 1904, "Webcam", 0)
    assert [device.device for device in linux_devices(tmp_path)] == ["1904"]


def test_a_computer_without_cameras_has_none(tmp_path):
    assert list(linux_devices(tmp_path / "absent")) == []


@pytest.mark.skipif(Path("/sys/class/video4linux").exists(), reason="this computer has cameras")
def test_the_command_says_that_there_is_none_and_how_cameras_are_named(capsys):
    assert main(["cameras"]) == 0
    printed = capsys.readouterr().out
    assert "There is no camera" in printed
    assert "camera:rtsp://" in printed


def test_projects_keep_no_passwords(tmp_path):
    path = tmp_path / "a.sterefo.json"
    save_project(Project(source="camera:rtsp://bob:hunter2@host/a#swap"), path)
    assert "hunter2" not in path.read_text()
    assert load_project(path).source == "camera:rtsp://bob@host/a#swap"
