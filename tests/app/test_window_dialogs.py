"""The window's file dialogs, full screen, and what it remembers between starts."""

import pytest
from PyQt6.QtWidgets import QFileDialog, QLineEdit

from app.preview_state import AUTOMATIC, Phase
from tests.app.hand import CTRL, SHIFT, Key


def answer(hand, *paths):
    """Type paths into the file dialog that is open, and accept it."""
    hand.wait(lambda: hand.window.findChildren(QFileDialog))
    (dialog,) = hand.window.findChildren(QFileDialog)
    named = " ".join(f'"{path}"' for path in paths) if len(paths) > 1 else str(paths[0])
    dialog.findChild(QLineEdit, "fileNameEdit").setText(named)
    dialog.accept()
    hand.wait(lambda: hand.state.phase is Phase.READY and hand.state.source)


def test_a_folder_is_chosen_in_a_dialog(open_window, tmp_path):
    hand = open_window(None)
    folder = tmp_path / "sequence"
    folder.mkdir()
    hand.key(Key.Key_O, CTRL | SHIFT)
    answer(hand, folder)
    assert hand.project.source == str(folder)


@pytest.mark.parametrize("name", ["movie.mkv", "cut.mp4"])
def test_a_video_is_chosen_in_a_dialog(open_window, tmp_path, name):
    hand = open_window(None)
    (tmp_path / name).touch()
    hand.window.actions_table["document.ask_for_video"].trigger()
    answer(hand, tmp_path / name)
    assert hand.project.source == str(tmp_path / name)


def test_two_videos_are_chosen_in_one_dialog_and_the_first_by_name_is_the_left_one(open_window, tmp_path):
    hand = open_window(None)
    for name in ("b.mp4", "a.mp4"):
        (tmp_path / name).touch()
    hand.window.document.ask_for_pair()
    answer(hand, tmp_path / "b.mp4", tmp_path / "a.mp4")
    assert hand.project.source == f"{tmp_path / 'a.mp4'},{tmp_path / 'b.mp4'}"


def test_a_frame_is_exported_to_the_file_chosen_in_a_dialog(hand, tmp_path):
    hand.key(Key.Key_E, CTRL | SHIFT)
    answer(hand, tmp_path / "shot")
    hand.wait(lambda: not hand.window.exports.running)
    assert (tmp_path / "shot.png").stat().st_size > 0


def test_a_project_is_saved_to_the_file_chosen_in_a_dialog_and_opened_from_it_again(hand, open_window, tmp_path):
    hand.key(Key.Key_S, CTRL | SHIFT)
    answer(hand, tmp_path / "chosen")
    assert (tmp_path / "chosen.sterefo.json").stat().st_size > 0
    again = open_window(None)
    again.window.actions_table["document.ask_for_video"].trigger()
    answer(again, tmp_path / "chosen.sterefo.json")
    assert again.window.windowTitle().startswith("chosen")


def test_a_dialog_that_is_cancelled_changes_nothing(hand):
    before = hand.project, hand.window.windowTitle(), hand.window.preview.wish.opening
    hand.window.actions_table["document.ask_for_video"].trigger()
    (dialog,) = hand.window.findChildren(QFileDialog)
    dialog.reject()
    assert (hand.project, hand.window.windowTitle(), hand.window.preview.wish.opening) == before


def test_f11_fills_the_screen_and_comes_back(hand):
    hand.key(Key.Key_F11)
    hand.wait(hand.window.isFullScreen)
    hand.key(Key.Key_F11)
    hand.wait(lambda: not hand.window.isFullScreen())
    assert hand.window.isVisible()


def test_how_the_preview_is_computed_is_remembered(open_window):
    first = open_window()
    first.window.preview.look(scale=0.5, device="cpu")
    first.window.close()
    second = open_window(address=None)
    look = second.window.preview.wish.look
    assert (look.scale, look.device) == (0.5, "cpu")


def test_a_way_of_computing_that_is_not_offered_any_more_is_not_taken_up(open_window):
    first = open_window()
    first.window.preview.look(scale=0.3, device="abacus")
    first.window.close()
    look = open_window(address=None).window.preview.wish.look
    assert (look.scale, look.device) == (AUTOMATIC, "auto")
