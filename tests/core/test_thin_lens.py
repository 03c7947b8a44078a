"""The true defocus: what any lens must do, and the cases made of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sterefo_core.errors import SterefoError
from sterefo_core.evaluation.thin_lens import aperture_points, thin_lens, thin_lens_cases, views_needed
from sterefo_core.scenes.layers import Scene, placed, premultiplied, render_left

SIZE = (96, 64)


def _plane(disparity: float, seed: int = 0) -> Scene:
    blocks = np.random.default_rng(seed).random((30, 40, 3)).repeat(5, axis=0).repeat(5, axis=1)
    return Scene((placed(premultiplied(blocks), -40, -40, (0, 0, disparity)),))


def _disk(radius: float) -> np.ndarray:
    """A disk kernel with exact coverage at its edge, to a fraction of a percent."""
    fine, half = 21, int(np.ceil(radius)) + 1
    offsets = (np.arange(fine * (2 * half + 1)) + 0.5) / fine - half - 0.5
    inside = np.hypot(offsets[:, None], offsets[None]) <= radius
    cells = inside.reshape(2 * half + 1, fine, 2 * half + 1, fine).mean(axis=(1, 3))
    return cells / cells.sum()


def test_a_constant_scene_stays_constant():
    grey = premultiplied(np.full((150, 200, 3), 0.3))
    scene = Scene((placed(grey, -50, -40, (0.01, 0.05, 3)), placed(grey[:30, :30], 20, 20, (0, 0, 20), 1)))
    np.testing.assert_allclose(thin_lens(scene, 5.0, 0.5, SIZE, 64), 0.3, rtol=1e-5)


def test_the_plane_in_focus_is_untouched():
    scene = _plane(12.0)
    np.testing.assert_allclose(thin_lens(scene, 12.0, 0.8, SIZE, 64), render_left(scene, SIZE).image, rtol=1e-5)


@pytest.mark.parametrize("focus", [2.0, 22.0])
def test_a_plane_out_of_focus_is_its_convolution_with_a_disk_of_the_radius_optics_gives(focus):
    scene, radius = _plane(12.0), 0.5 * 10
    sharp = render_left(Scene((placed(scene.layers[0].texture, 0, 0, (0, 0, 12.0)),)), (200, 150)).image
    expected = cv2.filter2D(sharp, -1, _disk(radius))[40:104, 40:136]
    result = thin_lens(scene, focus, 0.5, SIZE, 512)
    assert np.sqrt(np.mean((result - expected) ** 2)) < 0.004
    assert np.sqrt(np.mean((result - cv2.filter2D(sharp, -1, _disk(radius * 1.1))[40:104, 40:136]) ** 2)) > 0.008


def test_the_energy_of_a_small_light_is_kept():
    light = np.zeros((5, 5, 3))
    light[1:4, 1:4] = 40.0
    black = premultiplied(np.zeros((150, 200, 3)))
    scene = Scene(
        (placed(black, -50, -40, (0, 0, 2)), placed(premultiplied(light, light[..., 0] / 40), 46, 30, (0, 0, 20), 1))
    )
    result = thin_lens(scene, 2.0, 0.5, SIZE, 256)
    assert result.sum() == pytest.approx(light.sum(), rel=1e-4)
    assert result.max() < 40.0 / 20  # 9 px of light on a disk of 254 px


def test_more_views_come_closer_to_the_limit():
    scene = Scene((*_plane(3.0).layers, placed(_plane(0, 1).layers[0].texture[:40, :40], 30, 12, (0, 0, 20.0), 1)))
    limit = thin_lens(scene, 3.0, 0.5, SIZE, 2048)
    errors = [np.sqrt(np.mean((thin_lens(scene, 3.0, 0.5, SIZE, n) - limit) ** 2)) for n in (8, 32, 128, 512)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2] > 8 * errors[3]


def test_aperture_points_fill_the_disk_evenly():
    points = aperture_points(400)
    assert np.hypot(*points.T).max() <= 1.01
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(points.T @ points / 400, np.eye(2) / 4, atol=0.003)


def test_larger_disks_get_more_views_within_bounds():
    assert [views_needed(r) for r in (1, 12, 25, 100)] == [256, 256, 982, 1024]


def test_cases_are_deterministic_and_their_largest_blur_is_the_one_asked_for():
    cases = list(thin_lens_cases(SIZE, kinds=("upright",), radii_px=(3.0,)))
    assert [case.focus for case in cases] == ["near", "middle", "far"]
    assert cases[0].focus_disparity > cases[1].focus_disparity > cases[2].focus_disparity
    for case in cases:
        assert np.abs(case.disparity - case.focus_disparity).max() * case.aperture == pytest.approx(3.0)
    again = next(thin_lens_cases(SIZE, kinds=("upright",), radii_px=(3.0,)))
    np.testing.assert_array_equal(again.truth, cases[0].truth)


def test_a_cached_truth_is_the_same_and_a_damaged_one_is_rendered_again(tmp_path):
    ask = {"kinds": ("upright",), "focuses": ("near",), "radii_px": (3.0,)}
    fresh = next(thin_lens_cases(SIZE, **ask)).truth
    np.testing.assert_array_equal(next(thin_lens_cases(SIZE, **ask, cache=tmp_path)).truth, fresh)
    (stored,) = tmp_path.iterdir()
    np.savez(stored, truth=fresh * 2)
    np.testing.assert_array_equal(next(thin_lens_cases(SIZE, **ask, cache=tmp_path)).truth, fresh * 2)
    for damage in (b"", b"not a picture", stored.read_bytes()[:1000]):
        stored.write_bytes(damage)
        np.testing.assert_array_equal(next(thin_lens_cases(SIZE, **ask, cache=tmp_path)).truth, fresh)


def test_a_cache_folder_that_cannot_be_written_is_a_message(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SterefoError, match="cannot keep"):
        next(thin_lens_cases(SIZE, kinds=("upright",), radii_px=(2.0,), cache=tmp_path / "file"))
