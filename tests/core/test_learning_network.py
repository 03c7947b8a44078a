"""Stereo networks: what they accept, what they promise, and that their parts do what they say."""

import pytest
import torch

from sterefo_core.depth.blocks import (
    bin_shares,
    convex_upsampled,
    correlation_volume,
    expected_disparity,
    look_up,
    row_correlation,
    standardised,
)
from sterefo_core.depth.guided import GuidedNetwork
from sterefo_core.depth.network import BIN_PX, StereoNetwork, StereoPrediction
from sterefo_core.depth.paper_network import PaperNetwork, differences
from sterefo_core.learning.losses import near_edges, paper_loss, stereo_loss, volume_loss


@pytest.fixture(params=[StereoNetwork, GuidedNetwork, PaperNetwork])
def network(request):
    torch.manual_seed(0)
    return request.param().eval()


@torch.no_grad()
@pytest.mark.parametrize("size", [(1, 1), (33, 70), (64, 96)])
def test_pictures_of_any_size_give_a_map_of_their_size_that_is_nowhere_negative(network, size):
    prediction = network(torch.rand(1, 3, *size), torch.rand(1, 3, *size))
    assert prediction.disparity.shape == (1, 1, *size)
    assert torch.isfinite(prediction.disparity).all() and (prediction.disparity >= 0).all()


@torch.no_grad()
def test_one_grey_channel_is_the_same_as_three_equal_ones(network):
    left, right = torch.rand(2, 1, 1, 40, 64)
    colour = network(left.expand(-1, 3, -1, -1), right.expand(-1, 3, -1, -1)).disparity
    torch.testing.assert_close(network(left, right).disparity, colour)


@torch.no_grad()
@pytest.mark.parametrize("network", [StereoNetwork, PaperNetwork], indirect=True)
def test_the_scale_and_exposure_of_an_eye_hardly_matter(network):
    left, right = torch.rand(2, 1, 3, 64, 96)
    plain = network(left, right).disparity
    changed = network(255 * left, 0.6 * right + 0.1).disparity
    assert (plain - changed).abs().median() < 0.1


def test_our_network_has_less_than_a_million_parameters():
    assert sum(p.numel() for p in StereoNetwork().parameters()) < 1_000_000


def test_the_largest_correlation_is_where_the_picture_was_moved_from():
    torch.manual_seed(1)
    right = torch.randn(1, 16, 5, 40)
    left = right.roll(7, dims=-1)  # what is at column x on the right is at x + 7 on the left
    volume = correlation_volume(row_correlation(left, right, groups=2), 12)
    assert volume.shape == (1, 2, 12, 5, 40)
    assert (volume.mean(1)[..., 12:].argmax(dim=1) == 7).all()
    assert (volume[:, :, 9, :, :9] == 0).all()  # there the right picture ends


def test_the_volume_is_what_a_look_up_finds_at_every_disparity():
    correlation = torch.rand(1, 1, 5, 40, 40)
    volume = correlation_volume(correlation, 12)[:, 0]
    torch.testing.assert_close(look_up(correlation, torch.full((1, 1, 5, 40), 6.0), 5), volume[:, 1:])


def test_a_look_up_between_columns_is_the_mean_of_both():
    correlation = torch.arange(8.0).expand(1, 1, 1, 8, 8)  # depends on the right column only
    found = look_up(correlation, torch.full((1, 1, 1, 8), 1.5), 1)
    torch.testing.assert_close(found[0, 1, 0, 2:], torch.arange(8.0)[2:] - 1.5)
    torch.testing.assert_close(found[0, :, 0, 4], torch.tensor([3.5, 2.5, 1.5]))


def test_a_block_across_an_edge_has_shares_of_both_surfaces():
    disparity, trust = torch.full((1, 1, 8, 16), 3.0 * BIN_PX), torch.ones(1, 1, 8, 16)
    disparity[..., 6:] = 10.25 * BIN_PX
    trust[..., 8:] = 0.25
    shares = bin_shares(disparity, trust, 24, BIN_PX)
    torch.testing.assert_close(shares[0, [3, 10, 11], 0, 0], torch.tensor([0.75, 0.25 * 0.75, 0.25 * 0.25]))
    torch.testing.assert_close(shares.sum(dim=1)[0, 0], torch.tensor([1, 0.25]))


def test_the_far_side_of_an_edge_has_no_say_in_the_expected_disparity():
    logits = torch.full((1, 24, 1, 1), -20.0)
    logits[:, [4, 5, 20]] = torch.tensor([3.0, 3.0, 2.5]).reshape(1, 3, 1, 1)
    assert expected_disparity(logits).item() == pytest.approx(4.5, abs=1e-3)


def test_a_certain_first_bin_is_disparity_0():
    logits = torch.zeros(1, 24, 2, 2)
    logits[:, 0] = 50
    assert (expected_disparity(logits) < 1e-6).all()


def test_convex_upsampling_multiplies_a_constant_by_its_factor():
    fine = convex_upsampled(torch.full((1, 1, 3, 4), 2.0), torch.randn(1, 9 * 16, 3, 4))
    torch.testing.assert_close(fine, torch.full((1, 1, 12, 16), 8.0))


def test_convex_upsampling_never_leaves_the_range_of_its_neighbours():
    coarse = torch.rand(1, 1, 6, 6)
    fine = convex_upsampled(coarse, 5 * torch.randn(1, 9 * 4, 6, 6)) / 2
    assert fine.max() <= coarse.max() + 1e-6 and fine.min() >= coarse.min() - 1e-6


def test_standardised_pictures_have_mean_0_and_deviation_1():
    image = standardised(40 + 9 * torch.randn(2, 3, 50, 60))
    torch.testing.assert_close(image.mean(dim=(1, 2, 3)), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(image.std(dim=(1, 2, 3)), torch.ones(2), atol=1e-2, rtol=0)


def test_the_papers_volume_begins_at_disparity_0():
    left = torch.rand(1, 2, 3, 9)
    volume = differences(left, left, 4)
    assert (volume[:, :, 0] == 0).all()
    torch.testing.assert_close(volume[:, :, 2, :, 2:], left[..., 2:] - left[..., :-2])


def test_the_papers_network_answers_the_same_alone_and_in_a_batch_while_training():
    network = PaperNetwork().train()
    left, right = torch.rand(2, 3, 3, 32, 64)
    together = network(left, right).disparity
    torch.testing.assert_close(network(left[:1], right[:1]).disparity, together[:1], atol=1e-3, rtol=1e-3)


def prediction_of(disparity, network=StereoNetwork):
    torch.manual_seed(0)
    return network()(*torch.rand(2, len(disparity), 3, *disparity.shape[-2:]))


@pytest.mark.parametrize("loss", [stereo_loss, paper_loss])
def test_what_is_nearer_than_the_volume_reaches_does_not_count(loss):
    near = torch.full((1, 1, 32, 64), 10.0)
    far_out = near.clone()
    far_out[..., 32:] = 500.0
    prediction, valid = prediction_of(near), torch.ones_like(near, dtype=torch.bool)
    only_left = valid.clone()
    only_left[..., 32:] = False
    torch.testing.assert_close(loss(prediction, far_out, valid), loss(prediction, near, only_left))


def test_what_the_right_camera_does_not_see_counts_for_less():
    disparity = torch.full((1, 1, 32, 64), 16.0)
    logits = torch.zeros(1, 24, 4, 8)
    logits[:, 2] = 9.0
    prediction = StereoPrediction(disparity.clone(), (disparity.clone(),), logits)
    disparity[..., :32] = 150.0  # where the prediction is wrong
    wrong, valid = disparity > 100, disparity > 0
    assert stereo_loss(prediction, disparity, valid, wrong) < 0.7 * stereo_loss(prediction, disparity, valid, ~wrong)


def test_the_papers_loss_is_robust_and_sums_over_the_stages():
    disparity = torch.zeros(1, 1, 32, 64)
    exact, off = disparity.clone(), disparity + 2 * 3**0.5  # 2 * sqrt(3) px off cost sqrt(3 + 1) - 1 = 1
    prediction = StereoPrediction(exact, (off[..., ::8, ::8], exact, off), torch.zeros(1, 24, 4, 8))
    assert paper_loss(prediction, disparity, disparity == 0).item() == pytest.approx(2, abs=1e-4)


def test_a_batch_without_any_truth_has_a_loss_of_0():
    disparity = torch.zeros(1, 1, 32, 64)
    assert stereo_loss(prediction_of(disparity), disparity, disparity > 1).item() == 0


def test_the_volume_loss_is_least_where_each_surface_of_a_block_has_its_share():
    disparity = torch.full((1, 1, 8, 8), 3.0 * BIN_PX)
    disparity[..., 6:] = 10.0 * BIN_PX
    share = torch.full((1, 24, 1, 1), 1e-9)
    share[:, 3], share[:, 10] = 0.75, 0.25
    best = volume_loss(share.log(), disparity, disparity > 0)
    share[:, 3], share[:, 10] = 0.6, 0.4
    assert best < volume_loss(share.log(), disparity, disparity > 0)


def test_edges_are_where_the_row_jumps():
    disparity = torch.zeros(1, 1, 6, 40)
    disparity[..., 20:] = 9
    assert near_edges(disparity, disparity >= 0)[0, 0, 0].nonzero().flatten().tolist() == list(range(15, 25))
