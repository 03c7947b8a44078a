"""The panel that opens a camera: which one or two, and how they are to be used. It remembers all but passwords."""

# PyQt6's stubs know no properties as keywords, and say that every event and every parent may be None.
# mypy: disable-error-code="override,call-arg,call-overload,union-attr,attr-defined"
from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from PyQt6.QtCore import QSettings, Qt, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from app.cards import Card, title_line
from sterefo_core.errors import SourceError
from sterefo_core.sources.camera_address import is_url, parse_camera, redacted
from sterefo_core.sources.camera_devices import CameraDevice

LAYOUTS = (("As it looks", "auto"), ("Side by side", "side-by-side"), ("One above the other", "top-bottom"))
USUAL_SIZE = "As the driver likes"
ONE_CAMERA = "None: one camera gives both views"


class CameraPanel(Card):
    """Asks for a camera. `chosen` says its address.

    Args:
        parent: what it lies over.
        settings: where the last choice is kept.
        find: finds the cameras that are plugged in.
    """

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget, settings: QSettings, find: Callable[[], Sequence[CameraDevice]]) -> None:
        super().__init__(parent)
        self._settings, self._find = settings, find
        self._found: Sequence[CameraDevice] = ()
        form = QFormLayout(self)
        form.setContentsMargins(24, 20, 24, 20)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(title_line("Open a camera", self.hide))
        self.first, self.second = (_device_box(name) for name in ("Camera", "Right camera"))
        self.password = QLineEdit(echoMode=QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText("only for a user@ in the address; not kept")
        self.layout_box, self.resolution = QComboBox(), QComboBox(editable=True)
        for name, value in LAYOUTS:
            self.layout_box.addItem(name, value)
        self.exposure = QLineEdit()
        self.exposure.setPlaceholderText("automatic")
        self.swap = QCheckBox("Left and right are the other way round")
        self.message = QLabel(wordWrap=True, objectName="quiet")
        for name, field in (
            ("Camera", self.first),
            ("Right camera", self.second),
            ("Password", self.password),
            ("Both views lie", self.layout_box),
            ("Picture size", self.resolution),
            ("Exposure", self.exposure),
        ):
            form.addRow(name, field)
            field.setAccessibleName(name)
        form.addRow("", self.swap)
        form.addRow(self.message)
        form.addRow(self._buttons())
        for box in (self.first, self.second):
            box.currentTextChanged.connect(self._offer_what_fits)

    def offer(self) -> None:
        """Show it with the cameras that are there and the last choice."""
        self.look()
        self._recall()
        self.message.clear()
        self.appear()
        self.first.setFocus()

    def look(self) -> None:
        """Look again which cameras are there."""
        self._found = found = self._find()
        for box, none in ((self.first, ()), (self.second, (("", ONE_CAMERA),))):
            typed = box.currentText()
            box.clear()
            for device, name in (*none, *((camera.device, f"{camera.name} ({camera.device})") for camera in found)):
                box.addItem(name, device)
            box.setCurrentText(typed or (none[0][1] if none else box.itemText(0)))
        self.first.lineEdit().setPlaceholderText(
            "rtsp://, http:// or a device" if found else "no device found: type a URL"
        )

    @property
    def address(self) -> str:
        """What is asked for. Raises SourceError where it makes no sense."""
        devices = [device for box in (self.first, self.second) if (device := _device(box))]
        chosen = (
            ("layout", self.layout_box, self.layout_box.currentData(), "auto"),
            ("size", self.resolution, self.resolution.currentText().strip(), USUAL_SIZE),
            ("exposure", self.exposure, self.exposure.text().strip(), ""),
        )
        options = [
            f"{name}={value}" for name, field, value, usual in chosen if field.isEnabled() and value not in ("", usual)
        ]
        options += ["swap"] * self.swap.isChecked()
        address = "camera:" + ",".join(self._with_password(device) for device in devices)
        address += "#" * bool(options) + "&".join(options)
        parse_camera(address)
        return address

    def _with_password(self, device: str) -> str:
        password = self.password.text()
        scheme, slashes, rest = device.partition("://")
        user, at, host = rest.partition("@")
        if not (password and is_url(device) and at) or ":" in user:
            return device
        return f"{scheme}{slashes}{user}:{quote(password, safe='')}@{host}"

    def _open(self) -> None:
        try:
            address = self.address
        except SourceError as error:
            self.message.setText(str(error))
            self.appear()
            return
        self._remember()
        self.password.clear()
        self.hide()
        self.chosen.emit(address)

    def _offer_what_fits(self) -> None:
        """A stream's picture is chosen on the camera's own page, and two cameras have no layout."""
        devices = [device for box in (self.first, self.second) if (device := _device(box))]
        self.layout_box.setEnabled(len(devices) < 2)
        for field in (self.resolution, self.exposure):
            field.setEnabled(not all(is_url(device) for device in devices))
        self.password.setEnabled(any(is_url(device) for device in devices))
        self._offer_sizes(devices)

    def _offer_sizes(self, devices: list[str]) -> None:
        sizes = next((camera.sizes for camera in self._found if camera.device in devices[:1]), ())
        chosen = self.resolution.currentText()
        self.resolution.clear()
        self.resolution.addItems([USUAL_SIZE, *("{}x{}".format(*size) for size in sizes)])
        self.resolution.setCurrentText(chosen or USUAL_SIZE)

    def _remember(self) -> None:
        for name, text in (
            ("first", redacted(_device(self.first))),
            ("second", redacted(_device(self.second))),
            ("layout", self.layout_box.currentData()),
            ("size", self.resolution.currentText()),
            ("exposure", self.exposure.text()),
            ("swap", self.swap.isChecked()),
        ):
            self._settings.setValue(f"camera/{name}", text)

    def _recall(self) -> None:
        def kept(name: str, kind: type = str):
            return self._settings.value(f"camera/{name}", kind(), type=kind)

        for box, device in ((self.first, kept("first")), (self.second, kept("second"))):
            if device:
                at = box.findData(device)
                box.setCurrentText(device) if at < 0 else box.setCurrentIndex(at)
        self.layout_box.setCurrentIndex(max(self.layout_box.findData(kept("layout")), 0))
        self.resolution.setCurrentText(kept("size") or USUAL_SIZE)
        self.exposure.setText(kept("exposure"))
        self.swap.setChecked(kept("swap", bool))
        self._offer_what_fits()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        look = QPushButton("Look again")
        look.clicked.connect(self.look)
        self.open_button = QPushButton("Open", objectName="primary")
        self.open_button.setDefault(True)
        self.open_button.clicked.connect(self._open)
        self.first.lineEdit().returnPressed.connect(self._open)
        row.addWidget(look)
        row.addStretch(1)
        row.addWidget(self.open_button)
        return row


def _device_box(name: str) -> QComboBox:
    box = QComboBox(editable=True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setMinimumWidth(300)
    box.setAccessibleName(name)
    return box


def _device(box: QComboBox) -> str:
    """The device chosen from the list, or what was typed."""
    at = box.findText(box.currentText())
    return box.currentText().strip().removeprefix("camera:") if at < 0 else box.itemData(at)
