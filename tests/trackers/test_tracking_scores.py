"""The scores say what happened, on trackers that do as they are told; the sequences are what they claim to be."""

import json
from contextlib import closing

import numpy as np
import pytest

from sterefo_core.errors import SourceError
from sterefo_core.evaluation.tracking_report import tracking_summary, tracking_table
from sterefo_core.evaluation.tracking_scenes import FRAMES, KINDS, rendered_sequence
from sterefo_core.evaluation.tracking_scores import TrackingScore, evaluate_tracking
from sterefo_core.evaluation.tracking_sequences import (
    Target,
    TrackingSequence,
    drawn_sequence,
    drawn_sequences,
    labelled_sequences,
    otb_sequence,
)
from sterefo_core.sources import open_source
from sterefo_core.types import Box, DisparityMap, StereoFrame, Track, TrackState
from tests.core.kitti_folders import make_odometry
from trackers import make_tracker

PICTURE = np.zeros((100, 200, 3), np.uint8)
LOST = Track(TrackState.LOST)


class FlatDepth:
    def compute(self, frame):
        values = np.full(frame.left.shape[:2], 12.0, np.float32)
        return DisparityMap(values, values > 0)


class Scripted:
    def __init__(self, tracks):
        self._tracks = iter(tracks)

    def start(self, image, box):
        return next(self._tracks)

    def update(self, image):
        return next(self._tracks)


def at(x, y=20):
    return Box(x, y, 40, 40)


def on(x, y=20):
    return Track(TrackState.TRACKING, at(x, y), 1.0)


def score(targets, tracks):
    sequence = TrackingSequence("made up", lambda index: StereoFrame(index, index / 10, PICTURE, PICTURE), targets)
    return evaluate_tracking({"scripted": lambda: Scripted(tracks)}, [sequence], FlatDepth())[0]


def test_a_perfect_tracker_has_perfect_scores():
    done = score(tuple(Target(at(2 * i), 1.0, 12.0) for i in range(6)), [on(2 * i) for i in range(6)])
    assert done.success == pytest.approx(20 / 21)
    assert (done.precision, done.false_alarms, done.focus_error_px, done.jitter_px) == (1.0, 0, 0.0, 0.0)


def test_a_box_that_stays_behind_loses_overlap_then_precision():
    done = score(tuple(Target(at(10 * i), 1.0, 15.0) for i in range(5)), [on(0)] * 5)
    overlaps = np.array([at(0).overlap(at(10 * i)) for i in range(1, 5)])
    assert done.success == pytest.approx((overlaps[:, None] > np.linspace(0, 1, 21)).mean())
    assert done.precision == 0.25
    assert done.jitter_px == pytest.approx(10)
    assert done.focus_error_px == pytest.approx(3)


def test_losing_what_is_seen_is_a_false_alarm_and_scores_no_overlap():
    done = score((Target(at(0), 1.0),) * 5, [on(0), LOST, LOST, on(0), on(0)])
    assert (done.false_alarms, done.seen) == (2, 5)
    assert done.success == pytest.approx(10 / 21)


def test_frames_until_a_loss_is_noticed_and_until_the_object_is_found_again():
    hidden, seen = Target(at(0), 0.0), Target(at(0), 1.0)
    done = score((seen, seen, hidden, hidden, hidden, seen, seen, seen), [*[on(0)] * 4, LOST, LOST, LOST, on(0)])
    assert (done.notices, done.returns, done.false_alarms) == ((2,), (2,), 0)


def test_what_is_never_noticed_or_found_is_said():
    hidden, seen = Target(None, 0.0), Target(at(0), 1.0)
    done = score((seen, hidden, hidden, seen, seen), [on(0), on(0), on(0), on(100), on(100)])
    assert (done.notices, done.returns) == ((None,), (None,))
    assert "0/1" in tracking_table([done])


def test_the_table_has_every_tracker_over_every_sequence():
    done = score((Target(at(0), 1.0),) * 3, [on(0)] * 3)
    lines = tracking_table([done, done]).splitlines()
    assert len(lines) == 4 and lines[-1].startswith("all")


def test_what_is_not_known_is_a_dash():
    done = score((Target(at(0), 1.0),) * 3, [on(0)] * 3)
    assert "nan" not in tracking_table([done]) and " - " in tracking_table([done])


def scored(tracker, sequence, success, milliseconds, *, growth=1.0, alarms=0):
    return TrackingScore(
        tracker, sequence, success, 1.0, alarms, 50, (2, 7), (3, None, 10), None, None, milliseconds, growth
    )


def test_the_summary_compares_overlap_and_cost_with_plain_csrt():
    plain = [scored("opencv-csrt", "far", 0.7, 20.0), scored("opencv-csrt", "near", 0.2, 10.0, growth=4.0)]
    ours = [scored("stereo", "far", 0.6, 22.0), scored("stereo", "near", 0.8, 12.0, growth=4.0, alarms=1)]
    first, second = tracking_summary([*plain, *ours]).splitlines()
    assert first == "opencv-csrt: LOST within 5 frames 2/4, false alarms 0.0 %, back within 10 frames 4/6"
    assert second.startswith("stereo: LOST within 5 frames 2/4, false alarms 1.0 %, back within 10 frames 4/6")
    assert second.endswith("overlap +0.25, +0.60 on 1 approaching, at worst -0.10 on far, 1.15 times plain CSRT's time")


def test_drawn_boxes_are_read_from_a_file_beside_their_folders(tmp_path):
    make_odometry(tmp_path, frames=3)
    boxes = tmp_path / "boxes.json"
    objects = {"car": {"0": [1, 2, 30, 20], "2": [3, 2, 30, 20]}, "once": {"0": [1, 2, 3, 4]}}
    boxes.write_text(json.dumps({"note": "by hand", "sequences/07 (image_2)": objects}))
    (sequence,) = drawn_sequences(boxes)
    assert [target.box for target in sequence.targets] == [Box(1, 2, 30, 20), None, Box(3, 2, 30, 20)]
    assert sequence.read(2).index == 2
    boxes.write_text('{"sequences/07": {"car": {"-1": [1, 2, 30, 20], "2": [3, 2, 30, 20]}}}')
    with pytest.raises(SourceError, match="no frame -1, where car is drawn"):
        next(drawn_sequences(boxes))
    boxes.write_text('{"sequences/07": {"car": 3}}')
    with pytest.raises(SourceError, match="no drawn boxes"):
        next(drawn_sequences(boxes))


@pytest.mark.parametrize("kind", KINDS)
def test_a_rendered_sequence_is_the_same_every_time_and_shows_its_object_first(kind):
    one, other = rendered_sequence(kind, 3), rendered_sequence(kind, 3)
    assert one.targets == other.targets and len(one.targets) == FRAMES
    assert np.array_equal(one.read(20).right, other.read(20).right)
    assert one.targets[0].visible > 0.9 and one.targets[0].box.area > 60
    hidden = [target.visible < 0.05 for target in one.targets]
    assert any(hidden) == (kind != "approach")
    assert hidden[-1] == (kind == "covered")


def test_the_demo_gives_a_sequence_for_each_of_its_objects():
    with closing(open_source("demo")) as source:
        source.truth = lambda index, truth=source.truth: truth(min(index * 30, 120))
        sequences = labelled_sequences(source)
    assert {sequence.name for sequence in sequences} == {"demo pedestrian 1", "demo car 2"}
    assert all(sequence.targets[0].disparity > 3 for sequence in sequences)


def test_boxes_drawn_at_some_frames_make_a_sequence_from_the_first_of_them():
    with closing(open_source("demo")) as source:
        sequence = drawn_sequence("mine", source, {2: at(0), 5: at(9)})
        assert sequence.read(0).index == 2
    assert [target.box for target in sequence.targets[:4]] == [at(0), None, None, at(9)]


def test_an_otb_folder_is_read_with_its_boxes_from_0(real_data):
    sequence = otb_sequence(real_data / "otb_crossing")
    assert len(sequence.targets) == 120 and not sequence.stereo
    assert sequence.targets[0].box == Box(204, 150, 17, 50)
    assert sequence.read(0).left.shape == (240, 360, 3)


def test_a_folder_that_is_no_otb_sequence_is_said(tmp_path):
    with pytest.raises(SourceError, match=r"groundtruth_rect\.txt"):
        otb_sequence(tmp_path)


def test_with_one_eye_the_stereo_tracker_scores_as_csrt(real_data):
    whole = otb_sequence(real_data / "otb_crossing")
    short = TrackingSequence(whole.name, whole.read, whole.targets[:25], stereo=False)
    makers = {name: (lambda name=name: make_tracker(name)) for name in ("csrt", "stereo")}
    csrt, stereo = evaluate_tracking(makers, [short], FlatDepth())
    assert csrt.success == stereo.success and csrt.success > 0.5
