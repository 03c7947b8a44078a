"""The CSRT tracker, against a patch whose place is known, and against real sequences."""

import importlib
import json
import sys

import cv2
import numpy as np
import pytest

from sterefo_core.errors import TrackerError
from sterefo_core.sources import open_source
from sterefo_core.types import Box, TrackState
from trackers import make_tracker

HEIGHT, WIDTH, SIDE = 120, 240, 32


def blotches(height, width, seed, sigma):
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    return np.clip(128 + 60 * sigma * cv2.GaussianBlur(noise, (0, 0), sigma), 0, 255).astype(np.uint8)


BACKGROUND = blotches(HEIGHT, WIDTH, 1, 3)
PATCH = blotches(SIDE, SIDE, 2, 2)


def picture(x, y):
    """The background with the patch at (x, y), which may lie partly outside."""
    wide = cv2.copyMakeBorder(BACKGROUND, SIDE, SIDE, SIDE, SIDE, cv2.BORDER_REFLECT)
    wide[y + SIDE : y + 2 * SIDE, x + SIDE : x + 2 * SIDE] = PATCH
    return wide[SIDE:-SIDE, SIDE:-SIDE].copy()


def drive(tracker, places):
    """Start on the first place; the tracks of all."""
    first = places[0]
    tracks = [tracker.start(picture(*first), Box(*first, SIDE, SIDE))]
    return tracks + [tracker.update(picture(*place)) for place in places[1:]]


@pytest.fixture
def tracker():
    return make_tracker()


def test_a_moving_patch_is_followed(tracker):
    places = [(20 + 4 * i, 40 + round(15 * np.sin(i / 5))) for i in range(40)]
    tracks = drive(tracker, places)
    assert all(track.state is TrackState.TRACKING for track in tracks)
    assert min(track.box.overlap(Box(*place, SIDE, SIDE)) for track, place in zip(tracks, places, strict=True)) > 0.6
    assert min(track.score for track in tracks) > 0.6


def test_the_first_track_is_the_box_given(tracker):
    track = tracker.start(picture(50, 40), Box(50, 40, SIDE, SIDE))
    assert (track.state, track.box, track.score) == (TrackState.TRACKING, Box(50, 40, SIDE, SIDE), 1.0)


def test_an_object_that_is_gone_is_lost_within_5_frames_and_stays_lost(tracker):
    drive(tracker, [(60 + 3 * i, 40) for i in range(10)])
    empty = [tracker.update(BACKGROUND) for _ in range(5)]
    assert empty[-1].state is TrackState.LOST
    assert all(track.box is None for track in empty if track.state is TrackState.LOST)
    assert tracker.update(picture(87, 40)).state is TrackState.LOST


def test_an_object_that_fades_into_noise_is_lost_within_5_frames(tracker):
    drive(tracker, [(60, 40)] * 5)
    states = [tracker.update(blotches(HEIGHT, WIDTH, 10 + i, 2)).state for i in range(5)]
    assert states[-1] is TrackState.LOST


def test_an_object_hidden_for_two_frames_is_kept(tracker):
    drive(tracker, [(60, 40)] * 10)
    covered = picture(60, 40)
    covered[40 : 40 + SIDE, 60 : 60 + SIDE * 7 // 10] = blotches(SIDE, SIDE * 7 // 10, 7, 3)
    hidden = [tracker.update(covered) for _ in range(2)]
    seen = tracker.update(picture(60, 40))
    assert all(track.state is TrackState.UNCERTAIN for track in hidden)
    assert seen.state is TrackState.TRACKING
    assert seen.box.overlap(Box(60, 40, SIDE, SIDE)) > 0.6


@pytest.mark.parametrize(("start", "step"), [(120, 3), (90, -2)])
def test_an_object_that_leaves_the_picture_is_lost(tracker, start, step):
    """CSRT by itself keeps a box at the border, as sure as before."""
    places = [(start + step * i, 40) for i in range(120 // abs(step))]
    visible = [Box(*place, SIDE, SIDE).clipped(WIDTH, HEIGHT).width / SIDE for place in places]
    states = [track.state for track in drive(tracker, places)]
    assert all(state is TrackState.TRACKING for state, share in zip(states, visible, strict=True) if share > 0.9)
    assert all(state is TrackState.LOST for state, share in zip(states, visible, strict=True) if share < 0.3)


def test_no_box_ever_reaches_out_of_the_picture(tracker):
    for track in drive(tracker, [(WIDTH // 2 + 4 * i, 40) for i in range(30)]):
        if track.box:
            assert track.box == track.box.clipped(WIDTH, HEIGHT)


def test_an_object_that_slowly_changes_its_looks_is_followed(tracker):
    other = blotches(SIDE, SIDE, 9, 2)
    tracker.start(picture(60, 40), Box(60, 40, SIDE, SIDE))
    for share in np.linspace(0, 1, 41):
        image = picture(60, 40)
        image[40 : 40 + SIDE, 60 : 60 + SIDE] = cv2.addWeighted(PATCH, 1 - share, other, share, 0)
        assert tracker.update(image).state is TrackState.TRACKING


def test_a_brighter_picture_is_still_followed(tracker):
    drive(tracker, [(60, 40)] * 3)
    bright = np.clip(picture(62, 40).astype(np.float32) * 1.3, 0, 255).astype(np.uint8)
    assert tracker.update(bright).state is TrackState.TRACKING


def test_a_box_of_fractions_is_rounded_and_one_partly_outside_is_clipped(tracker):
    assert tracker.start(picture(0, 40), Box(-10.4, 40.3, SIDE + 10.2, 31.9)).box == Box(0, 40, 32, 32)


@pytest.mark.parametrize(
    "box",
    [
        Box(300, 40, 30, 30),
        Box(-40, 40, 30, 30),
        Box(50, 40, 3, 30),
        Box(50, 40, 0, 0),
        Box(50, 40, -20, 20),
        Box(WIDTH - 2, 40, 30, 30),
        Box(float("nan"), 40, 30, 30),
        Box(50, 40, float("inf"), 30),
    ],
)
def test_a_box_that_cannot_be_followed_is_refused_with_box_and_picture_named(tracker, box):
    with pytest.raises(TrackerError) as refused:
        tracker.start(BACKGROUND, box)
    text = str(refused.value)
    assert f"{box.x:g},{box.y:g},{box.width:g},{box.height:g}" in text
    assert f"{WIDTH}x{HEIGHT}" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "box", [Box(0, 0, 6, 6), Box(0, 0, WIDTH, HEIGHT), Box(0, 50, WIDTH, 6), Box(50, 0, 6, HEIGHT)]
)
def test_extreme_boxes_are_followed_or_refused_but_never_crash(tracker, box):
    try:
        tracker.start(BACKGROUND, box)
    except TrackerError as refused:
        assert "elongated" in str(refused)
    else:
        assert tracker.update(BACKGROUND).state in (TrackState.TRACKING, TrackState.UNCERTAIN, TrackState.LOST)


def test_nothing_is_followed_before_the_start(tracker):
    assert tracker.update(BACKGROUND).state is TrackState.IDLE


def test_a_lost_tracker_can_be_started_anew(tracker):
    drive(tracker, [(60, 40)] * 3)
    for _ in range(6):
        tracker.update(BACKGROUND)
    assert tracker.start(picture(80, 50), Box(80, 50, SIDE, SIDE)).state is TrackState.TRACKING
    assert tracker.update(picture(82, 50)).state is TrackState.TRACKING


def test_the_same_pictures_give_the_same_tracks():
    places = [(20 + 5 * i, 40) for i in range(15)]
    assert drive(make_tracker(), places) == drive(make_tracker(), places)


def test_an_unknown_tracker_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(TrackerError, match=r'"magic".*csrt'):
        make_tracker("magic")


def test_opencv_without_its_contrib_part_is_refused_with_the_repair(monkeypatch):
    monkeypatch.delattr(cv2, "TrackerCSRT_create")
    monkeypatch.delitem(sys.modules, "trackers.csrt", raising=False)
    with pytest.raises(TrackerError, match=r"pip uninstall -y opencv-python .* && pip install opencv-contrib-python"):
        importlib.import_module("trackers.csrt")


def follow(source, first, box):
    tracker = make_tracker()
    tracks = {first: tracker.start(source.read(first).left, box)}
    return tracks | {i: tracker.update(source.read(i).left) for i in range(first + 1, len(source))}


@pytest.fixture(scope="module")
def kitti_boxes(real_data):
    return json.loads((real_data / "boxes.json").read_text())


def true_boxes(table, sequence, name):
    boxes = next(value for key, value in table.items() if f"sequences/{sequence}" in key)
    return {int(index): Box(*sides) for index, sides in boxes[name].items()}


def test_the_lead_car_is_followed_without_a_false_alarm(real_data, kitti_boxes):
    true = true_boxes(kitti_boxes, 90, "lead_white_car")
    tracks = follow(open_source(real_data / "kitti_odometry/sequences/90"), 0, true[0])
    assert all(track.state is TrackState.TRACKING for track in tracks.values())
    assert min(tracks[i].box.overlap(true[i]) for i in true) > 0.7


def test_an_oncoming_car_that_outgrows_its_box_is_never_another_thing(real_data, kitti_boxes):
    """CSRT cannot follow its growth; what matters is that a box far from the car is not called TRACKING."""
    true = true_boxes(kitti_boxes, 90, "oncoming_blue_car")
    tracks = follow(open_source(real_data / "kitti_odometry/sequences/90"), 0, true[0])
    for i, box in true.items():
        if tracks[i].state is TrackState.TRACKING:
            assert tracks[i].box.overlap(box) > 0.3
    assert tracks[12].state is TrackState.LOST


def test_a_box_that_has_slipped_off_its_object_is_lost_within_5_frames(real_data, kitti_boxes):
    """The parked car grows so fast that CSRT slides onto the street behind it."""
    true = true_boxes(kitti_boxes, 91, "parked_renault")
    tracks = follow(open_source(real_data / "kitti_odometry/sequences/91"), 0, true[0])
    assert tracks[5].state is TrackState.LOST


def test_a_pedestrian_passing_others_is_never_lost(real_data):
    lines = (real_data / "otb_crossing/groundtruth_rect.txt").read_text().split("\n")
    true = [Box(x - 1, y - 1, w, h) for x, y, w, h in (map(float, line.split()) for line in lines if line.strip())]
    paths = sorted((real_data / "otb_crossing/img").iterdir())
    tracker = make_tracker()
    overlaps = []
    for path, box in zip(paths, true, strict=True):
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        track = tracker.update(image) if overlaps else tracker.start(image, box)
        assert track.state is not TrackState.LOST
        overlaps.append(track.box.overlap(box))
    assert np.mean(overlaps) > 0.65
    assert min(overlaps) > 0.4
