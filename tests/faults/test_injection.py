"""Sources, depth engines and disks that fail in mid-run: one line for the user, and files whole or untouched."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sterefo_core import export as export_module
from sterefo_core.depth import make_depth_engine
from sterefo_core.errors import BadFrameError, ExportError, SterefoError
from sterefo_core.export import ExportSettings, export
from sterefo_core.project import Project
from sterefo_core.sources import open_source
from sterefo_core.types import Box, DisparityMap, Follow, Hold, Lens
from tests.faults.clip import Clip, Told, pipeline_of, unreadable

LENS = Lens(aperture=0.5)
FOLLOWING = Project(lens=LENS).with_decision(Follow(0, Box(20, 12, 21, 24)))
HOLDING = Project(lens=LENS).with_decision(Hold(0, 4.0))
OLD = b"the film of yesterday"
NAN = math.nan


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "film.mkv"
    path.write_bytes(OLD)
    return path


def exported(source, target, depth=None, project=FOLLOWING, **how):
    with pipeline_of(source, depth or make_depth_engine("sgm")) as pipeline:
        return export(source, project, pipeline, ExportSettings(target, "ffv1", **how))


def assert_refused(source, target, says, error=SterefoError, **how):
    """One line that says so, and the folder as it was."""
    with pytest.raises(error, match=says) as caught:
        exported(source, target, **how)
    assert len(str(caught.value).splitlines()) == 1
    assert target.read_bytes() == OLD and [path.name for path in target.parent.iterdir()] == [target.name]


def frames_in(path):
    import av

    with av.open(str(path)) as video:
        return sum(1 for _ in video.decode(video=0))


@pytest.mark.parametrize(
    "times",
    [
        [0, 0.04, 0.04, 0.08],
        [0, 0.08, 0.04, 0.12],
        [0, 0.04, NAN, 0.12],
        [NAN, 0.04, 0.08, 0.12],
        [0, 0.04, math.inf, 1],
    ],
    ids=["repeated", "reversed", "nan", "nan first", "inf"],
)
def test_times_that_do_not_ascend_are_told_before_anything_is_rendered(target, times, monkeypatch):
    monkeypatch.setattr(export_module, "open_writer", None)
    assert_refused(Clip(count=4, times=times), target, r"clip: frame \d is at .* must ascend", ExportError)


def cut(frame):
    return replace(frame, left=frame.left[:40], right=frame.right[:40])


def right_cut(frame):
    return replace(frame, right=frame.right[:, :40])


@pytest.mark.parametrize("skip_bad", [False, True])
@pytest.mark.parametrize(
    ("spoil", "says"),
    [(cut, "64x40 pixels, the ones before it 64x48"), (right_cut, "frame 3 has a left picture of 64x48 and a right")],
)
def test_frames_of_another_size_in_mid_run_are_told_with_both_sizes(target, spoil, says, skip_bad):
    assert_refused(Clip(spoilt={3: spoil}), target, says, skip_bad=skip_bad)


def of_floats(frame):
    return replace(frame, left=np.full(frame.left.shape, NAN, np.float32))


def of_16_bits(frame):
    return replace(frame, right=frame.right.astype(np.uint16) * 257)


def grey(frame):
    return replace(frame, left=frame.left[..., 0])


@pytest.mark.parametrize("project", [FOLLOWING, HOLDING], ids=["following", "holding"])
@pytest.mark.parametrize("spoil", [of_floats, of_16_bits, grey])
def test_a_picture_that_is_not_8_bit_rgb_is_told_with_its_frame_or_passed_over(target, spoil, project):
    says = r"frame 3: its (left|right) picture is (float32|uint16|uint8) of shape .*, not 8-bit RGB"
    assert_refused(Clip(spoilt={3: spoil}), target, says, BadFrameError, project=project)
    assert len(exported(Clip(spoilt={3: spoil}), target, project=project, skip_bad=True)) == 1
    assert frames_in(target) == 8


def test_a_source_that_ends_early_is_told_or_ends_in_its_last_picture(target):
    source = Clip(spoilt=dict.fromkeys(range(5, 8), unreadable))
    assert_refused(source, target, "frame 5 is cut off: copy it again", BadFrameError)
    assert len(exported(source, target, skip_bad=True)) == 3
    assert frames_in(target) == 8


def test_a_source_with_no_readable_frame_is_told(target):
    assert_refused(Clip(spoilt=dict.fromkeys(range(8), unreadable)), target, "frame 0 is cut off", skip_bad=True)


@pytest.mark.parametrize("project", [FOLLOWING, HOLDING], ids=["following", "holding"])
@pytest.mark.parametrize("valid", [True, False])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_disparity_that_is_not_finite_is_told(target, value, valid, project):
    says = "the depth engine gave frame 0 no finite disparity"
    assert_refused(Clip(), target, says, depth=Told(value, valid), project=project)


class OfAnotherSize:
    def compute(self, frame):
        return DisparityMap(np.zeros((7, 9), np.float32), np.ones((7, 9), bool))


def test_disparity_of_another_size_is_told(target):
    assert_refused(Clip(), target, "frame 0 a disparity of another size", depth=OfAnotherSize())


@pytest.mark.parametrize("value", [0.0, 5.0, 1e30])
def test_where_nothing_is_measured_the_picture_stays_sharp_and_the_film_is_whole(target, value):
    with pipeline_of(Clip(), Told(value, valid=False)) as pipeline:
        for done in pipeline.run(FOLLOWING):
            assert done.focus.measured is None
            np.testing.assert_array_equal(done.image, done.frame.left)
    exported(Clip(), target, Told(value, valid=False))
    assert frames_in(target) == 8


@pytest.mark.parametrize(
    "box",
    [
        Box(20, 12, 0, 0),
        Box(20, 12, -5, 9),
        Box(900, 12, 9, 9),
        Box(NAN, 12, 9, 9),
        Box(20, 12, math.inf, 9),
    ],
    ids=["empty", "negative", "outside", "nan", "infinite"],
)
def test_boxes_that_hold_nothing_are_refused(target, box):
    project = Project(lens=LENS).with_decision(Follow(2, box))
    assert_refused(Clip(), target, "the box .* at frame 2 is outside the picture of 64x48", project=project)


@pytest.mark.parametrize("box", [Box(0, 0, 64, 48), Box(-1e9, -1e9, 2e9, 2e9), Box(60, 40, 1e6, 1e6)])
def test_huge_boxes_give_a_whole_film_or_one_line(target, box):
    try:
        exported(Clip(), target, project=Project(lens=LENS).with_decision(Follow(0, box)))
    except SterefoError as error:
        assert len(str(error).splitlines()) == 1 and target.read_bytes() == OLD
    else:
        assert frames_in(target) == 8


@pytest.mark.parametrize("address", ["a" * 5000, "x\ny", "\0", "/dev/null", "camera:\nx"])
def test_an_address_of_nonsense_is_one_line(address):
    with pytest.raises(SterefoError) as caught:
        open_source(address)
    assert len(str(caught.value).splitlines()) == 1
