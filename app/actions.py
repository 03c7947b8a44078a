"""One table of everything the window can be told to do. It feeds menus, shortcuts, tool bar and the list of keys."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QMainWindow

from app.icons import icon


@dataclass(frozen=True)
class Row:
    """One action.

    Attributes:
        menu: the menu it is in.
        text: its name; "&" marks the menu's own key.
        keys: its shortcuts, the first of which is shown.
        slot: dotted name of a method, from the window on; the key of the action, too. Checkable ones get a bool.
        checkable: keeps a state.
        group: of checkable ones in a group exactly one is on.
        icon: name of a drawing in assets/icons.
        ends_section: a line follows in the menu.
    """

    menu: str
    text: str
    keys: tuple[str, ...]
    slot: str
    checkable: bool = False
    group: str = ""
    icon: str = ""
    ends_section: bool = False


TABLE = (
    Row("&File", "&Open…", ("Ctrl+O",), "document.ask_what_to_open", icon="open"),
    Row("&File", "Open &KITTI folder…", ("Ctrl+Shift+O",), "document.ask_for_folder"),
    Row("&File", "Open &video…", (), "document.ask_for_video"),
    Row("&File", "Open the &demo", (), "document.open_demo", ends_section=True),
    Row("&File", "&Save", ("Ctrl+S",), "document.save", icon="save"),
    Row("&File", "Save &as…", ("Ctrl+Shift+S",), "document.save_as", ends_section=True),
    Row("&File", "&Export…", ("Ctrl+E",), "show_export", icon="export"),
    Row("&File", "Export this &frame as PNG…", ("Ctrl+Shift+E",), "document.ask_for_frame_file", ends_section=True),
    Row("&File", "&Quit", ("Ctrl+Q",), "close"),
    Row("&Edit", "&Undo", ("Ctrl+Z",), "document.undo", icon="undo"),
    Row("&Edit", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "document.redo", icon="redo", ends_section=True),
    Row("&Edit", "&Let go of the focus", ("Esc",), "escape"),
    Row("&Edit", "Follow before this &point, too", ("Ctrl+B",), "focusing.follow_back"),
    Row("&Edit", "&Accept the machine's choice", ("A",), "focusing.accept"),
    Row("&Edit", "&Delete focus point", ("Delete", "Backspace"), "focusing.delete_point", ends_section=True),
    Row("&Edit", "Aperture one step &wider", ("]",), "inspector.open_aperture"),
    Row("&Edit", "Aperture one step &narrower", ("[",), "inspector.close_aperture"),
    Row("&View", "&Refocused", ("R",), "views.refocused", True, "view"),
    Row("&View", "&Original", ("Shift+B",), "views.original", True, "view"),
    Row("&View", "&Wipe between them", ("W",), "views.wipe", True, "view"),
    Row("&View", "&Disparity", ("D",), "views.disparity", True, "view"),
    Row("&View", "&Focal plane", ("F",), "views.focal_plane", True, "view", ends_section=True),
    Row("&View", "Colour-&blind-safe colours", (), "views.set_safe_colours", True, ends_section=True),
    Row("&View", "F&it", ("0",), "viewport.fit"),
    Row("&View", "One &to one", ("1",), "viewport.actual_size"),
    Row("&View", "F&ull screen", ("F11",), "set_full_screen", True),
    Row("&Playback", "&Play or pause", ("Space",), "player.toggle", icon="play"),
    Row("&Playback", "Play &forward, again: faster", ("L",), "player.forward"),
    Row("&Playback", "Pa&use", ("K",), "player.pause"),
    Row("&Playback", "Play &backward, again: faster", ("J",), "player.backward", ends_section=True),
    Row("&Playback", "Next frame", ("Right",), "player.next_frame", icon="next"),
    Row("&Playback", "Previous frame", ("Left",), "player.previous_frame", icon="previous"),
    Row("&Playback", "Ten frames on", ("Shift+Right",), "player.ten_on"),
    Row("&Playback", "Ten frames back", ("Shift+Left",), "player.ten_back"),
    Row("&Playback", "First frame", ("Home",), "player.first_frame", icon="first"),
    Row("&Playback", "Last frame", ("End",), "player.last_frame", icon="last"),
    Row("&Playback", "Previous focus point", ("Up",), "player.previous_point"),
    Row("&Playback", "Next focus point", ("Down",), "player.next_point"),
    Row("&Playback", "Last &good frame", ("G",), "player.last_good_frame", ends_section=True),
    Row("&Playback", "Set &in point here", ("I",), "focusing.set_in"),
    Row("&Playback", "Set &out point here", ("O",), "focusing.set_out"),
    Row("&Playback", "Clear the &range", ("Shift+I",), "focusing.clear_range", ends_section=True),
    Row("&Playback", "Show &every frame (else real time)", ("E",), "player.set_every_frame", True),
    Row("&Playback", "&Loop", ("Ctrl+L",), "player.set_loop", True),
    Row("&Camera", "&Open a camera…", ("Ctrl+Shift+K",), "camera_panel.offer", icon="camera"),
    Row("&Camera", "&Calibrate it…", (), "live.calibration.start"),
    Row("&Camera", "&Record, or stop", ("Ctrl+R",), "live.recording.toggle"),
    Row("&Help", "All &keys", ("?",), "show_keys", icon="keys"),
)

HAND = (
    ("Click", "focus on what is there and follow it"),
    ("Drag", "draw the box to follow"),
    ("Double-click", "lock: follow it to the end, whatever was decided for later"),
    ("Shift+click", "hold this distance"),
    ("Wheel", "zoom at the pointer"),
    ("Middle drag", "move the picture"),
    ("B, held", "see the original"),
)
"""What mouse and held keys do: not actions, but part of the list of keys."""


class Actions:
    """The table made into Qt actions of a window; `actions["player.toggle"]` is one of them."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._by_slot: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        for row in TABLE:
            action = self._by_slot[row.slot] = QAction(row.text, window, checkable=row.checkable)
            action.setShortcuts([QKeySequence(keys) for keys in row.keys])
            action.setToolTip(_tip(row))
            if row.icon:
                action.setIcon(icon(row.icon))
            if row.group:
                groups.setdefault(row.group, QActionGroup(window)).addAction(action)
            slot = attrgetter(row.slot)(window)
            action.triggered.connect(slot if row.checkable else _without_argument(slot))
            self._menu(row.menu).addAction(action)
            if row.ends_section:
                self._menu(row.menu).addSeparator()
            window.addAction(action)

    def __getitem__(self, slot: str) -> QAction:
        return self._by_slot[slot]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._by_slot.values())

    def _menu(self, name: str):
        bar = self._window.menuBar()
        for action in bar.actions():
            if action.text() == name:
                return action.menu()
        return bar.addMenu(name)


def plain(text: str) -> str:
    """An action's name without the marks that a menu needs."""
    return text.replace("&", "").rstrip("…")


def _tip(row: Row) -> str:
    keys = QKeySequence(row.keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if row.keys else ""
    return f"{plain(row.text)} ({keys})" if keys else plain(row.text)


def _without_argument(slot):
    return lambda checked=False: slot()
