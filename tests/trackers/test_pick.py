"""A click finds the thing that was clicked, and something sensible where there is none."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from sterefo_core.depth import make_depth_engine
from sterefo_core.ground import find_ground
from sterefo_core.types import Box, DisparityMap, StereoFrame
from trackers.pick import box_at

WIDTH, HEIGHT, HORIZON = 640, 240, 80
SLOPE = 0.3


def street(*things: tuple[Box, float]) -> tuple[np.ndarray, DisparityMap]:
    """A road from the bottom to the horizon under a sky without texture, and upright things on it."""
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None] - HORIZON
    values = np.repeat(np.maximum(SLOPE * rows, 0), WIDTH, axis=1).astype(np.float32)
    valid = values > 0
    image = np.where(valid[..., None], (90, 90, 90), (140, 180, 250)).astype(np.uint8)
    for box, disparity in things:
        values[box.slices()], valid[box.slices()], image[box.slices()] = disparity, True, (200, 30, 30)
    return image, DisparityMap(values, valid)


def standing(x: float, disparity: float, width: float, height: float) -> tuple[Box, float]:
    foot = HORIZON + round(disparity / SLOPE)
    return Box(x, foot - height, width, height), disparity


CAR = standing(300, 15, 70, 40)


def test_a_click_finds_the_whole_object_and_not_the_road_it_stands_on():
    for dx, dy in ((0.5, 0.5), (0.1, 0.2), (0.9, 0.7)):
        box = box_at(*street(CAR), CAR[0].x + dx * CAR[0].width, CAR[0].y + dy * CAR[0].height)
        assert box.overlap(CAR[0]) > 0.9


def test_two_touching_objects_at_different_distances_are_told_apart():
    behind = standing(340, 12, 90, 28)
    scene = street(behind, CAR)
    assert box_at(*scene, 335, CAR[0].y + 20).overlap(CAR[0]) > 0.9
    assert box_at(*scene, 420, behind[0].y + 20).x >= 369


def test_a_click_beside_a_thin_pole_finds_the_pole():
    pole = standing(200, 20, 3, 90)
    box = box_at(*street(pole), 204, pole[0].y + 30)
    assert box.height > 80 and box.width <= 12


def test_the_road_gives_a_modest_box_at_the_click_which_is_larger_nearby():
    scene = street(CAR)
    far, near = box_at(*scene, 150, 130), box_at(*scene, 150, 200)
    assert near.overlap(Box(150 - near.width / 2, 200 - near.height / 2, near.width, near.height)) > 0.99
    assert 12 <= far.width < near.width <= HEIGHT / 5


def test_the_sky_gives_a_modest_box_at_the_click():
    box = box_at(*street(CAR), 500, 30)
    assert box.centre == pytest.approx((500, 30), abs=1)
    assert max(box.width, box.height) <= HEIGHT / 5


def test_a_coloured_thing_without_measured_disparity_is_found_by_its_colour():
    image, disparity = street()
    balloon = Box(450, 20, 40, 40)
    image[balloon.slices()] = (250, 220, 20)
    assert box_at(image, disparity, 470, 40).overlap(balloon) > 0.9


def test_the_ground_is_found_where_there_is_one_and_not_on_a_wall():
    ground = find_ground(street(CAR)[1])
    assert ground is not None
    assert ground.at(320, 200) == pytest.approx(SLOPE * (200 - HORIZON), abs=0.3)
    wall = np.full((HEIGHT, WIDTH), 12, np.float32)
    assert find_ground(DisparityMap(wall, wall > 0)) is None


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (240, 640)])
@pytest.mark.parametrize("level", [0.0, 10.0, "noise"])
def test_every_click_gives_a_box_inside_the_picture(shape, level):
    rng = np.random.default_rng(1)
    values = rng.uniform(0, 90, shape) if level == "noise" else np.full(shape, level)
    disparity = DisparityMap(values.astype(np.float32), rng.random(shape) > 0.3)
    image = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    for x in (-5, 0, shape[1] / 2, shape[1] - 1, shape[1] + 3):
        for y in (0, shape[0] / 2, shape[0] + 1):
            box = box_at(image, disparity, x, y)
            assert box.area > 0
            assert box == box.clipped(shape[1], shape[0])


def test_a_thing_that_touches_a_wall_at_its_distance_is_cut_off_from_it():
    car, wall, between = Box(260, 100, 90, 46), Box(362, 30, 270, 116), Box(345, 120, 20, 3)
    assert box_at(*street((wall, 20.0), (car, 20.0), (between, 20.0)), 300, 125).overlap(car) > 0.7


def test_clicks_on_labelled_cars_of_kitti_find_them(real_data: Path):
    overlaps, folder = [], real_data / "kitti2015"
    with (folder / "object_boxes_from_obj_map.csv").open() as table:
        labels = list(csv.DictReader(table))[:8]
    engine, seen = make_depth_engine("sgm"), {}
    for label in labels:
        name = label["file"]
        if name not in seen:
            pair = [cv2.imread(str(folder / "training" / view / name))[..., ::-1] for view in ("image_2", "image_3")]
            left, right = (np.ascontiguousarray(picture) for picture in pair)
            seen[name] = left, engine.compute(StereoFrame(0, 0.0, left, right))
        truth = Box(*(float(label[key]) for key in "xywh"))
        overlaps.append(box_at(*seen[name], *truth.centre).overlap(truth))
    assert np.mean(overlaps) > 0.65
