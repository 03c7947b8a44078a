from contextlib import closing

import cv2
import numpy as np
import pytest

from sterefo_core.depth import make_depth_engine, steadied
from sterefo_core.errors import BadFrameError, SterefoError
from sterefo_core.sources.synthetic import SyntheticSource
from sterefo_core.types import DisparityMap, StereoFrame

HEIGHT, WIDTH = 120, 200
FAR, NEAR = 10.0, 30.0


class Moving:
    """A square of 30 px that moves 4 px a frame before a wall of 10 px; both textured. `cut`: another place there."""

    def __init__(self, count=8, bad=None, cut=None, approach=0.0):
        self.count, self.bad, self.cut, self.approach = count, bad, cut, approach

    def __len__(self):
        return self.count

    def square(self, index):
        return np.s_[40:80, 20 + 4 * index : 60 + 4 * index]

    def read(self, index):
        if index == self.bad:
            raise BadFrameError("cut short")
        rng = np.random.default_rng(1 if self.cut is None or index < self.cut else 2)
        texture = rng.integers(0, 255, (HEIGHT // 4, WIDTH // 4), np.uint8).repeat(4, axis=0).repeat(4, axis=1)
        left = np.repeat(texture[..., None], 3, axis=2)
        left[self.square(index)] = 255 - np.roll(left[:, ::-1][40:80, 20:60], 0, axis=1)
        return StereoFrame(index, index / 25, left, left)

    def exact(self, index):
        values = np.full((HEIGHT, WIDTH), FAR, np.float32)
        values[self.square(index)] = NEAR
        return values + np.float32(self.approach * index)


class Noisy:
    """The exact disparity with noise that is another one in every frame."""

    def __init__(self, source):
        self.source, self.computed = source, []

    def compute(self, frame):
        self.computed.append(frame.index)
        noise = np.random.default_rng(frame.index).normal(0, 0.4, (HEIGHT, WIDTH)).astype(np.float32)
        return DisparityMap(self.source.exact(frame.index) + noise, np.ones((HEIGHT, WIDTH), bool))


class Frames(list):
    """Frames as a source."""

    read = list.__getitem__


class Given:
    """The disparities given, all measured."""

    def __init__(self, maps):
        self.maps = np.float32(maps)

    def compute(self, frame):
        return DisparityMap(self.maps[frame.index], np.ones(frame.left.shape[:2], bool))


class Counted:
    """A flow engine that counts how often it is asked."""

    def __init__(self, flow):
        self.flow, self.asked = flow, 0

    def calc(self, *pictures):
        self.asked += 1
        return self.flow.calc(*pictures)

    def setFinestScale(self, scale):  # noqa: N802 - OpenCV's name
        self.flow.setFinestScale(scale)


def errors(source, index):
    """Errors of the noisy engine and of the steadied one at a frame, after playing there."""
    steady = steadied(Noisy(source), source)
    for i in range(index + 1):
        found = steady.compute(source.read(i)).values
    return Noisy(source).compute(source.read(index)).values - source.exact(index), found - source.exact(index)


def test_noise_is_averaged_out_over_frames():
    alone, steady = errors(Moving(), 5)
    assert steady.std() < 0.7 * alone.std()


def test_what_moves_leaves_no_ghost_and_keeps_its_edges():
    source = Moving()
    _, steady = errors(source, 5)
    assert np.abs(steady).max() < 3  # 20 px lie between the two surfaces


def test_what_comes_nearer_does_not_lag():
    alone, steady = errors(Moving(approach=0.8), 5)
    assert abs(steady.mean() - alone.mean()) < 0.05 and steady.std() < 0.7 * alone.std()


def test_a_cut_takes_over_nothing_from_before():
    alone, steady = errors(Moving(cut=5), 5)
    assert np.array_equal(alone, steady)


def test_a_seek_gives_the_disparity_that_playing_gives_forward_and_backward():
    source = Moving()
    played = steadied(Noisy(source), source)
    straight = [played.compute(source.read(i)).values for i in range(8)]
    sought = steadied(Noisy(source), source)
    for index in (6, 2, 5, 4, 3, 0):
        assert np.array_equal(sought.compute(source.read(index)).values, straight[index])


def test_in_order_every_frame_is_matched_once():
    source = Moving()
    for order in (range(8), range(7, -1, -1)):
        engine = Noisy(source)
        steady = steadied(engine, source)
        for index in order:
            steady.compute(source.read(index))
        assert len(engine.computed) <= 8 + 2


def test_in_order_motion_is_found_once_a_frame(monkeypatch):
    flow = Counted(cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST))
    monkeypatch.setattr(cv2.DISOpticalFlow, "create", lambda preset: flow)
    errors(Moving(), 7)
    assert flow.asked == 7


@pytest.mark.parametrize("height, width", [(37, 71), (64, 129)])
def test_pictures_of_any_size_are_steadied_up_to_their_borders(height, width):
    still, noise = np.random.default_rng(1), np.random.default_rng(2).normal(20, 0.4, (3, height, width))
    picture = still.integers(0, 255, (height, width, 3), np.uint8)
    source = [StereoFrame(index, index / 25, picture, picture) for index in range(3)]
    steady = steadied(Given(noise), Frames(source)).compute(source[2]).values
    assert steady.shape == (height, width)
    for border in (np.s_[:, -4:], np.s_[-4:], np.s_[:, :4], np.s_[:4]):
        assert steady[border].std() < 0.75 * noise[2][border].std()


def test_a_picture_of_one_pixel_is_as_the_engine_says():
    picture = np.zeros((1, 1, 3), np.uint8)
    source = [StereoFrame(index, index / 25, picture, picture) for index in range(2)]
    assert steadied(Given(np.full((2, 1, 1), 7.5)), Frames(source)).compute(source[1]).values == 7.5


def test_disparity_that_is_not_finite_is_refused():
    source = Moving()
    with pytest.raises(SterefoError, match="no finite disparity"):
        steadied(Given(np.full((8, HEIGHT, WIDTH), np.nan)), source).compute(source.read(1))


def test_a_frame_that_cannot_be_read_is_done_without():
    source = Moving(bad=4)
    found = steadied(Noisy(source), source).compute(source.read(5)).values
    assert np.abs(found - source.exact(5)).max() < 3


def test_the_first_frame_and_a_still_are_as_the_engine_says():
    source = Moving(count=1)
    found = steadied(Noisy(source), source).compute(source.read(0))
    assert np.array_equal(found.values, Noisy(source).compute(source.read(0)).values)


@pytest.mark.parametrize("share", [0.8])
def test_on_the_demo_disparity_flickers_less_and_is_no_worse(share):
    with closing(SyntheticSource(frames=8)) as source:
        engine = make_depth_engine("sgm")
        steady = steadied(engine, source)
        flicker, error, before = {}, {}, {}
        for index in range(3, 8):
            frame, truth = source.read(index), source.truth(index).disparity.values
            for name, depth in (("alone", engine), ("steady", steady)):
                wrong = depth.compute(frame).values - truth
                error.setdefault(name, []).append(np.abs(wrong).mean())
                if name in before:
                    calm = (np.abs(wrong) < 3) & (np.abs(before[name]) < 3)
                    flicker.setdefault(name, []).append(np.abs(wrong - before[name])[calm].mean())
                before[name] = wrong
    assert np.mean(flicker["steady"]) < share * np.mean(flicker["alone"])
    assert np.mean(error["steady"]) <= np.mean(error["alone"])
