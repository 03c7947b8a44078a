"""The architectures: gradients reach the stereo weights through each, and light is treated as light."""

import numpy as np
import pytest
import torch

from sterefo_core.depth.network import BIN_PX, StereoNetwork
from sterefo_core.learning.architectures import ARCHITECTURES, make_architecture
from sterefo_core.learning.losses import stereo_loss
from sterefo_core.learning.objectives import random_lens, refocus_loss
from sterefo_core.learning.slices import refocused_slices
from sterefo_core.lens import Lens
from sterefo_core.refocus.functional import refocus

LENS = Lens(aperture=0.25, max_radius_px=6.0)


def one_pair(height=64, width=128, near=24, far=8):
    """A textured square of disparity `near` before a textured wall of disparity `far`, both exact."""
    rng = np.random.default_rng(5)
    wall, square = rng.random((3, height, width + 64)), rng.random((3, height, width + 64))
    inside = np.zeros((height, width + 64), bool)
    inside[16:48, 72:112] = True
    left = np.where(inside[:, :width], square[..., :width], wall[..., :width])
    there = np.roll(inside, -near, axis=1)
    right = np.where(there, np.roll(square, -near, axis=2), np.roll(wall, -far, axis=2))[..., :width]
    disparity = np.where(inside[:, :width], near, far)
    as_tensor = lambda x: torch.tensor(x, dtype=torch.float32)[None]  # noqa: E731
    truth = as_tensor(disparity)[None]
    return {
        "left": as_tensor(left),
        "right": as_tensor(right),
        "disparity": truth,
        "valid": torch.ones_like(truth, dtype=torch.bool),
    }


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("network", ["compact", "paper"])
def test_gradients_of_the_refocused_picture_reach_the_stereo_weights(name, network):
    torch.manual_seed(0)
    model = make_architecture(name, network)
    batch = one_pair()
    lens = Lens(aperture=0.04, max_radius_px=8.0)  # nothing reaches its largest radius, where no gradient is
    image = model(batch["left"], batch["right"], torch.tensor([24.0]), lens).image
    assert image.shape == batch["left"].shape
    image.square().sum().backward()
    first = next(model.stereo.parameters())
    assert torch.isfinite(first.grad).all() and first.grad.abs().max() > 0


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_constant_picture_stays_constant(name):
    torch.manual_seed(0)
    model = make_architecture(name, "compact").eval()
    grey = torch.full((1, 3, 40, 56), 0.5)
    with torch.no_grad():
        image = model(grey, grey, 12.0, LENS).image
    torch.testing.assert_close(image, torch.full_like(grey, 0.21404), atol=2e-3, rtol=0)


@pytest.fixture(scope="module")
def six_px_too_near():
    """Weights of a stereo network that sees everything in `one_pair` 6 px too near."""
    torch.manual_seed(0)
    network, batch = StereoNetwork(), one_pair()
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
    for _ in range(40):
        loss = stereo_loss(network(batch["left"], batch["right"]), batch["disparity"] + 6, batch["valid"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_overfitting_one_pair_by_its_refocused_picture_alone_improves_the_disparity(name, six_px_too_near):
    model, batch = make_architecture(name, "compact"), one_pair()
    model.stereo.load_state_dict(six_px_too_near)
    optimizer = torch.optim.AdamW(model.stereo.parameters(), 5e-4)
    errors = []
    for _ in range(16):
        prediction = model.stereo(batch["left"], batch["right"])
        seen = expected(prediction) if name.startswith("volume") else prediction.disparity.detach()
        errors.append(float((seen - batch["disparity"]).abs().mean()))
        loss = refocus_loss(model, prediction, batch, torch.tensor([8.0]), Lens(aperture=0.2, max_radius_px=8.0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert errors[-1] < 0.8 * errors[0]


def expected(prediction):
    """The mean disparity of the volume, all that volume architectures look at."""
    bins = BIN_PX * torch.arange(prediction.logits.shape[1]).reshape(1, -1, 1, 1)
    mean = (prediction.logits.detach().softmax(1) * bins).sum(1, keepdim=True)
    return torch.nn.functional.interpolate(mean, scale_factor=float(BIN_PX))


def test_slices_of_certain_disparities_refocus_like_the_definition():
    torch.manual_seed(2)
    image = torch.rand(1, 3, 48, 64)
    disparity = torch.full((1, 1, 48, 64), 4.0 * BIN_PX)
    share = torch.zeros(1, 24, 48, 64)
    share[:, 4] = 1
    expected = refocus(image, disparity, 16.0, LENS)
    torch.testing.assert_close(refocused_slices(image, share, 16.0, LENS), expected, atol=1e-4, rtol=0)


def test_a_slice_in_focus_covers_blurred_ones_behind_it():
    image = torch.zeros(1, 3, 40, 60)
    image[..., 30:] = 1  # a bright near surface in focus on the right, a dark far one on the left
    share = torch.zeros(1, 24, 40, 60)
    share[:, 1, :, :30], share[:, 6, :, 30:] = 1, 1
    refocused = refocused_slices(image, share, 6.0 * BIN_PX, LENS)
    torch.testing.assert_close(refocused[..., 30:], image[..., 30:], atol=1e-4, rtol=0)
    assert refocused[..., :30].max() < 1e-4  # and its light does not leak


def test_the_lens_of_a_step_is_its_own_and_the_same_every_time():
    batch = one_pair()
    assert random_lens(batch, 1, 8) == random_lens(batch, 1, 8)
    assert random_lens(batch, 1, 8)[1] != random_lens(batch, 1, 9)[1]
