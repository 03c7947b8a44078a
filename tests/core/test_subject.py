from contextlib import closing

import numpy as np
import pytest

from sterefo_core.depth import make_depth_engine
from sterefo_core.evaluation.focus_scores import Unrendered
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.sources import open_source
from sterefo_core.sources.synthetic import SyntheticSource
from sterefo_core.subject import LOOK_S, Director, find_candidates
from sterefo_core.types import Box, DisparityMap, Follow, Hold, Release, StereoFrame
from trackers import make_tracker

SIZE = 480, 240
MIDDLE, ASIDE = Box(200, 80, 60, 80), Box(40, 80, 60, 80)


def scene(things, index=0, moved=0):
    """Boxes with their disparities before a wall, on a texture that moves with the last of them."""
    texture = np.random.default_rng(5).integers(0, 255, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    texture = texture.repeat(8, axis=0).repeat(8, axis=1)
    image, values = texture.copy(), np.full((SIZE[1], SIZE[0]), 6.0, np.float32)
    for number, (box, disparity) in enumerate(things):
        rows, columns = box.slices()
        values[rows, columns] = disparity
        shift = moved if number == len(things) - 1 else 0
        image[rows, columns] = np.roll(texture[:, ::-1][rows, columns], shift, axis=1)
    return StereoFrame(index, index / 25, image, image), DisparityMap(values, np.ones(values.shape, bool))


def best(things, beside=None):
    return find_candidates(*scene(things), beside)[0].box


def test_what_stands_out_is_found_where_it_is():
    assert best([(MIDDLE, 30.0)]).overlap(MIDDLE) > 0.8


def test_a_picture_without_anything_that_stands_out_has_no_subject():
    assert find_candidates(*scene([]), None) == []


def test_of_two_things_alike_the_central_one_is_the_subject_and_of_two_places_alike_the_nearer_one():
    assert best([(ASIDE, 30.0), (MIDDLE, 30.0)]).overlap(MIDDLE) > 0.8
    mirrored = Box(SIZE[0] - ASIDE.x - ASIDE.width, ASIDE.y, ASIDE.width, ASIDE.height)
    assert best([(ASIDE, 20.0), (mirrored, 45.0)]).overlap(mirrored) > 0.8


def test_what_moves_against_its_surroundings_is_rather_the_subject():
    other = Box(320, 80, 60, 80)
    still = [(Box(110, 80, 60, 80), 30.0), (Box(20, 90, 40, 70), 20.0), (Box(420, 90, 40, 70), 28.0)]
    things = [*still, (Box(230, 10, 40, 50), 25.0), (other, 30.0)]
    assert best(things).overlap(other) < 0.1
    assert best(things, beside=scene(things, index=1, moved=6)[0]).overlap(other) > 0.8


def on_a_road(*things):
    """Boxes with their disparities before the sky, on a road that is 0.3 px nearer with every row from row 80 on."""
    frame, disparity = scene(things)
    road = np.repeat(np.maximum(0.3 * (np.arange(SIZE[1], dtype=np.float32) - 80), 0.5)[:, None], SIZE[0], axis=1)
    for box, near in things:
        road[box.slices()] = near
    return find_candidates(frame, DisparityMap(road, disparity.valid), None)


def test_rather_than_what_floats_or_is_a_wall_the_subject_is_what_stands_on_the_ground():
    standing, floating, hedge = (
        (Box(80, 100, 40, 60), 24.0),
        (Box(220, 10, 50, 60), 24.0),
        (Box(200, 60, 150, 50), 9.0),
    )
    assert on_a_road(floating, standing)[0].box.overlap(standing[0]) > 0.7
    assert on_a_road(hedge, standing)[0].box.overlap(standing[0]) > 0.7


def test_where_nothing_but_small_scenery_stands_out_there_is_no_subject():
    assert on_a_road((Box(20, 20, 40, 30), 9.0)) == []


def directed(pictures):
    """The frames at which a director decides, for things seen at each of its looks."""
    director = Director(lambda index: index * LOOK_S)
    for index, things in enumerate(pictures):
        assert director.looks(index) == [index]
        director.look(*scene(things, index), None)
    return [decision.frame for decision in director.decisions]


def test_a_subject_is_kept_until_something_else_is_clearly_better_twice_running_or_it_is_gone():
    one, both = [(ASIDE, 30.0)], [(ASIDE, 30.0), (MIDDLE, 30.0)]
    assert directed([one, one, one]) == [0]
    assert directed([one, both, one, both, one]) == [0]
    assert directed([one, both, both, both]) == [0, 2]
    assert directed([one, [(MIDDLE, 30.0)], [(MIDDLE, 30.0)]]) == [0, 1]
    assert directed([[], [], one]) == [2]


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_the_picture_is_looked_at_twice_a_second_whatever_its_rate(fps):
    looks = Director(lambda index: index / fps).looks(4 * fps)
    assert len(looks) == pytest.approx(9, abs=1) and looks[0] == 0


A, B, C = (Follow(frame, Box(frame, 1, 9, 9)) for frame in (0, 10, 20))


@pytest.mark.parametrize(
    ("own", "in_force"),
    [
        ((), (A, B, C)),
        ((Hold(5, 7.0),), (A, Hold(5, 7.0))),
        ((Follow(5, Box(1, 1, 9, 9), weak=True),), (A, Follow(5, Box(1, 1, 9, 9), weak=True), B, C)),
        ((Release(10),), (A, Release(10))),
        ((Follow(15, Box(1, 1, 9, 9), backward=True),), (Follow(15, Box(1, 1, 9, 9), backward=True),)),
    ],
)
def test_the_user_always_wins_and_what_is_weak_only_until_the_next_decision_of_the_machine(own, in_force):
    assert Project(decisions=own, automatic=True).with_base((A, B, C)).decisions == in_force


@pytest.fixture(scope="module")
def demo():
    with closing(SyntheticSource(frames=30)) as source:
        yield source


def played(source, project, order=None):
    with Pipeline(source, make_depth_engine("sgm"), Unrendered(), make_tracker) as pipeline:
        order = range(len(source)) if order is None else order
        return {i: pipeline.process(source.read(i), project) for i in order}


def test_without_a_click_the_demo_is_focused_on_its_pedestrian_and_a_seek_shows_the_same(demo):
    shots = played(demo, Project(automatic=True))
    pedestrian = {i: next(b.box for b in demo.truth(i).boxes if b.name == "pedestrian") for i in shots}
    assert np.mean([shot.track.box.overlap(pedestrian[i]) for i, shot in shots.items()]) > 0.5
    sought = played(demo, Project(automatic=True), order=(23, 7))
    assert all(sought[i].focus == shots[i].focus and sought[i].track == shots[i].track for i in sought)


def test_without_a_click_nothing_is_focused_on_unless_that_is_asked_for(demo):
    assert all(shot.focus.strength == 0 for shot in played(demo, Project(), order=range(3)).values())


def test_on_the_road_the_car_in_front_is_chosen(real_data):
    found = 0
    with closing(open_source(str(real_data / "kitti2015" / "training"))) as source:
        labelled = [i for i in range(len(source)) if source.truth(i).boxes]
        for index in labelled:
            frame = source.read(index)
            chosen = find_candidates(frame, make_depth_engine("sgm").compute(frame), None)[0].box
            found += any(chosen.overlap(label.box) > 0.4 for label in source.truth(index).boxes)
    assert found >= 0.6 * len(labelled)
