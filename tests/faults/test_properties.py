"""Whatever is asked for, a frame of the same size and type comes out, or one error for a person; seek is as play."""

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sterefo_core.depth import make_depth_engine
from sterefo_core.errors import SterefoError
from sterefo_core.lens import LIMITS
from sterefo_core.project import Project
from sterefo_core.types import Box, Follow, Hold, Lens, Release
from tests.faults.clip import Clip, pipeline_of

COUNT = 6
FRAME = st.integers(0, COUNT - 1)
side = st.floats(-20, 90)
box = st.builds(Box, side, side, side, side)
decision = st.one_of(
    st.builds(Follow, FRAME, box, arrive=st.booleans(), backward=st.booleans()),
    st.builds(Hold, FRAME, disparity=st.floats(0, 300), arrive=st.booleans()),
    st.builds(Hold, FRAME, metres=st.floats(0.01, 1e6)),
    st.builds(Release, FRAME),
)
lens = st.builds(
    Lens,
    aperture=st.floats(1e-3, 50),
    max_radius_px=st.floats(0.1, 60),
    blades=st.sampled_from([0, 5, 6, 7, 8, 9]),
    **{name: st.floats(low, high) for name, (low, high) in LIMITS.items()},
)
anything = st.floats() | st.integers(-9, 9).map(float)
odd_lens = st.builds(
    Lens, anything, anything, anything, st.integers(), anything, anything, anything, anything, anything
)
odd_decision = st.one_of(
    st.builds(Follow, st.integers(-3, 9), st.builds(Box, anything, anything, anything, anything)),
    st.builds(Hold, st.integers(-3, 9), disparity=anything),
    st.builds(Hold, st.integers(-3, 9), metres=anything),
)


def made(decisions, chosen_lens, **more):
    project = Project(lens=chosen_lens, **more)
    for one in decisions:
        project = project.with_decision(one)
    return project


def rendered(source, project, order):
    """The picture of every frame in this order; a SterefoError instead where one is raised."""
    shown = {}
    with pipeline_of(source, make_depth_engine("sgm")) as pipeline:
        for index in order:
            try:
                shown[index] = pipeline.process(pipeline.read(index), project).image
            except SterefoError as error:
                shown[index] = str(error)
    return shown


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    size=st.tuples(st.integers(16, 70), st.integers(16, 50)),
    decisions=st.lists(decision, max_size=4),
    chosen=lens,
    order=st.permutations(range(COUNT)),
    eased=st.fixed_dictionaries({"look_ahead": st.integers(0, 3), "transition_s": st.floats(0, 1)}),
)
def test_any_size_project_and_seek_gives_the_picture_of_playing(size, decisions, chosen, order, eased):
    source = Clip(*size, COUNT)
    project = made(decisions, chosen, **eased)
    try:
        project.check(source)
    except SterefoError:
        return
    played, sought = (rendered(source, project, frames) for frames in (range(COUNT), order))
    for index, image in played.items():
        if isinstance(image, str):
            assert isinstance(sought[index], str)
        else:
            assert image.shape == (*size[::-1], 3) and image.dtype == np.uint8
            np.testing.assert_array_equal(image, sought[index])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(decisions=st.lists(odd_decision, max_size=2), chosen=odd_lens, mm=st.none() | anything, transition_s=anything)
def test_what_cannot_be_is_refused_before_anything_is_rendered(decisions, chosen, mm, transition_s):
    source = Clip(32, 24, COUNT)
    project = made(decisions, chosen, aperture_mm=mm, transition_s=transition_s)
    try:
        project.check(source)
    except SterefoError as error:
        assert len(str(error).splitlines()) == 1
        return
    assert all(0 <= one.frame < COUNT for one in project.decisions)
    rendered(source, project, [0])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(disparity=st.floats(0, 500), chosen=lens, width=st.integers(16, 40), height=st.integers(16, 40))
def test_a_held_focus_with_any_lens_gives_a_picture(disparity, chosen, width, height):
    source = Clip(width, height, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        shown = rendered(source, made([Hold(0, disparity)], chosen), [0])[0]
    assert shown.shape == (height, width, 3)
