"""Scenes: every view is exact, and the same seed gives the same scene."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sterefo_core.scenes.layers import (
    LEFT_EYE,
    RIGHT_EYE,
    Layer,
    Scene,
    placed,
    premultiplied,
    render_left,
    render_view,
)
from sterefo_core.scenes.studies import KINDS, study_scene
from sterefo_core.scenes.world import Camera, Surface
from sterefo_core.types import Calibration

SIZE = (120, 60)


def _textured(height: int, width: int) -> np.ndarray:
    return premultiplied(np.random.default_rng(0).random((height, width, 3)))


def test_the_left_view_shows_a_layer_pixel_for_pixel_with_its_disparity_and_id():
    texture = _textured(30, 40)
    view = render_left(Scene((placed(texture, 20, 10, (0, 0, 7.5), 3),)), SIZE)
    np.testing.assert_array_equal(view.image[10:40, 20:60], texture[..., :3])
    inside = np.zeros(SIZE[::-1], bool)
    inside[10:40, 20:60] = True
    np.testing.assert_array_equal(view.disparity, np.where(inside, np.float32(7.5), 0))
    np.testing.assert_array_equal(view.object_ids, np.where(inside, 3, 0))


def test_the_right_view_of_a_plane_is_the_left_view_shifted_by_its_disparity():
    scene = Scene((placed(_textured(100, 200), -20, -20, (0, 0, 9.0)),))
    left, right = render_left(scene, SIZE).image, render_view(scene, RIGHT_EYE, SIZE)
    np.testing.assert_allclose(right[:, :-9], left[:, 9:], atol=1e-6)


def test_a_slanted_layer_moves_every_pixel_by_its_own_disparity():
    ramp = np.repeat(np.arange(-30.0, 170.0)[None, :, None], 100, axis=0).repeat(3, axis=2)
    scene = Scene((placed(premultiplied(ramp), -30, -20, (0.05, 0.1, 2.0)),))
    right = render_view(scene, RIGHT_EYE, SIZE)[..., 0]
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    came_from = right  # the ramp's value is the column in the left image
    np.testing.assert_allclose(came_from - (0.05 * came_from + 0.1 * rows + 2.0), columns, atol=1e-3)


def test_a_point_of_the_focal_disparity_stays_where_it_is_from_everywhere_on_the_lens():
    scene = Scene((placed(_textured(100, 200), -20, -20, (0, 0, 9.0)),))
    left = render_left(scene, SIZE).image
    np.testing.assert_array_equal(render_view(scene, (0.3, -0.4), SIZE, focus_disparity=9.0), left)


def test_a_nearer_layer_hides_more_of_the_background_than_the_left_eye_sees():
    behind, front = premultiplied(np.full((100, 200, 3), 0.2)), premultiplied(np.full((60, 20, 3), 0.8))
    scene = Scene((placed(behind, -20, -20, (0, 0, 2)), placed(front, 50, 0, (0, 0, 10), 1)))
    row = render_view(scene, RIGHT_EYE, SIZE)[30, :, 0]
    np.testing.assert_allclose(row[40:60], 0.8)
    np.testing.assert_allclose(np.delete(row, np.s_[40:60]), 0.2)


def test_light_without_coverage_is_added_and_has_no_disparity():
    glow = np.zeros((60, 120, 4), np.float32)
    glow[..., :3] = 0.3
    scene = Scene((placed(premultiplied(np.full((60, 120, 3), 0.5)), 0, 0, (0, 0, 2)), placed(glow, 0, 0, (0, 0, 50))))
    view = render_left(scene, SIZE)
    np.testing.assert_allclose(view.image, 0.8, rtol=1e-6)
    np.testing.assert_array_equal(view.disparity, 2)


CAMERA = Camera((0.0, -1.5, 0.0), Calibration(100.0, 0.5, 60.0, 20.0))


def test_receding_ground_has_the_disparity_of_its_distance_and_no_seams():
    ground = Surface(premultiplied(np.full((400, 400, 3), 0.4)))
    scene = Scene(tuple(CAMERA.receding(ground, (-50, 0, 0), (100, 0, 0), 40.0)))
    assert len(scene.layers) > 3
    view = render_left(scene, SIZE)
    rows = np.arange(SIZE[1])
    reached = rows >= 25  # 40 m away is row 23.75
    expected = (rows - 20.0) * 0.5 / 1.5  # d = f b / Z and y - cy = f h / Z
    np.testing.assert_allclose(view.disparity[reached], np.repeat(expected[reached, None], SIZE[0], 1), atol=1e-4)
    np.testing.assert_allclose(view.image[reached], 0.4, atol=1e-5)


def test_an_upright_surface_stands_where_the_camera_projects_it():
    board = Surface(premultiplied(np.full((50, 50, 3), 0.4)))
    layers = tuple(CAMERA.flat(board, (-0.95, -1.95, 10), (2, 0, 0), (0, 2, 0), 5))  # edges between pixels
    ids = render_left(Scene(layers), SIZE).object_ids
    rows, columns = np.nonzero(ids)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (51, 70, 16, 35)


def test_a_plane_whose_vanishing_line_is_in_the_picture_leaves_no_holes_in_the_arithmetic():
    to_left = np.array([[0, 1080, 1765.0], [12, 410, 757], [0, 13.5, 20]])  # column 80 is infinitely far away
    view = render_left(Scene((Layer(np.ones((7, 3, 4), np.float32), to_left, (0.1, 0, -8)),)), (160, 64))
    assert np.isfinite(view.image).all() and view.image.max() == 1


def test_what_is_behind_the_camera_is_left_out():
    board = Surface(premultiplied(np.ones((5, 5, 3))))
    assert not list(CAMERA.flat(board, (-1, -2, -3), (2, 0, 0), (0, 2, 0)))
    assert not list(CAMERA.receding(board, (-1, 0, -30), (2, 0, 0), 20.0))


SMALL = (160, 64)


@cache
def _study(kind: str, seed: int) -> Scene:
    return study_scene(kind, SMALL, seed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_study_is_the_same_for_the_same_seed_and_another_for_another(kind):
    first, again, other = (
        render_left(scene, SMALL) for scene in (_study(kind, 1), study_scene(kind, SMALL, 1), _study(kind, 2))
    )
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.disparity, again.disparity)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_study_covers_every_view_of_both_eyes_and_of_a_wide_lens(kind, seed):
    scene = _study(kind, seed)
    views = [render_view(scene, eye, SMALL) for eye in (LEFT_EYE, RIGHT_EYE)]
    views += [render_view(scene, point, SMALL, 4.0) for point in ((1.5, 1.5), (-1.5, -1.5))]
    assert all(view.min() > 0 for view in views)
