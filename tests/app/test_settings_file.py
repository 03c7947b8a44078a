"""A settings file of nonsense never keeps the window from opening: it is put aside, and that is said."""

import pytest
from PyQt6.QtCore import QByteArray, QSettings

from app.remembered import sound

BROKEN = {
    "random bytes": bytes(range(256)) * 8,
    "no settings": b"what is this\nand this\n",
    "a word for a number": b"[General]\nscale=large\n",
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


def test_pickled_objects_in_a_settings_file_are_not_unpickled(tmp_path, capsys):
    path, mark = tmp_path / "sterefo.ini", tmp_path / "ran"
    settings = settings_at(path)
    settings.setValue("scale", Spell(mark))
    settings.sync()
    assert sound(settings_at(path)).allKeys() == [] and not mark.exists()
    settings_at(tmp_path / "sterefo.ini.broken").value("scale")
    assert mark.exists()  # it would have run


def test_a_window_opens_on_broken_settings(open_window, tmp_path):
    (tmp_path / "settings.ini").write_bytes(b"[General]\nscale=large\nrecents=7\ngeometry=nonsense\n")
    sound(settings_at(tmp_path / "settings.ini"))
    assert open_window().state.plate.done


def test_whole_settings_stay_where_they_are(tmp_path, capsys):
    path = tmp_path / "sterefo.ini"
    settings = settings_at(path)
    for name, value in (
        ("scale", 0.5),
        ("device", "cpu"),
        ("geometry", QByteArray(b"\0\1")),
        ("recents", ["a"]),
        ("camera/swap", True),
    ):
        settings.setValue(name, value)
    settings.sync()
    assert sorted(sound(settings_at(path)).allKeys()) == sorted(settings.allKeys())
    assert path.exists() and capsys.readouterr().err == ""


def test_a_first_start_has_no_settings_and_says_nothing(tmp_path, capsys):
    assert sound(settings_at(tmp_path / "absent.ini")).allKeys() == []
    assert capsys.readouterr().err == "" and list(tmp_path.iterdir()) == []
