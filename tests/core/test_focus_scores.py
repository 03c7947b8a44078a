import numpy as np
import pytest

from sterefo_core.depth import make_depth_engine
from sterefo_core.evaluation.focus_scores import Followed, Measured, followed_table, measure_rendered, measured_table


def test_the_rule_for_objects_errs_no_more_than_the_median_on_rendered_scenes():
    rows = list(measure_rendered([2], make_depth_engine("sgm"), ["upright"]))
    assert {row.drawn for row in rows} == {1.0, 1.6}
    for drawn in (1.0, 1.6):
        some = [row for row in rows if row.drawn == drawn]
        median, measured = (np.abs([getattr(row, rule) - row.true for row in some]) for rule in ("median", "measured"))
        assert (measured <= 2).mean() >= (median <= 2).mean() and measured.mean() <= median.mean()


def test_the_table_counts_objects_that_are_not_measured_as_missed():
    rows = [Measured("car", 1.0, 10.0, 10.5, 10.0), Measured("car", 1.0, None, 20.0, 20.0)]
    median, measured = measured_table(rows).splitlines()[1:]
    assert "50.0%" in median and median.endswith("1")
    assert "100.0%" in measured and measured.endswith("0")


def test_flicker_and_lag_are_told_for_what_is_measured_and_for_what_is_focused_on():
    true = 20 + 0.5 * np.arange(60)
    late = np.concatenate([[20.0, 20.0], true[:-2]])
    noisy = true + np.where(np.arange(60) % 2, 0.2, -0.2)
    rows = [Followed("car", 1.0, *map(float, values)) for values in zip(true, noisy, late, strict=True)]
    told = followed_table(rows)
    assert "flicker 0.400 px a frame as measured" in told and "lag 0.00 and 2.00 frames" in told


@pytest.mark.parametrize("gap", [None, 20.0])
def test_frames_without_a_measurement_do_not_count_as_followed(gap):
    rows = [Followed("car", 1.0, 20.0, 20.0, 20.0)] * 5 + [Followed("car", 0.0, 40.0, None, gap)]
    assert "95th percentile 0.00 px" in followed_table(rows)
