"""The inspector: every setting as a row with a slider and a number, built from the table of settings."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import settings_table
from app.number_row import NumberRow
from app.preview import Preview
from app.preview_state import AUTOMATIC, SourceFacts
from app.session import Session
from app.settings_table import Number
from sterefo_core.depth import ENGINES

SCALES = (("Automatic", AUTOMATIC), ("Full size", 1.0), ("Half", 0.5), ("Quarter", 0.25))
SUBJECTS = (("Your choice", False), ("The machine's until yours", True))
FOLLOWERS = (
    ("Looks and distance", "stereo"),
    ("CSRT that checks itself", "csrt"),
    ("CSRT", "opencv-csrt"),
    ("KCF", "kcf"),
    ("MIL", "mil"),
    ("MedianFlow", "medianflow"),
    ("MOSSE", "mosse"),
)
STEADY = (("Averaged over frames", True), ("Every frame by itself", False))
DEVICES = (("Automatic", "auto"), ("CPU", "cpu"), ("CUDA", "cuda"))
ENGINE_NAMES = {
    "sgm": "Semi-global, half size",
    "sgm-full": "Semi-global, full size",
    "net": "Network, full size",
    "net-half": "Network, half size",
    "guided": "Network guided by semi-global",
    "net-aperture": "Network trained by its blur",
    "net-volume": "Network, blurs its volume",
    "net-volume-refinement": "Network, blurs its refined volume",
    "net-blur-refinement": "Network, refines its blur",
}


class Inspector(QWidget):
    """Edits the session's lens and focus, and how the preview looks."""

    def __init__(self, preview: Preview, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preview = preview
        self._session: Session | None = None
        self._facts: SourceFacts | None = None
        self.rows: list[NumberRow] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 12, 16, 16)
        self._layout.setSpacing(6)
        self._build()

    def show_session(self, session: Session) -> None:
        """Edit this session from now on."""
        self._session = session
        self.refresh()

    def show_source(self, facts: SourceFacts | None) -> None:
        """Offer what the source's calibration allows."""
        if facts != self._facts:
            self._facts = facts
            self._build()
            self.refresh()

    def refresh(self) -> None:
        """Show the project's values."""
        if self._session is None:
            return
        project = self._session.project
        for row in self.rows:
            row.show_value(row.number.read(project))
        width = self._facts.size[0] if self._facts else 1
        self.rows[0].note.setText(settings_table.f_number(project, self._calibration, width))
        _select(self._engine, project.depth)
        _select(self._subject, project.automatic)
        _select(self._tracker, project.tracker)
        _select(self._steady, project.steady_depth)

    def open_aperture(self) -> None:
        """A third of a stop wider."""
        self._step_aperture(1)

    def close_aperture(self) -> None:
        """A third of a stop narrower."""
        self._step_aperture(-1)

    @property
    def _calibration(self):
        return self._facts.calibration if self._facts else None

    def _step_aperture(self, steps: int) -> None:
        if self._session:
            project = settings_table.next_aperture(self._session.project, self._calibration, steps)
            self._session.edit("Aperture", project)

    def _build(self) -> None:
        while item := self._layout.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        self.rows, section = [], ""
        for number in settings_table.numbers(self._calibration):
            if number.section != section:
                section = number.section
                self._layout.addWidget(_heading(section))
            row = NumberRow(number)
            row.changed.connect(self._edit)
            row.reset.connect(self._reset)
            self.rows.append(row)
            self._layout.addWidget(row)
        self._subject = self._choice("Subject", SUBJECTS, "Who chooses what is in focus.", self._change("automatic"))
        self._tracker = self._choice("Followed by", FOLLOWERS, "How it is found again.", self._change("tracker"))
        self._layout.addWidget(_heading("Depth"))
        self._engine = self._choice("Engine", _engines(), "How distances are found.", self._change("depth"))
        self._steady = self._choice("In time", STEADY, "Averaging takes out flicker.", self._change("steady_depth"))
        self._layout.addWidget(_heading("Preview"))
        look = self._preview.wish.look
        scale = self._choice(
            "Refocus at", SCALES,
            "Smaller is quicker. Automatic: full size, but smaller while playing is late. Exports are of full size.",
            lambda value: self._preview.look(scale=value),
        )  # fmt: skip
        _select(scale, look.scale)
        device = self._choice(
            "Compute on", DEVICES, "Where depth and blur are computed.", lambda value: self._preview.look(device=value)
        )
        _select(device, look.device)
        self._layout.addStretch(1)

    def _choice(self, name: str, choices, tip: str, chosen: Callable) -> QComboBox:
        line, box = QWidget(), QComboBox()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        label = QLabel(name)
        label.setBuddy(box)
        for text, value in choices:
            box.addItem(text, value)
        box.setToolTip(tip)
        box.setAccessibleName(name)
        box.activated.connect(lambda index: chosen(box.itemData(index)))
        row.addWidget(label)
        row.addStretch(1)
        row.addWidget(box)
        self._layout.addWidget(line)
        return box

    def _edit(self, number: Number, value: float, gesture: object) -> None:
        if self._session:
            self._session.edit(number.name, number.write(self._session.project, value), gesture)

    def _reset(self, number: Number) -> None:
        if self._session:
            self._session.edit(f"Reset {number.name.lower()}", number.reset(self._session.project))

    def _change(self, field: str) -> Callable[[Any], None]:
        """What makes a choice the project's."""

        def change(value: Any) -> None:
            if self._session:
                self._session.edit(f"Choose {field}", replace(self._session.project, **{field: value}))

        return change


def _engines() -> list[tuple[str, str]]:
    return [(ENGINE_NAMES.get(name, name), name) for name in ENGINES]


def _heading(text: str) -> QLabel:
    return QLabel(text.upper(), objectName="heading")


def _select(box: QComboBox, value: object) -> None:
    box.setCurrentIndex(box.findData(value))
