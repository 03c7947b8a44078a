"""Scores of disparity maps, against errors counted by hand."""

import numpy as np
import pytest

from sterefo_core.errors import SterefoError
from sterefo_core.evaluation.stereo_scores import bad_percent, is_outlier, near_depth_edges, stereo_scores
from sterefo_core.types import DisparityMap


def known(values, hole=None):
    values = np.array(values, np.float32)
    valid = np.ones(values.shape, bool)
    if hole is not None:
        valid[hole] = False
    return DisparityMap(values, valid)


def test_an_outlier_is_off_by_more_than_3_px_and_more_than_5_percent():
    assert is_outlier(np.array([2.9, 3.1, 4.9, 5.1]), np.array([10.0, 10.0, 100.0, 100.0])).tolist() == [
        False,
        True,
        False,
        True,
    ]


def test_bad_n_counts_the_errors_above_n():
    assert bad_percent(np.array([0.0, 1.0, 2.0, 2.5]), 2) == 25


def test_an_exact_map_scores_zero():
    truth = known(np.full((4, 5), 7))
    scores = stereo_scores([(truth.values, truth)])
    assert (scores.pixels, scores.d1_percent, scores.epe_px, scores.bad2_percent) == (20, 0, 0, 0)
    assert np.isnan(scores.edge_bad2_percent)  # there is no edge


def test_pixels_without_truth_do_not_count():
    truth = known([[10, 10, 10, 10]], hole=(0, 3))
    scores = stereo_scores([(np.array([[10, 10, 16, 99]], np.float32), truth)])
    assert scores.pixels == 3
    assert scores.d1_percent == pytest.approx(100 / 3)
    assert scores.epe_px == pytest.approx(2)


def test_pictures_are_pooled_pixel_by_pixel():
    large, small = known(np.full((3, 3), 10)), known([[10]])
    scores = stereo_scores([(large.values, large), (small.values + 10, small)])
    assert scores.d1_percent == pytest.approx(10)
    assert scores.epe_px == pytest.approx(1)


def test_depth_edges_are_found_along_the_row_only():
    steps = np.full((20, 40), 10, np.float32)
    steps[:, 20:] = 30
    near = near_depth_edges(known(steps), radius_px=5)
    assert near[0].nonzero()[0].tolist() == list(range(15, 25))
    assert not near_depth_edges(known(steps.T), radius_px=5).any()


def test_errors_near_edges_are_counted_apart():
    true = np.full((4, 40), 10, np.float32)
    true[:, 20:] = 30
    guess = true.copy()
    guess[:, 20:25] = 10  # the edge lies 5 px too far right
    scores = stereo_scores([(guess, known(true))])
    assert scores.edge_bad2_percent == pytest.approx(50)
    assert scores.bad2_percent == pytest.approx(12.5)


def test_maps_of_another_size_are_refused():
    with pytest.raises(SterefoError, match="shape"):
        stereo_scores([(np.zeros((4, 4), np.float32), known(np.zeros((4, 5))))])


def test_nothing_to_score_is_refused():
    with pytest.raises(SterefoError, match="no disparity map"):
        stereo_scores([])
