"""Files and faults in the real window: save, reopen, ask, drop, export, cancel, close in the middle."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event, Semaphore

import cv2
import numpy as np
import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QPainter
from PyQt6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox, QPushButton

from app import timeline
from app.export_job import ExportJob
from app.preview_state import Phase, Seen
from app.session import Session
from app.timeline import marks
from app.workshop import Workshop
from sterefo_core.errors import SterefoError
from sterefo_core.export import ExportSettings, export
from sterefo_core.project import Project
from sterefo_core.project_file import load_project, save_project
from sterefo_core.sources.synthetic import SyntheticSource
from tests.app.hand import CTRL, NONE, SHIFT, Key
from tests.app.small_parts import SmallRenderer, SmallSource, small_workshop, square
from tests.moving_square import FOLLOW, make_sequence

TOP = Path(__file__).resolve().parents[2]


def hold_here(hand):
    hand.click(100, 10, SHIFT)


def test_the_title_says_whether_there_are_unsaved_edits(hand, tmp_path):
    assert not hand.window.isWindowModified()
    hold_here(hand)
    assert hand.window.isWindowModified()
    hand.window.document.session.save(tmp_path / "mine.sterefo.json")
    assert not hand.window.isWindowModified()
    assert hand.window.windowTitle().startswith("mine[*]")


def test_a_saved_project_shows_the_same_picture_when_it_is_opened_again(hand, tmp_path):
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    hand.pause_at(17)
    before, project = hand.state.plate.refocused.copy(), hand.project
    path = tmp_path / "again.sterefo.json"
    hand.window.document.session.save(path)
    hand.window.document.open(str(path))
    hand.wait(lambda: hand.window.document.session.path == path and hand.arrived(0))
    hand.pause_at(17)
    assert hand.project == project
    assert np.array_equal(hand.state.plate.refocused, before)


def question(hand):
    hand.wait(lambda: hand.window.findChildren(QMessageBox))
    return hand.window.findChildren(QMessageBox)[-1]


def test_closing_with_unsaved_edits_asks_and_cancel_keeps_the_window(hand):
    hold_here(hand)
    hand.window.close()
    question(hand).button(QMessageBox.StandardButton.Cancel).click()
    assert hand.window.isVisible()
    assert hand.window.isWindowModified()


def test_closing_with_unsaved_edits_can_discard_them(open_window):
    hand = open_window()
    hand.pause_at(0)
    hold_here(hand)
    hand.window.close()
    question(hand).button(QMessageBox.StandardButton.Discard).click()
    hand.wait(lambda: not hand.window.isVisible())


def test_closing_with_unsaved_edits_can_save_them(hand, tmp_path):
    path = tmp_path / "kept.sterefo.json"
    hand.window.document.session.save(path)
    hold_here(hand)
    hand.window.close()
    question(hand).button(QMessageBox.StandardButton.Save).click()
    hand.wait(lambda: not hand.window.isVisible())
    assert load_project(path) == hand.project


def test_the_first_save_asks_for_a_file(hand, tmp_path):
    hold_here(hand)
    hand.key(Key.Key_S, CTRL)
    (dialog,) = hand.window.findChildren(QFileDialog)
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(tmp_path / "first"))
    dialog.accept()
    assert load_project(tmp_path / "first.sterefo.json") == hand.project
    assert not hand.window.isWindowModified()


def test_a_device_that_is_not_there_is_said_and_another_can_be_chosen(open_window):
    def renderer(device):
        if device == "cuda":
            raise SterefoError("no CUDA device was found")
        return SmallRenderer()

    hand = open_window(workshop=replace(small_workshop(), make_renderer=renderer))
    hand.window.preview.look(device="cuda")
    hand.wait(hand.window.banner.isVisible)
    assert hand.window.banner.text.text() == "no CUDA device was found"
    hand.window.preview.look(device="cpu")
    hand.wait(lambda: not hand.window.banner.isVisible())
    hand.pause_at(5)


def test_recents_and_geometry_are_remembered(open_window, tmp_path):
    first = open_window()
    project = tmp_path / "mine.sterefo.json"
    first.window.document.session.path = project
    first.key(Key.Key_S, CTRL)
    first.window.resize(780, 540)
    size = first.window.size()
    first.window.close()
    second = open_window(address=None)
    assert second.window.document.recents[0] == str(project)
    assert second.window.size() == size


def test_a_dropped_project_is_opened(hand, tmp_path):
    path = tmp_path / "dropped.sterefo.json"
    save_project(Project(source="small", transition_s=1.25), path)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    button = Qt.MouseButton.LeftButton
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(hand.window, QDragEnterEvent(QPoint(50, 50), copy, data, button, NONE))
    QApplication.sendEvent(hand.window, QDropEvent(QPointF(50, 50), copy, data, button, NONE))
    assert hand.project.transition_s == 1.25


def test_a_source_that_cannot_be_opened_is_said_and_ways_to_open_another_are_offered(open_window, tmp_path):
    hand = open_window(address=None, workshop=Workshop())
    hand.window.document.open(str(tmp_path / "absent"))
    hand.wait(lambda: hand.state.phase is Phase.FAILED)
    assert hand.window.banner.isVisible()
    assert "does not exist" in hand.window.banner.text.text()
    assert hand.window.open_panel.isVisible()


def test_a_source_that_fails_in_the_middle_says_so_and_the_window_lives(open_window):
    hand = open_window(workshop=small_workshop(bad=12))
    hand.wait(lambda: hand.state.failure)
    assert "frame012.png" in hand.window.banner.text.text()
    assert hand.window.banner.isVisible()
    assert hand.state.plate is not None
    hand.pause_at(3)
    assert not hand.window.banner.isVisible()


def test_what_is_computed_and_where_the_object_was_lost_is_told_to_the_timeline(open_window):
    class Vanishing(SmallSource):
        def read(self, index):
            frame = super().read(index)
            return replace(frame, left=np.zeros_like(frame.left)) if index >= 5 else frame

    hand = open_window(workshop=replace(small_workshop(), open_source=lambda project: Vanishing()))
    hand.pause_at(0)
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    hand.pause_at(6)
    assert hand.state.seen[0] is Seen.TRACKING
    assert hand.state.seen[6] is Seen.LOST
    hand.key(Key.Key_G)
    hand.wait_at(4)


def test_the_timelines_ruler_marks_the_first_frame_of_every_tick_that_has_any():
    steady = tuple(index / 25 for index in range(60))
    assert [*marks(steady, 1)] == [(0, 0), (25, 1), (50, 2)]
    assert [*marks(tuple(index * 0.1 for index in range(13)), 0.5)] == [(0, 0), (5, 0.5), (10, 1)]  # 0.1 is not exact
    assert [*marks((3.2, 3.7, 9.5, 10.0), 2)] == [(0, 2), (2, 8), (3, 10)]
    assert [*marks((), 1)] == []


def export_and_wait(hand, target, codec="ffv1"):
    hand.key(Key.Key_E, CTRL)
    panel = hand.window.export_panel
    panel.codec.setCurrentText(codec)
    panel.target.setText(str(target))
    panel.start.click()
    hand.wait(lambda: not hand.window.exports.running)
    return panel


def test_the_timelines_labels_never_lie_over_each_other(hand, monkeypatch):
    ends = []

    class Noted(QPainter):
        def drawText(self, where, text):  # noqa: N802
            ends.append((where.x(), where.x() + self.fontMetrics().horizontalAdvance(text)))
            super().drawText(where, text)

    monkeypatch.setattr(timeline, "QPainter", Noted)
    hand.timeline.show_source([0.1 * frame for frame in range(30)] + [float(second) for second in range(3, 13)])
    for width in range(300, 2300, 100):
        ends.clear()
        hand.timeline.resize(width, hand.timeline.height())
        hand.timeline.grab()
        assert len(ends) > 1 and all(left[1] <= right[0] for left, right in pairwise(ends))


def test_an_export_from_the_window_is_byte_for_byte_that_of_the_saved_project(hand, tmp_path):
    hand.click(*square(0).centre)
    hand.wait(lambda: hand.project.decisions)
    hand.pause_at(9)
    hand.key(Key.Key_O)
    panel = export_and_wait(hand, tmp_path / "window.mkv")
    assert panel.message.text() == "Written: window.mkv, 10 frames"
    save_project(hand.project, tmp_path / "saved.sterefo.json")
    project, workshop = load_project(tmp_path / "saved.sterefo.json"), small_workshop()
    source = workshop.open_source(project)
    with workshop.make_pipeline(source, project, "cpu", SmallRenderer()) as pipeline:
        export(source, project, pipeline, ExportSettings(tmp_path / "line.mkv", "ffv1"))
    assert (tmp_path / "window.mkv").read_bytes() == (tmp_path / "line.mkv").read_bytes()


def test_an_export_from_the_window_is_byte_for_byte_that_of_the_command(open_window, tmp_path):
    hand = open_window(str(make_sequence(tmp_path / "sequences" / "07")), Workshop())
    hand.pause_at(0)
    hand.window.document.session.edit("Follow", hand.project.with_decision(FOLLOW))
    export_and_wait(hand, tmp_path / "window.mkv")
    save_project(hand.project, tmp_path / "saved.sterefo.json")
    command = ["run_app.py", "export", tmp_path / "saved.sterefo.json", "--codec", "ffv1", "-o", tmp_path / "line.mkv"]
    subprocess.run([sys.executable, *command], cwd=TOP, capture_output=True, check=True)
    assert (tmp_path / "window.mkv").read_bytes() == (tmp_path / "line.mkv").read_bytes()


def test_an_export_that_cannot_be_written_says_why(hand, tmp_path):
    panel = export_and_wait(hand, tmp_path / "absent" / "x.mkv")
    assert "create it" in panel.message.text()


def slow_export(open_window):
    """A hand on a window whose renderer waits, in exports, for as long as the test likes."""
    gate = Event()

    class Waiting(SmallRenderer):
        def render(self, *given):
            gate.wait(60)
            return super().render(*given)

    parts = small_workshop()
    hand = open_window(workshop=parts)
    hand.pause_at(0)
    hold_here(hand)
    hand.wait_for_project()
    hand.window.exports._workshop = replace(parts, make_renderer=lambda device: Waiting())
    return hand, gate


def test_a_cancelled_export_leaves_nothing_behind(open_window, tmp_path):
    hand, gate = slow_export(open_window)
    start_export(hand, tmp_path / "never.mkv")
    hand.window.export_panel.cancel.click()
    gate.set()
    hand.wait(lambda: not hand.window.exports.running)
    assert hand.window.export_panel.message.text() == "Cancelled: nothing was written"
    assert not list(tmp_path.glob("never*"))


def start_export(hand, target):
    hand.key(Key.Key_E, CTRL)
    panel = hand.window.export_panel
    panel.codec.setCurrentText("ffv1")
    panel.target.setText(str(target))
    panel.start.click()
    hand.wait(lambda: "0 of 60" in panel.message.text())


def test_the_preview_pauses_while_an_export_runs(open_window, tmp_path):
    hand, gate = slow_export(open_window)
    start_export(hand, tmp_path / "never.mkv")
    assert hand.window.preview.wish.suspended
    hand.window.export_panel.cancel.click()
    gate.set()
    hand.wait(lambda: not hand.window.exports.running)
    assert not hand.window.preview.wish.suspended


def test_closing_during_an_export_leaves_no_file_and_no_thread(open_window, tmp_path, monkeypatch):
    hand, gate = slow_export(open_window)
    start_export(hand, tmp_path / "never.mkv")
    hand.window.document.session = Session(hand.project)
    cancel = ExportJob.cancel
    monkeypatch.setattr(ExportJob, "cancel", lambda job: (cancel(job), gate.set()))
    hand.window.close()
    assert not list(tmp_path.glob("never*"))


def test_one_frame_is_exported_as_png_exactly_as_in_the_whole(hand, tmp_path):
    hold_here(hand)
    hand.pause_at(20)
    hand.window.exports.export_frame(tmp_path / "frame.png")
    hand.wait(lambda: not hand.window.exports.running)
    written = cv2.cvtColor(cv2.imread(str(tmp_path / "frame.png")), cv2.COLOR_BGR2RGB)
    assert np.array_equal(written, hand.done.image)


def test_an_open_panel_offers_every_way(open_window):
    hand = open_window(address=None)
    hand.key(Key.Key_O, CTRL)
    assert hand.window.open_panel.isVisible()
    texts = {button.text().strip() for button in hand.window.open_panel.findChildren(QPushButton)}
    assert {"KITTI folder…", "Video or project…", "Camera…"} <= texts


def test_one_drag_of_a_slider_is_one_undo_step_and_a_double_click_resets(hand):
    row = hand.window.inspector.rows[0]
    before = hand.project
    middle = row.slider.height() // 2
    hand.drag(row.slider, QPoint(row.slider.width() // 2, middle), QPoint(row.slider.width() - 8, middle))
    assert hand.project.aperture_mm > 300
    hand.key(Key.Key_Z, CTRL)
    assert hand.project == before
    hand.key(Key.Key_BracketRight)
    row.slider.double_clicked.emit()
    assert hand.project.resolved_lens(hand.state.source.calibration).aperture == pytest.approx(0.15)


def test_a_click_on_the_moving_car_of_the_demo_is_followed_for_sixty_frames(open_window):
    demo = SyntheticSource()
    hand = open_window("demo", Workshop())
    hand.window.preview.look(scale=0.25)
    hand.pause_at(0)
    hand.click(*true_boxes(demo, 0)["car"].centre)
    hand.wait(lambda: hand.project.decisions)
    for index in range(0, 61, 12):
        hand.window.player.seek(index)
        hand.wait_at(index)
        boxes = true_boxes(demo, index)
        hidden = boxes["car"].overlap(boxes["pedestrian"]) > 0.1
        assert (hidden and hand.done.track.box is None) or hand.done.track.box.overlap(boxes["car"]) >= 0.5
        if not boxes["car"].overlap(boxes["pedestrian"]):  # where nobody stands before it
            exact = demo.truth(index).disparity.values[boxes["car"].central(0.3).slices()]
            assert abs(hand.done.focus.disparity - np.median(exact)) <= 1


def true_boxes(demo, index):
    return {label.name: label.box for label in demo.truth(index).boxes}


def test_a_slow_painter_always_paints_the_newest_picture(open_window, monkeypatch):
    hand = open_window(workshop=small_workshop(count=200, fps=100))
    published, came, put = [], Semaphore(0), hand.window.preview.states.put
    paint, newest, behind = type(hand.viewport).paintEvent, [], []

    def note(state):
        published.append(state.plate)
        put(state)
        came.release()

    def paint_slowly(viewport, event):
        for _ in range(3):
            assert came.acquire(timeout=60)
        paint(viewport, event)
        newest.append(published[-1])

    def compare():
        behind.append(bool(newest) and newest[-1].captured_s > hand.viewport.plate.captured_s)

    hand.viewport.painted.connect(compare)
    hand.window.preview.states.put = note
    hand.window.preview.play(1.0)
    with monkeypatch.context() as changed:
        changed.setattr(type(hand.viewport), "paintEvent", paint_slowly)
        hand.wait(lambda: len(behind) > 10)
    assert not any(behind)
    assert hand.window.preview.states.overwritten > 0


def resident_mib():
    if not Path("/proc/self/statm").exists():
        return 0
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def test_five_hundred_seeks_and_slider_moves_leave_the_window_right(hand, caplog):
    slider = hand.window.inspector.rows[0].slider
    before = resident_mib()
    for i in range(500):
        hand.window.player.seek((i * 37) % 60, scrubbing=True)
        slider.setValue((i * 7) % slider.maximum())
        QApplication.processEvents()
    hand.pause_at(41)
    hand.wait_for_project()
    assert hand.state.failure is None
    assert not caplog.records
    assert hand.window.document.session.undo_name == "Aperture"
    assert resident_mib() - before < 100
