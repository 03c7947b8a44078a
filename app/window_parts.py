"""How the window is laid out: which widget lies where, and whose signal goes to whom."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QButtonGroup, QHBoxLayout, QScrollArea, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from app.actions import Actions
from app.camera_panel import CameraPanel
from app.cards import Banner, KeysPanel, OpenPanel, SeekCard
from app.export_panel import ExportPanel
from app.inspector import Inspector
from app.live_strip import LiveStrip
from app.session import Session
from app.status import StatusLine
from app.timeline import Timeline
from app.transport import Transport
from app.viewport import Viewport
from app.workshop import Workshop

if TYPE_CHECKING:
    from app.main_window import MainWindow

SIDEBAR_WIDTH = 316
TRANSPORT = (
    "player.first_frame",
    "player.previous_frame",
    "player.toggle",
    "player.next_frame",
    "player.last_frame",
    "player.set_every_frame",
)
VIEWS = (
    ("Refocused", "views.refocused"),
    ("Original", "views.original"),
    ("Wipe", "views.wipe"),
    ("Disparity", "views.disparity"),
    ("Focal plane", "views.focal_plane"),
)


class Sidebar(QWidget):
    """Pages of settings, one of which is shown."""

    def __init__(self) -> None:
        super().__init__(objectName="sidebar")
        self.setFixedWidth(SIDEBAR_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._tabs = QHBoxLayout()
        self._tabs.setContentsMargins(6, 4, 6, 0)
        self._tabs.setSpacing(0)
        self._group = QButtonGroup(self)
        self._stack = QStackedWidget()
        column.addLayout(self._tabs)
        column.addWidget(self._stack, 1)

    def add_page(self, name: str, page: QWidget) -> None:
        """Add a page; the first one is shown."""
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        index = self._stack.addWidget(area)
        tab = QToolButton(text=name, checkable=True, checked=index == 0, objectName="tab")
        tab.clicked.connect(lambda: self._stack.setCurrentIndex(index))
        self._group.addButton(tab, index)
        self._tabs.insertWidget(index, tab)
        if index == 0:
            self._tabs.addStretch(1)

    def show_page(self, name: str) -> None:
        """Show the page of this name."""
        next(tab for tab in self._group.buttons() if tab.text() == name).click()


def build(window: MainWindow, workshop: Workshop) -> None:
    """Make the widgets and lay them out."""
    window.viewport, window.timeline, window.live_strip = Viewport(), Timeline(), LiveStrip()
    window.inspector, window.export_panel = Inspector(window.preview), ExportPanel()
    window.transport, window.status, window.sidebar = Transport(), StatusLine(), Sidebar()
    window.sidebar.add_page("Lens", window.inspector)
    window.sidebar.add_page("Export", window.export_panel)
    window.bar = QWidget(objectName="bar")
    centre = _layout(window)
    window.setCentralWidget(centre)
    window.banner, window.seek_card = Banner(window.viewport), SeekCard(window.viewport)
    window.keys_panel = KeysPanel(centre)
    window.camera_panel = CameraPanel(window.viewport, window.settings, workshop.find_cameras)


def finish(window: MainWindow) -> None:
    """What needs the actions and the document: tool bar, transport, open panel, connections."""
    document, actions = window.document, window.actions_table
    window.camera_panel.chosen.connect(document.open)
    ways = [
        ("KITTI folder…", "folder", document.ask_for_folder),
        ("Video or project…", "video", document.ask_for_video),
        ("Two videos…", "pair", document.ask_for_pair),
        ("Camera…", "camera", window.camera_panel.offer),
        ("The built-in demo", "demo", document.open_demo),
    ]
    window.open_panel = OpenPanel(window.viewport, ways)
    window.open_panel.chosen.connect(document.open)
    actions["player.set_every_frame"].setIconText("Every\nframe")
    window.transport.add([actions[slot] for slot in TRANSPORT], actions["player.toggle"])
    actions["player.set_loop"].setChecked(True)
    actions["views.refocused"].setChecked(True)
    _fill_bar(window)
    window.live.show_source(None)
    viewport, focusing = window.viewport, window.focusing
    viewport.clicked.connect(focusing.follow)
    viewport.locked.connect(focusing.lock)
    viewport.held.connect(focusing.hold)
    viewport.boxed.connect(focusing.follow_box)
    viewport.painted.connect(window.painted)
    window.timeline.sought.connect(window.player.seek)
    window.timeline.ranged.connect(window.exports.set_range)
    window.seek_card.cancelled.connect(window.cancel_seek)


def name_steps(actions: Actions, session: Session) -> None:
    """Say in the menu what undo and redo would do."""
    for slot, verb, step in (
        ("document.undo", "&Undo", session.undo_name),
        ("document.redo", "&Redo", session.redo_name),
    ):
        actions[slot].setEnabled(step is not None)
        actions[slot].setText(f"{verb} {(step or '').lower()}".rstrip())


def _layout(window: MainWindow) -> QWidget:
    centre = QWidget()
    column = QVBoxLayout(centre)
    body = QHBoxLayout()
    bottom = QWidget(objectName="bottom")
    strip = QHBoxLayout(bottom)
    for layout in (column, body, strip):
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
    body.addWidget(window.viewport, 1)
    body.addWidget(window.sidebar)
    strip.addWidget(window.transport)
    strip.addWidget(window.timeline, 1)
    strip.addWidget(window.live_strip, 1)
    window.live_strip.setMinimumHeight(window.timeline.sizeHint().height())
    column.addWidget(window.bar)
    column.addLayout(body, 1)
    column.addWidget(bottom)
    column.addWidget(window.status)
    return centre


def _fill_bar(window: MainWindow) -> None:
    row = QHBoxLayout(window.bar)
    row.setContentsMargins(10, 6, 10, 6)
    row.setSpacing(4)
    actions = window.actions_table
    for slot in ("document.ask_what_to_open", "document.save", "document.undo", "document.redo"):
        row.addWidget(_button(actions[slot]))
    row.addStretch(1)
    for name, slot in VIEWS:
        actions[slot].setIconText(name)
        button = _button(actions[slot])
        button.setObjectName("segment")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        row.addWidget(button)
    row.addStretch(1)
    row.addWidget(_button(actions["show_keys"]))
    row.addWidget(_button(actions["show_export"]))


def _button(action) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
