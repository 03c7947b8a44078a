"""A window of 800x600: nothing is cut off or covered, and it stays as small as it is."""

from itertools import combinations

import pytest
from PyQt6.QtCore import QPoint, QRect
from PyQt6.QtWidgets import QAbstractButton, QComboBox, QLabel

from app import overlays
from app.overlays import chip
from app.preview_state import View
from tests.app.hand import CTRL, NONE, SHIFT, Key
from tests.app.small_parts import square

CARDS = {
    "keys_panel": (Key.Key_Question, NONE),
    "open_panel": (Key.Key_O, CTRL),
    "camera_panel": (Key.Key_K, CTRL | SHIFT),
}


@pytest.fixture
def small(hand):
    hand.window.resize(800, 600)
    hand.wait(lambda: hand.window.size().width() == 800)
    return hand


def parts(card):
    """What a card consists of, each with its place in it."""
    shown = [part for kind in (QLabel, QAbstractButton, QComboBox) for part in card.findChildren(kind)]
    return [(part, QRect(part.mapTo(card, QPoint()), part.size())) for part in shown if part.isVisible()]


def shows_all(label):
    """Whether a label has the room that its text needs."""
    needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
    return label.height() >= needed and (label.wordWrap() or label.width() >= label.sizeHint().width())


@pytest.mark.parametrize("name", CARDS)
def test_a_card_shows_all_its_parts_side_by_side(small, name):
    small.key(*CARDS[name])
    card = getattr(small.window, name)
    small.wait(card.isVisible)
    small.wait(lambda: all(shows_all(part) for part, _ in parts(card) if isinstance(part, QLabel) and part.text()))
    places = [place for _, place in parts(card)]
    assert all(card.rect().contains(place) for place in places)
    assert not [pair for pair in combinations(places, 2) if pair[0].intersects(pair[1])]


def test_closing_a_card_gives_the_keys_back_to_the_picture(small):
    small.key(*CARDS["camera_panel"])
    small.wait(small.window.camera_panel.first.hasFocus)
    small.key(Key.Key_Escape)
    assert small.viewport.hasFocus()


def test_the_window_does_not_grow_by_what_the_status_line_says(small):
    small.click(*square(0).centre)
    small.wait(lambda: small.project.decisions)
    small.wait_for_project()
    status = small.window.status
    small.state.plate.done.milliseconds.update(dict.fromkeys(("decode", "depth", "track", "focus", "refocus"), 1e9))
    small.window.painted()
    small.wait(lambda: not status.stages.isVisible())
    assert small.window.width() == 800
    assert status.tracker.isVisible() and status.focus.isVisible()
    assert all(shows_all(label) for label in (status.tracker, status.focus, status.rate))


def test_what_could_be_done_next_is_not_written_over_the_key_to_the_colours(small, monkeypatch):
    painted = {}

    def noted(painter, corner, text, *colour):
        painted[text.strip()] = chip(painter, corner, text, *colour)
        return painted[text.strip()]

    small.window.views.focal_plane()
    small.wait(lambda: small.viewport.view is View.FOCAL_PLANE and small.state.plate.analysis is not None)
    monkeypatch.setattr(overlays, "chip", noted)
    small.viewport.repaint()
    hint = painted[small.viewport.hint]
    assert not [key for key in ("In front", "In focus", "Behind") if painted[key].intersects(hint)]
