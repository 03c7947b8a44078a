"""The network as a depth engine, with the weights that ship, and architectures that refocus by themselves."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sterefo_core.depth import ARCHITECTURES, GUIDED_WEIGHTS, LEARNED, REFOCUSING, WEIGHTS, make_depth_engine
from sterefo_core.depth.guided import GuidedNetwork, widened
from sterefo_core.depth.learned import LearnedDepth, folded, load_network
from sterefo_core.errors import SterefoError
from sterefo_core.evaluation.stereo_scores import stereo_scores
from sterefo_core.learning.checkpoint import load_tensors, save_tensors
from sterefo_core.learning.datasets import open_samples
from sterefo_core.learning.synthetic import HELD_OUT, make_pair
from sterefo_core.lens import Lens
from sterefo_core.protocols import Renderer
from sterefo_core.sources import open_source
from sterefo_core.types import DisparityMap, StereoFrame

LENS = Lens(aperture=0.2, max_radius_px=5.0)


def held_out_frame(seed=2, height=120, width=245):
    sample = make_pair(HELD_OUT + seed, height, width, 60)
    left, right = (np.ascontiguousarray(image.transpose(1, 2, 0)) for image in (sample.left, sample.right))
    return StereoFrame(0, 0.0, left, right)


def found_by(engine, frame):
    """What the engine's network finds, before its edges are laid on those of the picture."""
    return engine.disparity_map(engine.predict(engine.tensor(frame.left), engine.tensor(frame.right)))


@pytest.fixture(scope="module", params=["net", "guided"])
def engine(request):
    return make_depth_engine(request.param)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (41, 75)])
def test_any_size_gives_a_finite_map_of_that_size(engine, size):
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    found = engine.compute(StereoFrame(0, 0.0, picture, picture))
    assert found.values.shape == found.valid.shape == size
    assert (found.values.dtype, found.valid.dtype) == (np.float32, np.bool_)
    assert np.isfinite(found.values).all() and found.values.min() >= 0


def test_what_the_right_camera_cannot_see_is_not_valid(engine):
    wide = np.random.default_rng(1).integers(0, 255, (96, 300, 3), np.uint8)
    found = engine.compute(StereoFrame(0, 0.0, wide[:, :260], wide[:, 40:]))  # everything is at 40 px
    assert np.median(found.values[:, 60:]) == pytest.approx(40, abs=2)
    assert not found.valid[:, :20].any()


@pytest.mark.parametrize("seed", [3, 5])
def test_edges_laid_on_those_of_the_picture_are_nearer_to_the_truth(engine, seed):
    size = 200, 401
    frame, truth = held_out_frame(seed, *size), make_pair(HELD_OUT + seed, *size, 60).disparity
    before, after = (np.abs(found.values - truth).mean() for found in (found_by(engine, frame), engine.compute(frame)))
    assert after < 0.98 * before


def test_a_frame_without_a_right_picture_is_refused(engine):
    with pytest.raises(SterefoError, match="no right picture"):
        engine.compute(StereoFrame(7, 0.0, np.zeros((8, 8, 3), np.uint8), None))


@pytest.mark.parametrize("name", ["net", "net-volume"])
def test_where_a_gpu_is_full_the_network_goes_on_on_the_cpu_and_says_so(name, caplog):
    frame = held_out_frame(height=40, width=80)
    expected = make_depth_engine(name).compute(frame).values
    engine, calls = make_depth_engine(name), []

    def full(*_):
        calls.append(1)
        if len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    engine.network.register_forward_pre_hook(full)
    assert np.array_equal(engine.compute(frame).values, expected)
    assert np.array_equal(engine.compute(replace(frame, left=frame.left.copy())).values, expected)
    assert [record.getMessage() for record in caplog.records] == ["the GPU's memory is full: depth goes on on the CPU"]
    assert len(calls) == 3


def test_folding_the_norms_changes_nothing():
    network = load_network(WEIGHTS).eval()
    left, right = torch.rand(2, 1, 3, 64, 96)
    with torch.no_grad():
        before = network(left, right).disparity
        after = folded(network)(left, right).disparity
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    torch.testing.assert_close(before, after, atol=0.02, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_replayed_graph_finds_what_the_network_finds_for_pictures_of_every_size():
    plain, replayed = (LearnedDepth(load_network(), "cuda", captured=captured) for captured in (False, True))
    for seed, width in ((2, 245), (3, 245), (4, 180)):
        frame = held_out_frame(seed, width=width)
        np.testing.assert_allclose(replayed.compute(frame).values, plain.compute(frame).values, atol=0.05)


@pytest.mark.parametrize("name", ["net", "guided"])
def test_other_weights_are_taken_by_file_name(tmp_path, name):
    copy = tmp_path / "mine.safetensors"
    copy.write_bytes(LEARNED[name].read_bytes())
    mine, shipped = (make_depth_engine(kind).compute(held_out_frame()).values for kind in (f"net={copy}", name))
    assert np.array_equal(mine, shipped)


def test_a_guided_network_begins_as_the_plain_one_did():
    guided, plain = GuidedNetwork().eval(), load_network(WEIGHTS).eval()
    guided.load_state_dict(widened(plain.state_dict()))
    left, right = torch.rand(2, 1, 3, 64, 96)
    with torch.no_grad():
        found = guided(left, right, guide=torch.full((1, 2, 64, 96), 0.5)).disparity
        torch.testing.assert_close(found, plain(left, right).disparity, atol=1e-3, rtol=0)


def test_what_was_measured_stays_within_half_a_pixel_and_the_network_finds_the_rest():
    frame, guided = held_out_frame(), make_depth_engine("guided")
    matching = make_depth_engine("sgm").compute(frame)
    assert 0.3 < matching.valid.mean() < 0.95
    away = np.abs(found_by(guided, frame).values - matching.values)
    assert away[matching.valid].max() <= 0.5 + 1e-3
    assert np.median(away[~matching.valid]) > 0.5


def test_the_shipped_guided_network_heeds_its_guide_and_does_not_believe_everything():
    sample = make_pair(HELD_OUT + 3, 256, 512, 60)
    network, pair = (
        load_network(GUIDED_WEIGHTS).eval(),
        [torch.from_numpy(x)[None] / 255 for x in (sample.left, sample.right)],
    )
    true, far = torch.from_numpy(sample.disparity), torch.zeros(sample.disparity.shape)

    def error(known, trust):
        guide = torch.stack((known, torch.full_like(known, trust)))[None]
        with torch.no_grad():
            return (network(*pair, guide).disparity[0, 0] - true).abs().mean()

    assert error(true, 0.9) < 0.7 * error(far, 0.0)
    assert error(far, 0.25) < 0.5 * true.mean()


def test_a_file_that_holds_no_weights_is_refused_in_one_line(tmp_path):
    (tmp_path / "other.safetensors").write_text("hello", encoding="utf-8")
    with pytest.raises(SterefoError, match=r"other\.safetensors"):
        make_depth_engine(f"net={tmp_path / 'other.safetensors'}")


def test_an_architecture_without_its_recipe_is_refused_in_one_line(tmp_path):
    tensors, _ = load_tensors(ARCHITECTURES / "volume.safetensors")
    save_tensors(tmp_path / "bare.safetensors", tensors, {})
    with pytest.raises(SterefoError, match=r"bare\.safetensors does not say of which architecture"):
        make_depth_engine(f"net={tmp_path / 'bare.safetensors'}")


@pytest.mark.parametrize("name", REFOCUSING)
def test_an_architecture_finds_depth_and_refocuses(name):
    frame = held_out_frame()
    engine = make_depth_engine(name, "cpu")
    disparity = engine.compute(frame)
    assert isinstance(engine, Renderer) and disparity.values.shape == frame.left.shape[:2]
    focus = float(np.median(disparity.values))
    picture = engine.render(frame.left, disparity.values, focus, LENS, frame.right)
    assert picture.shape == frame.left.shape and picture.dtype == np.uint8
    assert not np.array_equal(picture, frame.left)
    again = engine.render(frame.left.copy(), disparity.values, focus, LENS, frame.right)  # without what it kept
    assert np.abs(picture.astype(int) - again).max() <= 1


def test_the_shipped_networks_err_less_than_semi_global_matching_on_held_out_synthetic_pairs():
    samples, errors = open_samples("synthetic"), {"sgm": [], "net-half": [], "guided": []}
    engines = {name: make_depth_engine(name, "cpu") for name in errors}
    for sample in (samples[i] for i in range(0, 48, 6)):
        left, right = (np.ascontiguousarray(image.transpose(1, 2, 0)) for image in (sample.left, sample.right))
        for name, found in errors.items():
            disparity = engines[name].compute(StereoFrame(0, 0.0, left, right)).values
            found.append((disparity, DisparityMap(sample.disparity, sample.valid)))
    epe = {name: stereo_scores(found).epe_px for name, found in errors.items()}
    assert max(epe["net-half"], epe["guided"]) < epe["sgm"]


def test_the_shipped_network_knows_real_streets_that_it_has_never_learned_from(engine, real_data):
    source = open_source(str(real_data / "kitti2015"))
    pairs = [(engine.compute(source.read(i)).values, source.truth(i).disparity) for i in (0, 5, 10)]
    assert stereo_scores(pairs).d1_percent < 9


def test_the_guided_network_knows_real_streets_better_than_its_guide(real_data):
    source = open_source(str(real_data / "kitti2015"))
    guided, guide = (
        stereo_scores((engine.compute(source.read(i)).values, source.truth(i).disparity) for i in (0, 5, 10))
        for engine in (make_depth_engine("guided"), make_depth_engine("sgm"))
    )
    assert guided.d1_percent < guide.d1_percent
    assert guided.bad2_percent < guide.bad2_percent
    assert guided.edge_bad2_percent < guide.edge_bad2_percent
