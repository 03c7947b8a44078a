"""Scores of disparity maps, against errors counted by hand."""

import base64
import csv
import io
import json
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from sterefo_core.errors import SterefoError
from sterefo_core.evaluation.baselines import OpenCvDepth
from sterefo_core.evaluation.records import as_csv, as_json
from sterefo_core.evaluation.stereo_evaluation import evaluate_stereo, scores_cells, scores_rows
from sterefo_core.evaluation.stereo_report import error_colours, pair_section, stereo_report
from sterefo_core.evaluation.stereo_scores import is_outlier, near_depth_edges, stereo_scores
from sterefo_core.learning.samples import StereoSample
from sterefo_core.types import DisparityMap, StereoFrame


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
    scores = stereo_scores([(np.array([[10, 11, 12, 12.5, 13.5]], np.float32), known(np.full((1, 5), 10)))])
    assert (scores.bad1_percent, scores.bad2_percent, scores.bad3_percent) == (60, 40, 20)


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


def sample_of(true, **known_too):
    size = true.shape
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 256, (2, 3, *size), dtype=np.uint8)
    return StereoSample(left, right, true.astype(np.float32), valid=np.ones(size, bool), **known_too)


class Guessing:
    """An engine that says the same of every pair; with no `Source` in the way it may be wild."""

    def __init__(self, values, valid=None):
        self.values, self.calls, self.seen = np.array(values, np.float32), 0, []
        self.valid = np.ones(self.values.shape, bool) if valid is None else valid

    def compute(self, frame):
        self.calls += 1
        self.seen.append(frame)
        return DisparityMap(self.values, self.valid)


class Set(list):
    name = "drawn"


def stepped():
    """A near strip before a far one, whose 4 pixels beside it are hidden."""
    true = np.full((16, 40), 10.0)
    true[:, 20:] = 30
    hidden = np.zeros(true.shape, bool)
    hidden[:, 16:20] = True
    return true, hidden


def test_errors_are_split_by_occlusion_foreground_and_edges():
    true, hidden = stepped()
    guess = true.copy()
    guess[:, 16:20] = 30  # what is hidden gets the near disparity
    sample = sample_of(true, occluded=hidden, foreground=true == 30)
    (scores,) = evaluate_stereo({"guess": Guessing(guess)}, Set([sample]), [0])
    found = {region: (part.pixels, part.bad2_percent) for region, part in scores.regions.items()}
    assert found == {
        "all": (640, 10.0),
        "seen by both": (576, 0.0),
        "hidden": (64, 100.0),
        "foreground": (320, 0.0),
        "near edges": (160, 40.0),
    }


def test_wild_disparities_are_clipped_before_they_are_scored():
    true, hidden = stepped()
    (scores,) = evaluate_stereo({"wild": Guessing(true + 1e6)}, Set([sample_of(true, occluded=hidden)]), [0])
    assert scores.regions["all"].epe_px == pytest.approx((182 + 162) / 2)
    assert "foreground" not in scores.regions


def test_density_is_what_was_measured_and_engines_are_warmed_up():
    true, hidden = stepped()
    engine = Guessing(true, valid=~hidden)
    (scores,) = evaluate_stereo({"exact": engine}, Set([sample_of(true, occluded=None)] * 3), [0, 2])
    assert scores.density_percent == pytest.approx(90)
    assert engine.calls == 3  # two pairs, and the first one twice
    assert len({id(frame.left) for frame in engine.seen}) == 3  # an engine that knew the pictures would take no time
    assert scores.milliseconds >= 0


def test_a_set_without_truth_is_refused():
    true, _ = stepped()
    nothing = replace(sample_of(true, occluded=None), valid=np.zeros(true.shape, bool))
    with pytest.raises(SterefoError, match="no true disparities"):
        evaluate_stereo({"exact": Guessing(true)}, Set([nothing]), [0])


def two_scores():
    true, hidden = stepped()
    engines = {"good": Guessing(true), "bad": Guessing(true + 4)}
    return evaluate_stereo(engines, Set([sample_of(true, occluded=hidden)]), [0])


def test_scores_are_the_same_as_text_json_csv_and_html():
    scores = two_scores()
    rows = json.loads(as_json(scores_rows(scores)))
    assert [(row["engine"], row["region"]) for row in rows[:2]] == [("good", "all"), ("good", "seen by both")]
    read = list(csv.DictReader(io.StringIO(as_csv(scores_rows(scores)))))
    assert [float(row["epe_px"]) for row in read] == [row["epe_px"] for row in rows]
    cells = scores_cells(scores)
    assert len(cells) == 1 + len(rows)
    assert cells[5][:5] == ["drawn", "bad", "all", "640", "4.000"]
    html = re.findall("<t[hd]>(.*?)</t[hd]>", stereo_report(scores, []))
    assert html == [cell for row in cells for cell in row]


def test_near_edges_there_is_one_share_of_errors_above_2_px():
    true, hidden = stepped()
    guess = np.where(hidden, 30.0, true)
    scores = evaluate_stereo({"guess": Guessing(guess)}, Set([sample_of(true, occluded=hidden)]), [0])
    near = next(row for row in scores_rows(scores) if row["region"] == "near edges")
    assert [near[name] for name in near if "bad2" in name] == [40.0]


def test_the_report_holds_its_pictures_and_shows_names_as_they_are():
    true, hidden = stepped()
    sample, engine = sample_of(true, occluded=hidden), Guessing(true + 4)
    section = pair_section("<b>pair</b>", sample, {"a<b": engine.compute(None)})
    html = stereo_report(two_scores(), [section])
    assert "<b>pair" not in html
    assert "&lt;b&gt;pair" in html
    assert 'src="http' not in html
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    assert len(pictures) == 5  # left, right, truth, disparity, error
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(pictures[0]), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (16, 40, 3)


def test_errors_without_truth_are_grey_and_larger_ones_brighter():
    shown = error_colours(np.array([[0, 2, 5, 5]], np.float32), np.array([[True, True, True, False]]))
    assert shown[0, 3].tolist() == [96, 96, 96]
    assert shown[0, 0].sum() < shown[0, 1].sum() < shown[0, 2].sum()


@pytest.mark.parametrize("filtered", [False, True])
def test_opencv_baselines_find_a_plain_shift(filtered):
    rng = np.random.default_rng(1)
    wide = cv2.GaussianBlur(rng.integers(0, 256, (96, 260, 3), dtype=np.uint8), (0, 0), 1.2)
    frame = StereoFrame(0, 0.0, wide[:, :240], wide[:, 12:252])
    found = OpenCvDepth(filtered).compute(frame)
    assert found.values.shape == (96, 240)
    assert np.median(np.abs(found.values[:, 20:] - 12)) < 0.3
    assert found.valid[:, 20:].mean() > 0.8
