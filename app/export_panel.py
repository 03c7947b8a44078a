"""The export panel: range, codec, quality, what to write, where; and how far it is."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app import wording
from app.export_job import JobPhase, JobState
from sterefo_core.export import Contents, ExportSettings
from sterefo_core.project import Project
from sterefo_core.video_codecs import CODECS
from sterefo_core.video_writer import CODEC_NAMES, PICTURES

CONTENTS = (("Refocused", Contents.REFOCUSED), ("Side by side", Contents.COMPARISON), ("Disparity", Contents.DISPARITY))


class ExportPanel(QWidget):
    """Gathers what to write; `wanted` says the settings, `ranged` a new range, `cancelled` that it shall stop."""

    wanted = pyqtSignal(ExportSettings)
    ranged = pyqtSignal(int, int)
    cancelled = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._suggest: Callable[[], Path] = lambda: Path("refocused.mp4")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 16)
        layout.setSpacing(10)
        layout.addWidget(QLabel("EXPORT", objectName="heading"))
        layout.addLayout(self._build_form())
        self.start = QPushButton("Export", objectName="primary")
        self.start.clicked.connect(self._want)
        layout.addWidget(self.start)
        self._running = self._build_progress()
        layout.addWidget(self._running)
        layout.addStretch(1)

    def show_project(self, project: Project, count: int, suggest: Callable[[], Path]) -> None:
        """Show the range of a project with so many frames; `suggest` names a file to write to."""
        self._count, self._suggest = count, suggest
        last = count - 1 if project.last_frame is None else project.last_frame
        for box, value in ((self.first, project.first_frame), (self.last, last)):
            box.blockSignals(True)
            box.setRange(0, max(count - 1, 0))
            box.setValue(value)
            box.blockSignals(False)
        self.start.setEnabled(count > 0 and not self._running.isVisibleTo(self))
        if not self.target.isModified():
            self.target.setText(str(self._named(suggest())))

    def show_job(self, state: JobState | None) -> None:
        """Show how far it is; None where nothing was exported yet."""
        self._running.setVisible(state is not None)
        if state is None:
            return
        running = state.phase is JobPhase.RUNNING
        self.start.setEnabled(not running)
        self.cancel.setVisible(running)
        self.reveal.setVisible(state.phase is JobPhase.DONE)
        self.bar.setVisible(state.phase in (JobPhase.RUNNING, JobPhase.DONE))
        self.bar.setRange(0, max(state.total, 1))
        self.bar.setValue(state.done)
        self.message.setText(_words(state))
        self._target_of_job = state.target

    def _build_form(self) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.first, self.last = QSpinBox(), QSpinBox()
        frames = QHBoxLayout()
        for box, name in ((self.first, "First frame"), (self.last, "Last frame")):
            box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            box.setKeyboardTracking(False)
            box.setAccessibleName(name)
            box.valueChanged.connect(self._change_range)
        frames.addWidget(self.first, 1)
        frames.addWidget(QLabel("to"))
        frames.addWidget(self.last, 1)
        form.addRow("Frames", frames)
        frames.setSpacing(8)
        self.codec = QComboBox()
        self.codec.addItems(CODEC_NAMES)
        self.codec.currentTextChanged.connect(self._change_codec)
        form.addRow("Codec", self.codec)
        self.quality = QSpinBox()
        self.quality.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.quality.setToolTip("The codec's constant rate factor: 0 is the best, and the largest file.")
        form.addRow("Quality", self.quality)
        self.contents = QComboBox()
        for name, value in CONTENTS:
            self.contents.addItem(name, value)
        form.addRow("Picture", self.contents)
        self.target = QLineEdit()
        self.target.setAccessibleName("File to write")
        browse = QPushButton("…", objectName="small")
        browse.setToolTip("Choose the file to write")
        browse.clicked.connect(self._browse)
        where = QHBoxLayout()
        where.setSpacing(6)
        where.addWidget(self.target, 1)
        where.addWidget(browse)
        form.addRow("File", where)
        self._change_codec()
        return form

    def _build_progress(self) -> QWidget:
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.message = QLabel(wordWrap=True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.cancelled)
        self.reveal = QPushButton("Show the folder")
        self.reveal.clicked.connect(self._show_folder)
        self._target_of_job = Path()
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 8, 0, 0)
        for widget in (self.bar, self.message, self.cancel, self.reveal):
            column.addWidget(widget)
        box.setVisible(False)
        return box

    def _want(self) -> None:
        quality = self.quality.value() if self.quality.isEnabled() else None
        target = Path(self.target.text()).expanduser()
        self.wanted.emit(ExportSettings(target, self.codec.currentText(), quality, self.contents.currentData()))

    def _change_range(self) -> None:
        self.ranged.emit(min(self.first.value(), self.last.value()), max(self.first.value(), self.last.value()))

    def _change_codec(self) -> None:
        codec = CODECS.get(self.codec.currentText())
        factors = codec.quality if codec else None
        self.quality.setEnabled(factors is not None)
        if factors:
            self.quality.setRange(0, factors[1])
            self.quality.setValue(factors[0])
        if self.target.text():
            self.target.setText(str(self._named(Path(self.target.text()))))

    def _named(self, path: Path) -> Path:
        """The path with an ending that the chosen codec is kept in; pictures go to a folder, which has none."""
        name = self.codec.currentText()
        suffixes = ("",) if name == PICTURES else CODECS[name].suffixes
        return path if path.suffix in suffixes else path.with_suffix(suffixes[0])

    def _browse(self) -> None:
        dialog = QFileDialog(self, "Export to", self.target.text() or str(self._suggest()))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(self._choose)
        dialog.open()

    def _choose(self, path: str) -> None:
        self.target.setText(path)
        self.target.setModified(True)

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._target_of_job.absolute().parent)))


def _words(state: JobState) -> str:
    match state.phase:
        case JobPhase.RUNNING if state.message:
            return state.message
        case JobPhase.RUNNING if not state.total:
            return "Opening…"
        case JobPhase.RUNNING:
            left = (
                "" if state.left_s is None else f"  ·  {state.rate:.1f} fps  ·  {wording.duration(state.left_s)} left"
            )
            return f"Frame {state.done} of {state.total}{left}"
        case JobPhase.DONE:
            return f"Written: {state.target.name}, {state.done} frame{'s' * (state.done != 1)}"
        case JobPhase.CANCELLED:
            return "Cancelled: nothing was written"
        case JobPhase.FAILED:
            return f"Failed: {state.message}"
