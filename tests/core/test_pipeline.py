import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from sterefo_core.depth import make_depth_engine
from sterefo_core.errors import BadFrameError, TrackerError
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.refocus import make_renderer
from sterefo_core.sources import open_source
from sterefo_core.types import Box, DisparityMap, Follow, Hold, Lens, Release, TrackState
from tests.moving_square import FOLLOW, FRAMES, SQUARE_PX, WALL_PX, make_sequence
from trackers import make_tracker


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    with closing(open_source(str(make_sequence(tmp_path_factory.mktemp("moving") / "00", frames=12)))) as opened:
        yield opened


def pipeline_of(source):
    return Pipeline(source, make_depth_engine("sgm"), make_renderer("cpu"), make_tracker)


@pytest.fixture
def pipeline(source):
    with pipeline_of(source) as made:
        yield made


FOLLOWING = Project(decisions=(FOLLOW, Hold(6, float(WALL_PX)), Release(9)), lens=Lens(aperture=0.4), transition_s=0.3)


def played(pipeline, project):
    return list(pipeline.run(project))


def test_every_result_is_of_one_and_the_same_moment(source, pipeline):
    for index, shot in enumerate(played(pipeline, FOLLOWING)):
        assert shot.frame.index == index and shot.frame.timestamp_s == source.timestamp_s(index)
        if index < 6:
            assert shot.track.box.overlap(Box(60 + index, 30, 40, 36)) > 0.7
            assert shot.focus.measured == pytest.approx(SQUARE_PX, abs=0.5)


def test_without_a_decision_the_picture_is_untouched(source, pipeline):
    shot = pipeline.process(source.read(0), Project())
    assert np.array_equal(shot.image, shot.frame.left)
    assert shot.track.state is TrackState.IDLE and shot.focus.disparity is None


def test_a_whole_run_without_decisions_leaves_every_picture_as_it_is(pipeline):
    shots = played(pipeline, Project())
    assert len(shots) == 12 and all(np.array_equal(shot.image, shot.frame.left) for shot in shots)


def test_letting_go_ends_in_the_untouched_picture(pipeline):
    last = played(pipeline, FOLLOWING)[-1]
    assert last.focus.strength < 1 and last.track.state is TrackState.IDLE
    done = played(pipeline, replace(FOLLOWING, transition_s=0.1))[-1]
    assert done.focus.strength == 0 and np.array_equal(done.image, done.frame.left)


@pytest.mark.parametrize("order", [(11, 3, 7, 0, 5), (8, 8, 2), (4, 10)])
def test_a_seek_shows_what_playing_there_shows(source, pipeline, order):
    with pipeline_of(source) as other:
        straight = played(other, FOLLOWING)
    for index in order:
        for missing in pipeline.unobserved(index, FOLLOWING):
            pipeline.observe(source.read(missing), FOLLOWING)
        shot = pipeline.process(source.read(index), FOLLOWING)
        assert shot.track == straight[index].track and shot.focus == straight[index].focus
        assert np.array_equal(shot.image, straight[index].image)


BACKWARD = replace(FOLLOWING, decisions=(Hold(0, float(WALL_PX)), Follow(8, Box(68, 30, 40, 36), backward=True)))


def test_an_object_is_followed_backward_to_the_decision_before(source, pipeline):
    shots = played(pipeline, BACKWARD)
    assert shots[0].track.state is TrackState.IDLE and shots[0].focus.disparity == WALL_PX
    for index in range(1, 12):
        assert shots[index].track.box.overlap(Box(60 + index, 30, 40, 36)) > 0.7
        assert shots[index].focus.measured == pytest.approx(SQUARE_PX, abs=0.5)
    assert WALL_PX < shots[2].focus.disparity < SQUARE_PX  # the change is made where the object begins to be followed


@pytest.mark.parametrize("order", [(11, 3, 7, 0, 5), (4, 10)])
def test_a_seek_into_what_is_followed_backward_shows_what_playing_there_shows(source, pipeline, order):
    with pipeline_of(source) as other:
        straight = played(other, BACKWARD)
    for index in order:
        shot = pipeline.process(source.read(index), BACKWARD)
        assert shot.track == straight[index].track and shot.focus == straight[index].focus


def test_a_focus_to_be_complete_at_its_frame_is_seen_there_and_on_the_way_and_by_a_seek(source, pipeline):
    project = replace(FOLLOWING, decisions=(Follow(6, Box(66, 30, 40, 36), arrive=True),))
    shots = played(pipeline, project)
    assert [shot.focus.strength for shot in shots[:4]] == [0.0] * 4
    assert 0 < shots[4].focus.strength < shots[5].focus.strength < shots[6].focus.strength == 1.0
    assert shots[5].focus.disparity == pytest.approx(SQUARE_PX, abs=0.5)
    with pipeline_of(source) as other:
        assert np.array_equal(other.process(source.read(5), project).image, shots[5].image)


def test_nothing_is_observed_twice(source, pipeline):
    project = replace(FOLLOWING, look_ahead=0)
    assert pipeline.unobserved(5, project) == [0, 1, 2, 3, 4]
    for index in range(3):
        pipeline.process(source.read(index), project)
    assert pipeline.unobserved(5, project) == [3, 4]
    assert pipeline.unobserved(2, project) == []
    played(pipeline, project)
    assert pipeline.unobserved(11, project) == []


def test_the_frames_after_a_frame_are_looked_at_as_far_as_they_have_a_say_in_it(source, pipeline):
    project = replace(FOLLOWING, look_ahead=3)
    assert pipeline.unobserved(1, project) == [0, 1, 2, 3, 4]
    pipeline.process(source.read(1), project)
    assert pipeline.unobserved(2, project) == [5]
    assert pipeline.unobserved(4, project) == [5]  # what follows is no longer about this object
    assert pipeline.unobserved(11, replace(FOLLOWING_SHORT, look_ahead=3)) == [5, 6, 7, 8, 9, 10]


class Trembling:
    """Exact depth but for an offset that is another one in every frame."""

    def compute(self, frame):
        offset = np.random.default_rng(frame.index).normal(0, 0.3)
        values = np.full(frame.left.shape[:2], SQUARE_PX + offset, np.float32)
        return DisparityMap(values, np.ones(values.shape, bool))


def test_looking_ahead_brings_the_focus_nearer_to_the_truth(source):
    wrong = {}
    for ahead in (0, 4):
        project = replace(FOLLOWING_SHORT, look_ahead=ahead, lens=Lens(aperture=1.0))
        with Pipeline(source, Trembling(), make_renderer("cpu"), make_tracker) as pipeline:
            wrong[ahead] = np.mean([abs(shot.focus.disparity - SQUARE_PX) for shot in played(pipeline, project)[:8]])
    assert wrong[4] < 0.8 * wrong[0]


def test_another_lens_on_the_same_frame_costs_the_refocusing_only(source, pipeline):
    frame = source.read(0)
    pipeline.process(frame, FOLLOWING)
    wider = pipeline.process(frame, replace(FOLLOWING, lens=Lens(aperture=1.5)))
    assert set(wider.milliseconds) == {"focus", "refocus"}


def test_a_wider_aperture_and_a_larger_limit_blur_more(source, pipeline):
    def blurred(**lens):
        shot = pipeline.process(source.read(0), replace(FOLLOWING, lens=Lens(**lens)))
        return float(np.abs(shot.image.astype(int) - shot.frame.left).mean())

    assert blurred(aperture=0.05) < blurred(aperture=0.3) < blurred(aperture=1.0)
    assert blurred(aperture=1.0, max_radius_px=2) < blurred(aperture=1.0, max_radius_px=10)


def test_dropped_frames_do_not_change_the_focus_at_a_time(source):
    project = Project(decisions=(Hold(0, 20.0), Hold(4, 9.0)), transition_s=0.5)
    with pipeline_of(source) as every, pipeline_of(source) as some:
        straight = played(every, project)
        for index in (0, 3, 5, 8):
            assert some.process(source.read(index), project).focus == straight[index].focus


def test_a_box_that_cannot_be_followed_is_said(source, pipeline):
    with pytest.raises(TrackerError):
        pipeline.process(source.read(0), Project(decisions=(Follow(0, Box(5, 5, 1, 1)),)))


def test_a_bad_frame_is_repeated_only_where_that_was_asked(tmp_path):
    folder = make_sequence(tmp_path / "00")
    (folder / "image_3" / "000002.png").unlink()
    with closing(open_source(str(folder))) as broken, pipeline_of(broken) as pipeline:
        with pytest.raises(BadFrameError, match=r"image_3.000002.png"):
            played(pipeline, FOLLOWING_SHORT)
        bad = []
        shots = list(pipeline.run(FOLLOWING_SHORT, bad.append))
    assert len(bad) == 1 and [shot.frame.index for shot in shots] == list(range(FRAMES))
    assert np.array_equal(shots[2].image, shots[1].image)


FOLLOWING_SHORT = Project(decisions=(FOLLOW,), look_ahead=0)


def test_a_frame_passed_over_is_not_asked_for_again_and_the_tracker_goes_on_after_it(source, pipeline):
    for index in (0, 1):
        pipeline.observe(source.read(index), FOLLOWING_SHORT)
    pipeline.pass_over(2)
    assert pipeline.unobserved(5, FOLLOWING_SHORT) == [3, 4]
    for index in (3, 4):
        pipeline.observe(source.read(index), FOLLOWING_SHORT)
    assert pipeline.unobserved(5, FOLLOWING_SHORT) == []
    assert pipeline.process(source.read(5), FOLLOWING_SHORT).track.state is TrackState.TRACKING


def test_a_decision_on_a_frame_that_passed_takes_effect_at_the_next_one(source, pipeline):
    pipeline.pass_over(0)
    assert pipeline.unobserved(1, FOLLOWING_SHORT) == []
    assert pipeline.process(source.read(1), FOLLOWING_SHORT).track.state is TrackState.TRACKING


def test_forgotten_frames_are_never_asked_for_and_what_was_decided_there_stays_in_force(source, pipeline):
    project = replace(FOLLOWING_SHORT, transition_s=0.1)
    straight = played(pipeline, project)
    pipeline.forget(8)
    assert pipeline.unobserved(11, project) == []
    edited = replace(project, decisions=(*project.decisions, Hold(11, float(WALL_PX))))
    assert pipeline.unobserved(11, edited) == []
    assert pipeline.process(source.read(10), edited).focus.disparity == pytest.approx(straight[10].focus.disparity)
    restarted = replace(project, decisions=(Follow(0, Box(50, 30, 50, 36)),))
    assert pipeline.unobserved(11, restarted) == [8, 9, 10]


def test_a_pipeline_that_goes_on_from_another_follows_on_without_the_frames_that_passed(source, pipeline):
    straight = played(pipeline, FOLLOWING_SHORT)
    with pipeline_of(source) as earlier, pipeline_of(source) as later:
        for index in range(8):
            earlier.process(source.read(index), replace(FOLLOWING_SHORT, look_ahead=0))
        later.go_on_from(earlier)
        assert later.unobserved(8, replace(FOLLOWING_SHORT, look_ahead=0)) == []
        assert later.process(source.read(8), FOLLOWING_SHORT).track == straight[8].track


def test_a_pipeline_that_goes_on_from_another_does_not_ask_again_for_what_could_not_be_read(source):
    with pipeline_of(source) as earlier, pipeline_of(source) as later:
        earlier.observe(source.read(0), FOLLOWING_SHORT)
        earlier.pass_over(1)
        later.go_on_from(earlier)
        assert later.unobserved(2, FOLLOWING_SHORT) == []


def test_a_closed_pipeline_leaves_no_thread(source):
    before = set(threading.enumerate())
    with pipeline_of(source) as pipeline:
        pipeline.process(source.read(0), FOLLOWING)
    assert set(threading.enumerate()) == before
