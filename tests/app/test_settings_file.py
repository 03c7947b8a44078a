"""A settings file of nonsense never keeps the window from opening: it is put aside, and that is said."""

from random import Random

import pytest
from PyQt6.QtCore import QSettings

from app.board_form import BoardForm
from app.camera_panel import CameraPanel
from app.remembered import KINDS, recall_look, recall_place, remember, sound
from tests.faults.mutations import mutated

BROKEN = {
    "random bytes": bytes(range(256)) * 8,
    "no settings": b"what is this\nand this\n",
    "a word for a number": b"[General]\nscale=large\n",
    "two words for one": b"[camera]\nfirst=one, two\n",
    "bytes for a word": b"[General]\nrecents=@ByteArray(x), y\n",
    "a board of many rows": b"[board]\nrows=many\n",
    "a list for a flag": b"[camera]\nswap=@Variant(\\0\\0\\0)\n[General]\nscale=1, 2\n",
}


def settings_at(path):
    return QSettings(str(path), QSettings.Format.IniFormat)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_renamed_aside_and_defaults_are_used(tmp_path, capsys, case):
    path = tmp_path / "sterefo.ini"
    path.write_bytes(BROKEN[case])
    fresh = sound(settings_at(path))
    assert fresh.allKeys() == []
    assert (tmp_path / "sterefo.ini.broken").read_bytes() == BROKEN[case]
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1 and str(path) in told
    fresh.setValue("scale", 0.5)
    fresh.sync()
    assert settings_at(path).value("scale", type=float) == 0.5


class Spell:
    """What runs something when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), "w")


HIDDEN = {
    "as it is": (b"", b""),
    "by hexadecimal": (b"PyQt_", b"\\x50yQt_"),
    "by too many digits": (b"PyQt_", b"\\x10050\\x79Qt_"),
    "by octal": (b"PyQt_", b"\\120yQt_"),
    "by quotes": (b"PyQt_", b'Py"" Qt_'),
    "by a line break": (b"PyQt_", b"Py\\\nQt_"),
    "by an escape of nothing": (b"PyQt_", b"Py\\qQt_"),
    "the sign, too": (b"@Variant(", b'\\x40Va\\\nri""ant('),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_pickled_objects_in_a_settings_file_are_not_unpickled_however_they_are_written(tmp_path, capsys, case):
    path, mark = tmp_path / "sterefo.ini", tmp_path / "ran"
    settings = settings_at(tmp_path / "written.ini")
    settings.setValue("scale", Spell(mark))
    settings.sync()
    path.write_bytes((tmp_path / "written.ini").read_bytes().replace(*HIDDEN[case]))
    assert sound(settings_at(path)).allKeys() == [] and not mark.exists()
    settings_at(tmp_path / "sterefo.ini.broken").value("scale")
    assert mark.exists()  # it would have run


def test_a_window_opens_on_broken_settings(open_window, tmp_path):
    (tmp_path / "settings.ini").write_bytes(b"[General]\nscale=large\nrecents=7\ngeometry=nonsense\n")
    sound(settings_at(tmp_path / "settings.ini"))
    assert open_window().state.plate.done


def test_whole_settings_stay_where_they_are(open_window, tmp_path, capsys):
    """Those that a window keeps: all that there are, so that all are looked at."""
    window = open_window().window
    window.camera_panel._remember()
    BoardForm().remember(window.settings)
    remember(window.settings, window, window.preview)
    window.settings.setValue("recents", ["rtsp://user@camera, 2", "@home"])
    window.settings.sync()
    path = tmp_path / "settings.ini"
    assert set(sound(settings_at(path)).allKeys()) == set(KINDS)
    assert path.exists() and capsys.readouterr().err == ""


def test_settings_with_a_single_recent_source_stay_where_they_are(open_window, tmp_path, capsys):
    window = open_window().window
    window.settings.sync()
    kept = sound(settings_at(tmp_path / "settings.ini"))
    assert kept.contains("recents") and capsys.readouterr().err == ""
    assert window.document.recents == ["small"]


def test_whatever_a_settings_file_says_all_that_is_recalled_of_it_can_be_shown(open_window, tmp_path, capsys):
    window, specimen = open_window().window, tmp_path / "whole.ini"
    settings = settings_at(specimen)
    for name, kind in KINDS.items():
        settings.setValue(name, {str: "a", list: ["a", "b"], int: 7}.get(kind, kind()))
    settings.sync()
    for number in range(150):
        path = tmp_path / f"{number}.ini"
        path.write_bytes(mutated(specimen.read_bytes(), [specimen.read_bytes()], Random(number)))
        recalled = sound(settings_at(path))
        form = BoardForm()
        form.recall(recalled)
        assert form.kind.currentData() is not None
        CameraPanel(window, recalled, list).deleteLater()
        recall_look(recalled, window.preview)
        recall_place(recalled, window)


def test_a_first_start_has_no_settings_and_says_nothing(tmp_path, capsys):
    assert sound(settings_at(tmp_path / "absent.ini")).allKeys() == []
    assert capsys.readouterr().err == "" and list(tmp_path.iterdir()) == []
