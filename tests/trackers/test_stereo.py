"""The stereo-aided tracker, on drawn scenes of flat things whose disparity is known, and on real sequences."""

import json
from contextlib import closing

import cv2
import numpy as np
import pytest

from sterefo_core.depth import make_depth_engine
from sterefo_core.errors import TrackerError
from sterefo_core.protocols import DepthAidedTracker
from sterefo_core.sources import open_source
from sterefo_core.types import Box, DisparityMap, TrackState
from trackers import TRACKERS, make_tracker
from trackers.looks import Look
from trackers.surface import look_at, repeats_after

WIDTH, HEIGHT = 320, 160
FAR, OBJECT, NEAR = 6.0, 20.0, 40.0


def blotches(height, width, seed, sigma):
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    return np.clip(128 + 60 * sigma * cv2.GaussianBlur(noise, (0, 0), sigma), 0, 255).astype(np.uint8)


BACKGROUND, LOOKS, COVER = blotches(HEIGHT, WIDTH, 1, 3), blotches(120, 120, 2, 6), blotches(HEIGHT, 90, 3, 4)


def scene(*things):
    """Things (looks, box, disparity), far to near, before the background; its picture and its disparity."""
    image, values = BACKGROUND.copy(), np.full((HEIGHT, WIDTH), FAR, np.float32)
    for looks, box, disparity in things:
        texture = cv2.resize(looks, (round(box.width), round(box.height)), interpolation=cv2.INTER_AREA)
        place = np.array([[1.0, 0, box.x], [0, 1, box.y]])
        cv2.warpAffine(texture, place, (WIDTH, HEIGHT), dst=image, borderMode=cv2.BORDER_TRANSPARENT)
        values[box.clipped(WIDTH, HEIGHT).slices()] = disparity
    return image, DisparityMap(values, np.ones(values.shape, bool))


def thing(x, y=60, disparity=OBJECT, side=2.0):
    return LOOKS, Box(x, y, side * disparity, side * disparity), disparity


def drive(scenes, box, tracker=None):
    """Start on the first scene; the tracks of all."""
    tracker = tracker or make_tracker("stereo")
    tracks = []
    for image, disparity in scenes:
        tracker.update(image) if tracks else tracker.start(image, box)
        tracks.append(tracker.refine(image, disparity))
    return tracks


def test_the_box_of_an_approaching_object_grows_with_its_disparity():
    disparities = OBJECT * 0.5 * 1.06 ** np.arange(30)
    boxes = [Box(160 - d, 80 - d, 2 * d, 2 * d) for d in disparities]
    tracks = drive([scene((LOOKS, box, d)) for box, d in zip(boxes, disparities, strict=True)], boxes[0])
    assert min(track.box.overlap(box) for track, box in zip(tracks, boxes, strict=True)) > 0.75
    assert all(track.state is TrackState.TRACKING for track in tracks)


def test_an_object_that_leaves_fast_from_the_first_picture_on_stays_in_its_box():
    disparities = 40.0 * 0.75 ** np.arange(6)
    boxes = [Box(40 + 6 * (40 - d) - d, 80 - d, 2 * d, 2 * d) for d in disparities]
    tracks = drive([scene((LOOKS, box, d)) for box, d in zip(boxes, disparities, strict=True)], boxes[0])
    assert min(track.box.overlap(box) for track, box in zip(tracks, boxes, strict=True)) > 0.6


def passing(cover_at=130, frames=40, step=5):
    places = [20 + step * i for i in range(frames)]
    return places, [scene(thing(x), (COVER, Box(cover_at, 0, 90, HEIGHT), NEAR)) for x in places]


def test_an_object_is_lost_behind_another_one_and_found_again_after_it():
    places, scenes = passing()
    tracks = drive(scenes, thing(places[0])[1])
    hidden = [i for i, x in enumerate(places) if 130 <= x <= 180]
    assert tracks[hidden[0] + 5].state is TrackState.LOST
    assert all(track.box is None for track in tracks if track.state is TrackState.LOST)
    back = hidden[-1] + 40 // 5 + 10
    assert all(
        track.state is TrackState.TRACKING and track.box.overlap(thing(x)[1]) > 0.6
        for track, x in list(zip(tracks, places, strict=True))[back : len(tracks)]
        if x + 40 < WIDTH
    )


def test_a_look_alike_at_another_distance_is_not_taken_for_the_object():
    stays = thing(60, y=70, disparity=12.0)
    places = [20 + 5 * i for i in range(23)]
    scenes = [scene(stays, thing(x), (COVER, Box(130, 0, 90, HEIGHT), NEAR)) for x in (*places, *[130] * 15)]
    tracks = drive(scenes, thing(places[0])[1])
    assert all(track.state is TrackState.LOST for track in tracks[-12:])


def test_an_object_that_vanishes_is_lost_and_its_place_is_not_kept():
    scenes = [scene(thing(100 + i)) for i in range(10)] + [scene()] * 6
    tracks = drive(scenes, thing(100)[1])
    assert all(track.state is TrackState.TRACKING for track in tracks[:10])
    assert tracks[14].state is TrackState.LOST and tracks[14].box is None


def test_an_object_that_leaves_and_comes_back_is_found_again():
    places = [220, *range(230, 340, 10), *[340] * 5, *range(330, 200, -10)]
    tracks = drive([scene(thing(x)) for x in places], thing(places[0])[1])
    gone = places.index(340)
    assert tracks[gone + 4].state is TrackState.LOST
    assert tracks[-1].state is TrackState.TRACKING
    assert tracks[-1].box.overlap(thing(places[-1])[1]) > 0.6


def striped(x, period=8):
    """Stripes at OBJECT, of a width that matching can mistake for `period` px more or less, in a frame of blotches."""
    looks = cv2.resize(LOOKS, (40, 40), interpolation=cv2.INTER_AREA)
    looks[4:36, 2:38] = np.where(np.arange(36) % period < period / 2, 60, 200).astype(np.uint8)[None, :, None]
    return looks, Box(x, 60, 40, 40), OBJECT


def test_stripes_matched_with_their_neighbours_are_neither_lost_nor_resized():
    scenes = [scene(striped(60 + 4 * i)) for i in range(25)]
    for number, (_, disparity) in enumerate(scenes[6:20]):
        disparity.values[disparity.values == OBJECT] += 8 if number % 3 else -8
    tracks = drive(scenes, striped(60)[1])
    assert all(track.state is not TrackState.LOST for track in tracks)
    assert min(track.box.overlap(striped(60 + 4 * i)[1]) for i, track in enumerate(tracks)) > 0.7


def test_stripes_that_are_covered_are_lost_all_the_same():
    scenes = [scene(striped(100 + i)) for i in range(8)]
    scenes += [scene(striped(108), (COVER, Box(90, 0, 90, HEIGHT), NEAR))] * 5
    assert drive(scenes, striped(100)[1])[-1].state is TrackState.LOST


def test_stripes_are_found_again_though_they_are_matched_with_their_neighbours():
    places = [20 + 5 * i for i in range(46)]
    scenes = [scene(striped(x), (COVER, Box(110, 0, 90, HEIGHT), NEAR)) for x in places]
    for _, disparity in scenes[34:]:
        disparity.values[disparity.values == OBJECT] -= 8
    tracks = drive(scenes, striped(20)[1])
    assert tracks[28].state is TrackState.LOST
    assert all(t.box.overlap(striped(x)[1]) > 0.6 for t, x in list(zip(tracks, places, strict=True))[40:])


def test_looks_of_another_contrast_or_colour_are_not_alike():
    looks = cv2.resize(LOOKS, (24, 24), interpolation=cv2.INTER_AREA)
    look = Look(looks, np.ones((24, 24), np.float32))
    paler = np.clip(128 + (looks - 128.0) * 0.2, 0, 255).astype(np.uint8)
    assert look.matched(looks)[0, 0] == pytest.approx(1, abs=1e-4)
    assert look.matched(paler)[0, 0] < 0.6
    assert look.matched(looks - np.minimum(looks, np.array([80, 0, 0], np.uint8)))[0, 0] < 0.6


def test_the_period_of_stripes_is_found_and_other_looks_have_none():
    image = BACKGROUND.copy()
    image[60:100, 100:160] = np.where(np.arange(60) % 7 < 3, 60, 200).astype(np.uint8)[None, :, None]
    assert repeats_after(image, Box(100, 60, 60, 40)) == 7
    assert repeats_after(image, Box(20, 60, 60, 40)) is None
    assert repeats_after(np.full_like(image, 90), Box(100, 60, 60, 40)) is None
    assert repeats_after(image, Box(100, 60, 6, 40)) is None


def test_without_disparity_it_is_csrt():
    places = range(20, 140, 4)
    alone, csrt = make_tracker("stereo"), make_tracker("csrt")
    for tracker in (alone, csrt):
        tracker.start(scene(thing(20))[0], thing(20)[1])
    pictures = [scene(thing(x))[0] for x in places]
    assert [alone.update(picture) for picture in pictures] == [csrt.update(picture) for picture in pictures]


def test_a_distance_that_cannot_be_told_at_the_start_is_told_later():
    scenes = [scene(thing(20 + 4 * i)) for i in range(25)]
    rows, columns = thing(20)[1].central(0.9).slices()
    scenes[0][1].valid[rows, columns.start + 12 :] = False
    scenes[0][1].values[rows, columns.start : columns.start + 12] = FAR
    tracks = drive(scenes, thing(20)[1])
    assert all(track.state is not TrackState.LOST for track in tracks)
    assert tracks[-1].box.overlap(thing(20 + 4 * 24)[1]) > 0.7


def test_what_fills_most_of_the_box_is_the_object_though_the_median_lies_between():
    values = np.full((40, 40), OBJECT, np.float32)
    values[:, :22] = 9.0
    values[:, :14] = 3.0
    assert look_at(DisparityMap(values, values > 0), Box(0, 0, 40, 40)).disparity == OBJECT


def test_where_nothing_is_measured_it_follows_by_looks_alone():
    scenes = [scene(thing(20 + 4 * i)) for i in range(20)]
    blind = [(image, DisparityMap(d.values, np.zeros(d.valid.shape, bool))) for image, d in scenes[8:]]
    tracks = drive([*scenes[:8], *blind], thing(20)[1])
    assert tracks[-1].box.overlap(thing(20 + 4 * 19)[1]) > 0.7


def test_where_everything_measured_is_infinitely_far_it_follows_by_looks_alone():
    scenes = [scene(thing(20 + 4 * i)) for i in range(20)]
    far = [(image, DisparityMap(np.zeros_like(d.values), d.valid)) for image, d in scenes[1:]]
    tracks = drive([scenes[0], *far], thing(20)[1])
    assert tracks[-1].box.overlap(thing(20 + 4 * 19)[1]) > 0.7


def test_two_runs_over_the_same_pictures_are_the_same():
    _, scenes = passing()
    assert drive(scenes, thing(20)[1]) == drive(scenes, thing(20)[1])


def test_a_tracker_can_be_started_again():
    tracker, (_, scenes) = make_tracker("stereo"), passing()
    first = drive(scenes, thing(20)[1], tracker)
    assert drive(scenes, thing(20)[1], tracker) == first


@pytest.mark.parametrize("box", [Box(400, 20, 30, 30), Box(20, 20, 2, 2), Box(20, 20, float("nan"), 9)])
def test_a_box_that_cannot_be_followed_is_said(box):
    with pytest.raises(TrackerError):
        make_tracker("stereo").start(BACKGROUND, box)


@pytest.mark.parametrize("name", TRACKERS)
def test_every_tracker_follows_a_slow_object(name):
    tracker = make_tracker(name)
    scenes = [scene(thing(100 + i)) for i in range(8)]
    tracks = [tracker.start(scenes[0][0], thing(100)[1])]
    for image, disparity in scenes[1:]:
        tracks.append(tracker.update(image))
        if isinstance(tracker, DepthAidedTracker):
            tracks[-1] = tracker.refine(image, disparity)
    assert tracks[-1].box.overlap(thing(107)[1]) > 0.6
    assert isinstance(tracker, DepthAidedTracker) == (name == "stereo")


@pytest.mark.parametrize(
    ("sequence", "colours", "name"), [("91", "image_0", "parked_citroen"), ("90", "image_2", "oncoming_blue_car")]
)
def test_a_car_that_comes_near_stays_in_its_box(real_data, sequence, colours, name):
    labels = json.loads((real_data / "boxes.json").read_text())[f"kitti_odometry/sequences/{sequence} ({colours})"][
        name
    ]
    boxes = {int(index): Box(*map(float, box)) for index, box in labels.items()}
    depth = make_depth_engine("sgm")
    with closing(open_source(str(real_data / "kitti_odometry" / "sequences" / sequence))) as source:
        frames = [source.read(index) for index in range(max(boxes) + 1)]
    tracks = drive([(frame.left, depth.compute(frame)) for frame in frames], boxes[0])
    assert np.mean([tracks[i].box.overlap(box) for i, box in boxes.items() if i]) > 0.6
