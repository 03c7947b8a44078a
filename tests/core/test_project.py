import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sterefo_core.errors import ExportError, ProjectError
from sterefo_core.project import Project
from sterefo_core.project_file import load_project, save_project
from sterefo_core.types import Box, Calibration, Follow, Hold, Lens, Release

EVERYTHING = Project(
    source="demo",
    layout="top-bottom",
    decisions=(
        Follow(3, Box(1, 2, 3.5, 4), backward=True, weak=True),
        Hold(7, 31.25),
        Hold(9, metres=12.0, arrive=True),
        Release(11),
    ),
    lens=Lens(
        aperture=0.3,
        max_radius_px=17,
        blades=7,
        roundness=0.25,
        highlights=0.5,
        squeeze=1.5,
        cats_eye=0.4,
        sharp_px=2.0,
    ),
    aperture_mm=85.0,
    transition_s=0.75,
    first_frame=2,
    last_frame=40,
    depth="sgm-full",
    look_ahead=2,
    automatic=True,
    steady_depth=False,
)


class FakeSource:
    """Just the facts that a project is checked against."""

    name, size, calibration = "clip", (640, 360), None

    def __len__(self):
        return 30


def test_a_project_comes_back_as_it_was_saved(tmp_path):
    path = tmp_path / "p.sterefo.json"
    save_project(EVERYTHING, path)
    assert load_project(path) == EVERYTHING
    assert [p.name for p in tmp_path.iterdir()] == ["p.sterefo.json"]


def test_a_project_of_before_there_was_looking_ahead_has_the_settings_of_a_fresh_one(tmp_path):
    path = tmp_path / "p.sterefo.json"
    save_project(EVERYTHING, path)
    document = json.loads(path.read_text())
    del document["look_ahead"], document["automatic"], document["steady_depth"]
    del document["decisions"][0]["backward"], document["decisions"][0]["weak"]
    path.write_text(json.dumps(document))
    loaded = load_project(path)
    for setting in ("look_ahead", "automatic", "steady_depth"):
        assert getattr(loaded, setting) == getattr(Project(), setting)
    assert loaded.decisions[0] == Follow(3, Box(1, 2, 3.5, 4))


def test_a_project_moved_with_its_source_still_finds_it(tmp_path, monkeypatch):
    (tmp_path / "shoot" / "left").mkdir(parents=True)
    (tmp_path / "shoot" / "right").mkdir()
    monkeypatch.chdir(tmp_path)
    save_project(Project(source="shoot/left,shoot/right"), tmp_path / "shoot" / "p.sterefo.json")
    assert json.loads((tmp_path / "shoot" / "p.sterefo.json").read_text())["source"] == "left,right"
    Path("shoot").rename("moved")
    assert load_project(tmp_path / "moved" / "p.sterefo.json").source == "moved/left,moved/right"


def test_an_unwritable_place_is_said(tmp_path):
    path = tmp_path / "absent" / "p.sterefo.json"
    with pytest.raises(ExportError, match="its folder does not exist"):
        save_project(EVERYTHING, path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not valid JSON"),
        ("[]", "does not say"),
        ('{"format": "sterefo project", "version": 99}', "version 99"),
        ('{"format": "sterefo project", "version": 1}', "damaged"),
        ("[" * 100_000, "not a project"),
        ("\x00\xff", "not a project"),
    ],
)
def test_what_is_not_a_project_is_refused_in_one_line_that_names_the_file(tmp_path, text, says):
    path = tmp_path / "p.sterefo.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ProjectError, match=says) as caught:
        load_project(path)
    assert "p.sterefo.json" in str(caught.value) and "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(
    key=st.sampled_from(
        ["source", "lens", "decisions", "aperture_mm", "first_frame", "depth", "transition_s", "version"]
    ),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    ),
)
def test_a_damaged_project_never_raises_anything_but_our_own_error(tmp_path_factory, key, value):
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "p.sterefo.json"
    save_project(EVERYTHING, path)
    document = json.loads(path.read_text())
    document[key] = value
    path.write_text(json.dumps(document))
    try:
        loaded = load_project(path)
    except ProjectError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(loaded, Project)


def test_the_last_decision_before_a_frame_is_in_force_and_one_on_the_same_frame_is_replaced():
    project = Project().with_decision(Hold(10, 5.0)).with_decision(Release(20)).with_decision(Hold(10, 6.0))
    assert [project.active(i) for i in (9, 10, 19, 20)] == [None, Hold(10, 6.0), Hold(10, 6.0), Release(20)]


def test_a_follow_that_goes_backward_is_in_force_from_after_the_decision_before_it():
    first, second = (Follow(frame, Box(1, 1, 9, 9), arrive=True, backward=True) for frame in (10, 20))
    assert Project(decisions=(first, second)).active(10) is first
    project = Project(decisions=(Hold(5, 7.0), second))
    assert [project.active(i) for i in (4, 5, 6, 20)] == [None, project.decisions[0], second, second]
    assert project.approached(4) is project.approached(5) is None
    assert (project.stretch(3), project.stretch(5)) == (range(5), range(5, 6))
    assert [frames for _, frames in project.stretches(30)] == [range(5, 6), range(6, 30)]
    assert Project(decisions=(first,)).followed(0) is first


@pytest.mark.parametrize(
    ("project", "says"),
    [
        (Project(decisions=(Hold(30, 5.0),)), "frame 30 is not in clip, which has frames 0..29"),
        (Project(decisions=(Follow(0, Box(700, 10, 20, 20)),)), "outside the picture of 640x360"),
        (Project(decisions=(Hold(0, metres=5.0),)), "needs a calibrated source"),
        (Project(decisions=(Hold(0, -3.0),)), "0 px or more"),
        (Project(aperture_mm=120.0), "needs a calibrated source"),
        (Project(lens=Lens(aperture=0.0)), "above 0"),
        (Project(lens=Lens(aperture=-1.0)), "above 0"),
        (Project(lens=Lens(aperture=float("nan"))), "above 0"),
        (Project(lens=Lens(max_radius_px=0.0)), "not usable"),
        (Project(lens=Lens(blades=3)), "5 to 9"),
        (Project(lens=Lens(roundness=1.5)), "roundness goes from 0 to 1: 1.5 is not usable"),
        (Project(lens=Lens(highlights=float("nan"))), "highlight strength goes from 0 to 1: nan"),
        (Project(lens=Lens(squeeze=0.5)), "squeeze goes from 1 to 2"),
        (Project(lens=Lens(cats_eye=-0.1)), "cat.s eye goes from 0 to 1"),
        (Project(lens=Lens(sharp_px=-1.0)), "sharp range goes from 0"),
        (Project(lens=Lens(blade_rotation_deg=400.0)), "blades. rotation goes from -360 to 360"),
        (Project(transition_s=-1.0), "not usable"),
        (Project(look_ahead=9), "looking 9 frames ahead is not usable: give 0 to 8"),
        (Project(first_frame=12, last_frame=5), "range 12..5 does not fit"),
        (Project(last_frame=30), "range 0..30 does not fit"),
    ],
)
def test_what_does_not_fit_the_source_is_refused(project, says):
    with pytest.raises(ProjectError, match=says):
        project.check(FakeSource())


def test_an_aperture_in_mm_means_the_same_blur_as_its_ratio_to_the_baseline():
    lens = Project(aperture_mm=108.0).resolved_lens(Calibration(700, 0.54, 320, 180))
    assert lens.aperture == pytest.approx(0.1)
