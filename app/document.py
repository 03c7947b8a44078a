"""Files: opening, saving, recents, asking before edits are lost. Slots of the actions."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QFileDialog, QMessageBox, QWidget

from app.session import Session
from sterefo_core.errors import SterefoError
from sterefo_core.project import Project
from sterefo_core.project_file import SUFFIX
from sterefo_core.sources import DEMO
from sterefo_core.sources.camera_address import redacted

MOST_RECENTS = 8
VIDEO_FILTER = "Videos (*.mp4 *.mkv *.mov *.avi *.webm *.m4v *.ts);;All files (*)"
PROJECT_FILTER = f"SteReFo projects (*{SUFFIX})"


class Document:
    """The session as a document of the window.

    Args:
        window: parent of the dialogs.
        settings: where recents are kept.
        begin: makes a session the window's own and opens its source.
        fail: shows what went wrong.
        show_open_panel: shows the ways to open something.
        export_frame: writes the shown frame to a file.
    """

    def __init__(
        self,
        window: QWidget,
        settings: QSettings,
        *,
        begin: Callable[[Session], None],
        fail: Callable[[str], None],
        show_open_panel: Callable[[], None],
        export_frame: Callable[[Path], None],
    ) -> None:
        self._window, self._settings, self._begin, self._fail = window, settings, begin, fail
        self.ask_what_to_open = show_open_panel
        self._export_frame = export_frame
        self.session = Session(Project())

    @property
    def recents(self) -> list[str]:
        """Addresses and project files that were opened last, the newest first."""
        return [recent for recent in self._settings.value("recents", [], type=list) if recent]

    def remember(self) -> None:
        """Put what is open at the head of the recents."""
        session = self.session
        address = str(session.path.absolute()) if session.path else _absolute(redacted(session.project.source))
        if address != DEMO:
            others = [recent for recent in self.recents if recent != address]
            kept = [address, *others][:MOST_RECENTS]
            self._settings.setValue("recents", [*kept, ""])  # a list of one would be written as an object of Qt's

    def open(self, address: str) -> None:
        """Open a project file or a source, after asking about unsaved edits."""
        self.unless_edits_are_kept(lambda: self._open_now(address))

    def open_demo(self) -> None:
        """Open the built-in scene."""
        self.open(DEMO)

    def ask_for_folder(self) -> None:
        """Choose a KITTI folder or one with left and right pictures."""
        self._dialog("Open a KITTI folder", QFileDialog.FileMode.Directory, self.open)

    def ask_for_video(self) -> None:
        """Choose a video or a project."""
        dialog = self._dialog("Open a video or a project", QFileDialog.FileMode.ExistingFile, self.open)
        dialog.setNameFilters([*VIDEO_FILTER.split(";;")[:1], PROJECT_FILTER, *VIDEO_FILTER.split(";;")[1:]])

    def ask_for_pair(self) -> None:
        """Choose two videos, the left and the right one."""
        dialog = self._dialog("Open the left and the right video", QFileDialog.FileMode.ExistingFiles, None)
        dialog.setNameFilters(VIDEO_FILTER.split(";;"))
        dialog.filesSelected.connect(lambda paths: self.open(",".join(sorted(paths)[:2])))

    def save(self) -> None:
        """Save to the project's file, or ask for one."""
        if self.session.path is None:
            self.save_as()
        else:
            self._save_to(self.session.path)

    def save_as(self, then: Callable[[], None] = lambda: None) -> None:
        """Ask for a file and save to it."""
        dialog = self._save_dialog("Save the project", f"{self.session.name}{SUFFIX}", PROJECT_FILTER)
        dialog.fileSelected.connect(lambda path: self._save_to(_with_suffix(path, SUFFIX), then))

    def ask_for_frame_file(self) -> None:
        """Ask where the shown frame shall be written."""
        dialog = self._save_dialog("Export this frame", f"{self.session.name}.png", "PNG picture (*.png)")
        dialog.fileSelected.connect(lambda path: self._export_frame(_with_suffix(path, ".png")))

    def undo(self) -> None:
        """One step back."""
        self.session.undo()

    def redo(self) -> None:
        """And forward again."""
        self.session.redo()

    def unless_edits_are_kept(self, then: Callable[[], None]) -> None:
        """Do `then` at once, or after the user said what shall become of unsaved edits; not at all on Cancel."""
        if not self.session.dirty:
            then()
            return
        buttons = QMessageBox.StandardButton
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"Save the changes to “{self.session.name}”?")
        box.setInformativeText("Focus points and lens settings are lost otherwise.")
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)
        box.finished.connect(lambda chosen: self._answered(QMessageBox.StandardButton(chosen), then))
        box.open()

    def _answered(self, chosen: QMessageBox.StandardButton, then: Callable[[], None]) -> None:
        if chosen == QMessageBox.StandardButton.Discard:
            then()
        elif chosen == QMessageBox.StandardButton.Save:
            if self.session.path is None:
                self.save_as(then)
            else:
                self._save_to(self.session.path, then)

    def _open_now(self, address: str) -> None:
        try:
            path = Path(address)
            session = Session.load(path) if address.endswith(SUFFIX) else Session(Project(source=address))
        except SterefoError as error:
            self._fail(str(error))
            return
        self.session = session
        self._begin(session)

    def _save_to(self, path: Path, then: Callable[[], None] = lambda: None) -> None:
        try:
            self.session.save(path)
        except SterefoError as error:
            self._fail(str(error))
            return
        self.remember()
        then()

    def _dialog(self, title: str, mode: QFileDialog.FileMode, chosen: Callable[[str], None] | None) -> QFileDialog:
        dialog = QFileDialog(self._window, title, self._folder())
        dialog.setFileMode(mode)
        if chosen:
            dialog.fileSelected.connect(chosen)
        dialog.open()
        return dialog

    def _save_dialog(self, title: str, name: str, name_filter: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title, str(Path(self._folder()) / name), name_filter)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(name)
        dialog.open()
        return dialog

    def _folder(self) -> str:
        """Where dialogs begin: beside what is open."""
        place = self.session.path or Path(self.session.project.source.split(",")[0])
        return str(place.parent if place.exists() else Path.home())


def _absolute(address: str) -> str:
    parts = [str(Path(part).absolute()) if Path(part).exists() else part for part in address.split(",")]
    return ",".join(parts)


def _with_suffix(path: str, suffix: str) -> Path:
    return Path(path if path.endswith(suffix) else path + suffix)
