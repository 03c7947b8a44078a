import numpy as np
import pytest

from sterefo_core.steadying import WINDOW_S, Rest, dead_band, smoothed

FPS = 25
TIMES = np.arange(100) / FPS


def around(values, index, ahead):
    """The values within the window of a frame, of later ones as many as are known."""
    frames = [i for i in range(min(index + ahead + 1, len(values))) if abs(TIMES[i] - TIMES[index]) <= WINDOW_S]
    return smoothed(TIMES[frames], values[frames], TIMES[index])


def all_around(values, ahead):
    return np.array([around(values, index, ahead) for index in range(20, 80)])


def approach():
    """A car that comes from 10 to 60 px at constant speed."""
    return 1 / np.linspace(1 / 10, 1 / 60, 100)


@pytest.mark.parametrize("ahead", [0, 4])
def test_what_comes_nearer_at_constant_speed_is_smoothed_without_any_lag(ahead):
    assert all_around(approach(), ahead) == pytest.approx(approach()[20:80], rel=0.002)


@pytest.mark.parametrize(("ahead", "share"), [(0, 0.65), (4, 0.4)])
def test_noise_is_taken_out_and_more_of_it_where_the_future_is_known(ahead, share):
    noise = np.random.default_rng(1).normal(0, 0.25, 100)
    left = all_around(30 + noise, ahead) - 30
    assert left.std() < share * noise.std()


def test_a_single_outlier_is_not_believed():
    values = np.full(100, 30.0)
    values[50] = 36.0
    assert all_around(values, 4)[[29, 31]] == pytest.approx([30, 30], abs=0.1)


def test_the_smoothed_value_is_no_further_from_the_measured_one_than_noise_explains():
    stepping = np.where(np.arange(100) < 50, 20.0, 40.0)
    assert np.abs(all_around(stepping, 4) - stepping[20:80]).max() <= 1.61


def test_a_short_gap_is_bridged_within_what_was_measured_around_it():
    frames = [45, 46, 47, 53, 54]
    value = smoothed(TIMES[frames], approach()[frames], TIMES[50])
    assert value == pytest.approx(approach()[50], rel=0.01)


def test_one_measurement_alone_is_itself():
    assert smoothed([1.0], [17.0], 1.0) == 17.0


def test_the_dead_band_is_what_the_lens_does_not_show():
    assert dead_band(0.2) == pytest.approx(0.5)
    assert dead_band(4.0) < dead_band(0.2) < dead_band(0.001) <= 1.0


def test_a_thing_that_never_rests_is_never_held():
    moving = np.linspace(30, 60, 100)
    rest = Rest()
    assert [rest.step(t, d, 0.6) for t, d in zip(TIMES, moving, strict=True)] == list(moving)


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_noise_flickers_less_than_a_tenth_of_a_pixel_a_frame_and_motion_lags_less_than_two_frames(fps):
    times = np.arange(6 * fps) / fps
    true = 300 / np.interp(times, [2, 4], [15, 8])
    measured = true + np.random.default_rng(2).normal(0, 0.15, len(times))
    rest, focus = Rest(), []
    for i, now in enumerate(times):
        frames = [j for j in range(min(i + 5, len(times))) if abs(times[j] - now) <= WINDOW_S]
        focus.append(rest.step(now, smoothed(times[frames], measured[frames], now), dead_band(0.15)))
    still = slice(0, int(1.9 * fps))
    assert np.abs(np.diff(focus))[still].mean() < 0.1
    moving, lags = slice(int(2.5 * fps), int(3.9 * fps)), np.arange(0, 5, 0.25)
    wrong = [np.abs(np.interp(times - lag / fps, times, true) - focus)[moving].mean() for lag in lags]
    assert lags[int(np.argmin(wrong))] < 2
