"""Which pictures of two cameras that run freely become a pair. Times in ms."""

import numpy as np
import pytest

from sterefo_core.sources.camera_pairs import Pairing
from sterefo_core.sources.camera_reader import Grab


def pairs_of(left_ms, right_ms, arrive_left=None, arrive_right=None):
    """The pairs (left, right) made of pictures taken at these times, in the order in which they arrive."""
    taken = [(arrive, 0, at) for arrive, at in zip(arrive_left or left_ms, left_ms, strict=True)]
    taken += [(arrive, 1, at) for arrive, at in zip(arrive_right or right_ms, right_ms, strict=True)]
    pairing, found = Pairing(), []
    for _, side, at in sorted(taken):
        if pair := pairing.add(side, Grab(1000 + at / 1000, lambda: np.zeros(0))):
            found.append((round((pair.left.captured_s - 1000) * 1000), round((pair.right.captured_s - 1000) * 1000)))
    return found


def every(period, count, offset=0):
    return [offset + period * number for number in range(count)]


@pytest.mark.parametrize("offset", [-18, -10, 0, 1, 12, 19])
def test_cameras_out_of_step_pair_with_their_nearest_picture(offset):
    pairs = pairs_of(every(40, 30), every(40, 30, offset))
    settled = pairs[5:]
    assert len(settled) > 20
    assert all(right - left == offset for left, right in settled)


def test_a_picture_belongs_to_one_pair_only_and_pairs_ascend():
    pairs = pairs_of(every(33, 60), every(66, 30, 7))
    assert len(pairs) > 25
    for eye in zip(*pairs, strict=True):
        assert list(eye) == sorted(set(eye))


def test_a_lost_picture_costs_its_own_pair_only():
    right = [at for at in every(40, 30, 5) if at != 605]
    assert [pair for pair in pairs_of(every(40, 30), right) if abs(pair[0] - 600) <= 80] == [
        (520, 525),
        (560, 565),
        (640, 645),
        (680, 685),
    ]


def test_pictures_that_were_held_up_find_the_partners_of_their_own_time():
    times = every(40, 30)
    late = [max(at, 800) if 600 <= at < 800 else at for at in times]  # five come at once, 200 ms late
    pairs = pairs_of(times, times, arrive_right=late)
    assert pairs == [(at, at) for at in times]


def test_a_camera_that_stopped_pairs_with_nothing():
    pairs = pairs_of(every(40, 100), every(40, 20, 15))
    assert max(abs(left - right) for left, right in pairs[3:]) <= 25
    assert len(pairs) <= 21


def test_a_second_camera_that_starts_late_is_paired_from_its_first_picture_on():
    assert pairs_of(every(40, 50), every(40, 20, 1202))[0] == (1200, 1202)


def test_cameras_half_a_period_apart_that_jitter_give_four_pairs_in_five_periods():
    generator = np.random.default_rng(1)
    left, right = (np.array(every(40, 100, offset)) + generator.normal(0, 6, 100) for offset in (0, 20))
    assert len(pairs_of(sorted(left), sorted(right))) > 80
