"""Synthetic pairs: both eyes see the same surfaces, and the truth says exactly where."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from sterefo_core.learning.augment import cropped, photographed, scaled
from sterefo_core.learning.synthetic import dressed, make_pair, render
from sterefo_core.learning.synthetic_shapes import LOOSE
from sterefo_core.learning.synthetic_textures import TEXTURES
from sterefo_core.learning.synthetic_world import cards, joined

HEIGHT, WIDTH, REACH = 96, 192, 60


def surfaces_of(*things, seed=0):
    """Surfaces of (middle, half sides, disparity, bend) cards."""
    rng = np.random.default_rng(seed)
    middle, half, disparity, bend = (np.array(column, float) for column in zip(*things, strict=True))
    places = cards(middle, half, np.zeros(len(things)), disparity, bend)
    surfaces = dressed(rng, places._replace(texture=rng.integers(0, TEXTURES, len(things))))
    return surfaces._replace(apart=np.full_like(surfaces.apart, -1))


def wall(disparity, a=0.0, b=0.0, q=0.0, p=0.0):
    return (WIDTH / 2, HEIGHT / 2), (250, 250), disparity, (a, b, q, p)


def bar(left, right, disparity):
    return ((left + right) / 2 - 0.5, HEIGHT / 2), ((right - left) / 2, 2000), disparity, (0, 0, 0, 0)


def warped(sample, method=cv2.INTER_LINEAR):
    """The right picture, fetched to where the truth says that each left pixel is seen; `(H, W, 3)` float32."""
    rows, columns = np.mgrid[: sample.disparity.shape[0], : sample.disparity.shape[1]].astype(np.float32)
    right = sample.right.transpose(1, 2, 0).astype(np.float32)
    return cv2.remap(right, columns - sample.disparity, rows, method)


def difference(sample, method=cv2.INTER_LINEAR):
    """Of the left picture and the warped right one where both eyes see, in levels of 255."""
    left = sample.left.transpose(1, 2, 0).astype(np.float32)
    return np.abs(warped(sample, method) - left).mean(axis=2)[~sample.occluded]


def test_at_whole_pixels_of_disparity_both_eyes_see_the_same_bytes():
    sample = render(surfaces_of(wall(4), bar(60, 90, 21), ((129.5, 39.5), (25, 18), 13, (0, 0, 0, 0))), HEIGHT, WIDTH)
    assert set(np.unique(sample.disparity)) == {4, 13, 21}
    assert difference(sample).max() == 0


@pytest.mark.parametrize(
    "surface", [wall(20, a=0.15), wall(20, b=-0.2), wall(25, a=-0.2, q=0.0008), wall(25, b=0.1, q=-0.0008, p=0.002)]
)
def test_slanted_and_curved_surfaces_are_seen_at_their_disparity(surface):
    surfaces = surfaces_of(surface)
    plain = surfaces._replace(
        gain=np.zeros_like(surfaces.gain),
        offset=np.full_like(surfaces.offset, 150),
        light=np.array([[0.005, 0, 0.5]], np.float32),  # 0.75 levels a pixel: a tenth of a pixel off would show
    )
    sample = render(plain, HEIGHT, WIDTH)
    assert np.ptp(sample.disparity) > 5
    signed = (warped(sample) - sample.left.transpose(1, 2, 0))[~sample.occluded]
    assert abs(signed.mean()) < 0.15  # a fifth of a pixel
    assert np.abs(signed).max() <= 1.01  # both pictures are rounded


def test_what_a_bar_hides_from_the_right_eye_is_occluded_and_nothing_else():
    sample = render(surfaces_of(wall(5), bar(80, 100, 20)), HEIGHT, WIDTH)
    row = sample.occluded[10].nonzero()[0].tolist()
    assert row == [*range(5), *range(65, 80)]  # beyond the left border, and 20 - 5 px beside the bar


def test_the_nearest_surface_is_seen_in_whichever_order_they_come():
    first = render(surfaces_of(wall(5), bar(80, 100, 20), bar(90, 110, 30)), HEIGHT, WIDTH)
    assert first.disparity[10, [85, 95, 105]].tolist() == [20, 30, 30]
    crossing = render(surfaces_of(wall(20), wall(20, a=0.1)), HEIGHT, WIDTH)
    expected = np.maximum(20, 20 + 0.1 * (np.arange(WIDTH) - WIDTH / 2))
    np.testing.assert_allclose(crossing.disparity[7], expected, atol=1e-4)


def test_outlines_mix_the_light_of_what_meets_there():
    surfaces = surfaces_of(wall(0), bar(80.25, 100, 20))
    near = np.argmax(surfaces.depth[:, 2])
    offset = np.zeros_like(surfaces.offset)
    offset[near] = 200
    one = np.tile(np.array([0, 0, 1], np.float32), (2, 1))
    sample = render(surfaces._replace(gain=0 * surfaces.gain, offset=offset, light=one), HEIGHT, WIDTH)
    assert sample.left[0, 10, 79:82].tolist() == [0, 150, 200]


def test_shapes_are_cut_out():
    surfaces = surfaces_of(wall(2), ((96, 48), (40, 40), 20, (0, 0, 0, 0)))
    shape = np.where(surfaces.depth[:, 2] == 20, LOOSE[0], -1).astype(np.int32)  # an ellipse
    sample = render(surfaces._replace(shape=shape), HEIGHT, WIDTH)
    share = (sample.disparity == 20).sum() / 80**2
    assert share == pytest.approx(np.pi / 4 * 0.96**2, abs=0.02)
    assert (difference(sample) == 0).mean() > 0.97  # all but the outline, where light of both is mixed


@pytest.mark.parametrize("seed", range(3))
def test_whole_scenes_agree_in_both_eyes(seed):
    sample = make_pair(seed, HEIGHT, WIDTH, REACH)
    errors = difference(sample, cv2.INTER_CUBIC)
    assert np.median(errors) < 1  # of 255, which is mostly the interpolation's
    assert (errors < 4).mean() > 0.7  # the rest are reflections, which no eye sees where the other does


@pytest.mark.parametrize("seed", range(6))
def test_truth_is_dense_and_within_its_range(seed):
    sample = make_pair(seed, HEIGHT, WIDTH, REACH)
    assert sample.valid.all()
    assert np.isfinite(sample.disparity).all()
    assert sample.disparity.min() >= 0
    assert sample.disparity.max() <= REACH
    outside = np.arange(WIDTH) - sample.disparity < 0
    assert sample.occluded[outside].all()
    assert sample.left.std() > 3


@pytest.mark.parametrize("size", [(32, 32), (200, 64), (64, 400)])
@pytest.mark.parametrize("reach", [8, 60, 300])
def test_scenes_of_any_size_and_range_are_whole(size, reach):
    for seed in range(5):
        disparity = make_pair(seed, *size, reach).disparity
        assert 0 <= disparity.min() <= disparity.max() <= reach


def test_what_shines_mirrors_something_at_another_distance():
    surfaces = surfaces_of(wall(20))
    gain = np.zeros_like(surfaces.gain)
    gain[:, 1] = 0.8  # nothing but the reflection
    mirrored = surfaces._replace(gain=gain, light=np.array([[0, 0, 1]], np.float32), apart=np.array([8], np.float32))
    sample = render(mirrored, HEIGHT, WIDTH)
    assert (sample.disparity == 20).all()  # the truth is that of the surface
    np.testing.assert_array_equal(sample.left[:, :, 8:], sample.right[:, :, :-8])


def test_a_seed_gives_the_same_pair_in_every_thread_and_another_seed_another_one():
    with ThreadPoolExecutor(4) as threads:
        pairs = list(threads.map(lambda _: make_pair(7, HEIGHT, WIDTH, REACH), range(4)))
    for pair in pairs:
        np.testing.assert_array_equal(pair.left, pairs[0].left)
        np.testing.assert_array_equal(pair.disparity, pairs[0].disparity)
    assert (make_pair(8, HEIGHT, WIDTH, REACH).left != pairs[0].left).mean() > 0.5


def test_a_seed_means_the_same_scene_tomorrow():
    sample = make_pair(11, HEIGHT, WIDTH, REACH)
    again = make_pair(11, HEIGHT, WIDTH, REACH)
    assert sample.right.tobytes() == again.right.tobytes()


def test_a_photograph_changes_the_pictures_and_never_the_truth():
    sample = make_pair(3, HEIGHT, WIDTH, REACH)
    for seed in range(12):
        taken = photographed(sample, np.random.default_rng(seed))
        np.testing.assert_array_equal(taken.disparity, sample.disparity)
        np.testing.assert_array_equal(taken.occluded, sample.occluded)
        assert taken.left.dtype == np.uint8
        assert (taken.left != sample.left).mean() > 0.2
    first, second = (photographed(sample, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.right, second.right)


def test_cameras_differ_between_the_eyes():
    sample = render(surfaces_of(wall(0)), HEIGHT, WIDTH)
    np.testing.assert_array_equal(sample.left, sample.right)
    taken = [photographed(sample, np.random.default_rng(seed)) for seed in range(10)]
    assert np.mean([np.abs(pair.left.astype(float) - pair.right).mean() for pair in taken]) > 1


def test_at_half_the_size_disparities_are_half_as_large():
    sample = make_pair(2, HEIGHT, WIDTH, REACH)
    small = scaled(sample, 0.5)
    assert small.left.shape == (3, HEIGHT // 2, WIDTH // 2)
    assert set(np.unique(small.disparity)) <= set(np.unique(sample.disparity / 2))


def test_crops_keep_the_truth_and_know_their_new_border():
    sample = render(surfaces_of(wall(6), bar(80, 100, 20)), HEIGHT, WIDTH)
    for seed in range(8):
        part = cropped(sample, np.random.default_rng(seed), 64, 96)
        assert part.left.shape == (3, 64, 96)
        assert part.valid.all()
        assert part.occluded[(np.arange(96) - part.disparity) < 0].all()
        if seed == 0:
            continue
        assert np.median(difference(part)) < 6  # resized pictures are softer, but in their places


def test_a_picture_that_is_too_small_is_continued_without_truth():
    part = cropped(make_pair(2, 40, 48, 20), np.random.default_rng(0), 64, 96)
    assert part.left.shape == (3, 64, 96)
    assert not part.valid.all()


def test_parts_of_a_scene_are_joined_in_order():
    one, two = (cards(np.zeros((n, 2)), np.ones((n, 2)), np.zeros(n), np.full(n, n), np.zeros((n, 4))) for n in (1, 2))
    assert joined([one, two]).depth[:, 2].tolist() == [1, 2, 2]
