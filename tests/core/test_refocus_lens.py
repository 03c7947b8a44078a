"""What the lens's settings do to the picture, in the definition and in its fast twin on the CPU."""

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from sterefo_core.colour import linear_from_srgb
from sterefo_core.lens import LIMITS, Lens, Quality
from sterefo_core.refocus.cpu import CpuRenderer
from sterefo_core.refocus.highlights import clipped_spots
from sterefo_core.refocus.iris import Iris
from sterefo_core.refocus.renderer import DefinitionRenderer

RENDERERS = {"definition": DefinitionRenderer("cpu"), "cpu": CpuRenderer(2)}
SIZE = (90, 120)
AT, CORNER = (45, 60), (22, 24)
WIDE = {"aperture": 1.0, "max_radius_px": 20.0}
BOTH = pytest.mark.parametrize("name", RENDERERS)


def lamp(at=AT, dark=8):
    """A lamp of 3x3 px in the dark."""
    picture = np.full((*SIZE, 3), dark, np.uint8)
    picture[at[0] - 1 : at[0] + 2, at[1] - 1 : at[1] + 2] = 255
    return picture


def rendered(name, lens, picture=None, focus=0.0):
    """Refocused by one of the renderers, all of the picture at 20 px of disparity: in front of most focal planes."""
    picture = lamp() if picture is None else picture
    disparity = np.full(picture.shape[:2], 20.0, np.float32)
    return RENDERERS[name].render(picture, disparity, focus, lens, None)


def lit(name, lens, at=AT, focus=0.0):
    """The pixels `(row, column)`, counted from the lamp, to which a lens spreads most of its light."""
    light = linear_from_srgb(rendered(name, lens, lamp(at), focus)[..., 0])
    rows, columns = np.nonzero(light > (light.max() + light.min()) / 2)
    return rows - at[0], columns - at[1]


@BOTH
@pytest.mark.parametrize(
    "setting",
    [
        {"blades": 6},
        {"blades": 6, "blade_rotation_deg": 20.0},
        {"blades": 6, "roundness": 0.5},
        {"squeeze": 1.3},
        {"cats_eye": 0.4},
        {"highlights": 0.5},
        {"max_radius_px": 9.0},
        {"aperture": 0.4},
        {"sharp_px": 6.0},
    ],
)
def test_every_setting_changes_the_picture(name, setting):
    plain = {"blades": 6} if set(setting) & {"blade_rotation_deg", "roundness"} else {}
    lenses = Lens(**(WIDE | {"highlights": 0.2} | plain)), Lens(**(WIDE | {"highlights": 0.2} | setting))
    before, after = (rendered(name, lens, lamp(CORNER)) for lens in lenses)
    assert np.abs(before.astype(int) - after).max() > 3


def test_every_setting_of_the_lens_has_a_test_that_it_changes_the_picture():
    parameters = test_every_setting_changes_the_picture.pytestmark[0].args[1]
    tested = {name for setting in parameters for name in setting}
    assert tested == {field.name for field in fields(Lens)} - {"quality"}


LOWEST = Lens(aperture=0.0, max_radius_px=0.0, **{name: ends[0] for name, ends in LIMITS.items()})
HIGHEST = Lens(aperture=50.0, max_radius_px=16.0, blades=9, **{name: ends[1] for name, ends in LIMITS.items()})
EXTREMES = {
    "all lowest": LOWEST,
    "all highest": HIGHEST,
    "wide open": replace(HIGHEST, sharp_px=0.0),
    "5 blades": replace(HIGHEST, sharp_px=0.0, blades=5, roundness=0.0, cats_eye=0.1, max_radius_px=60.0),
    "a disk": replace(HIGHEST, sharp_px=0.0, blades=0, max_radius_px=0.7),
}


@BOTH
@pytest.mark.parametrize("lens", EXTREMES.values(), ids=EXTREMES)
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 1), (4, 5), (12, 40)])
def test_extreme_settings_stay_sane_on_tiny_pictures(name, lens, size):
    generator = np.random.default_rng(1)
    disparity = generator.uniform(0, 60, size).astype(np.float32)
    noise, grey = generator.integers(40, 200, (*size, 3)).astype(np.uint8), np.full((*size, 3), 120, np.uint8)
    shown, even = (RENDERERS[name].render(picture, disparity, 20.0, lens, None) for picture in (noise, grey))
    assert np.abs(even.astype(int) - 120).max() <= 1
    assert shown.min() >= noise.min() - 1 and shown.max() <= noise.max() + 1


@BOTH
@pytest.mark.parametrize("blades", [5, 6, 7, 8, 9])
@pytest.mark.parametrize("focus", [0.0, 40.0])
def test_a_lamp_takes_the_shape_of_the_blades_and_in_front_of_the_focal_plane_it_is_turned(name, blades, focus):
    rows, columns = lit(name, Lens(**WIDE, blades=blades, highlights=1.0), focus=focus)
    assert len(rows) == pytest.approx(blades / 2 * np.sin(2 * np.pi / blades) * 20**2, rel=0.12)
    assert np.hypot(rows, columns).max() < 23
    longer_right = columns.max() + columns.min()  # where the first corner is, behind the plane
    assert np.sign(longer_right) == (blades % 2) * (1 if focus == 40.0 else -1)


@BOTH
@pytest.mark.parametrize("squeeze", [1.0, 1.5, 2.0])
def test_an_anamorphic_lens_makes_ovals_that_are_narrower_than_high(name, squeeze):
    rows, columns = lit(name, Lens(**WIDE, squeeze=squeeze, highlights=1.0))
    assert np.ptp(rows) == pytest.approx(40, abs=3)
    assert np.ptp(columns) == pytest.approx(40 / squeeze, abs=3)
    assert len(rows) == pytest.approx(np.pi * 20**2 / squeeze, rel=0.12)


@BOTH
def test_a_cats_eye_cuts_disks_towards_the_corners_outside_behind_the_focal_plane_and_inside_before_it(name):
    lens = Lens(aperture=0.5, max_radius_px=10.0, cats_eye=1.0, highlights=1.0)
    away = np.array(AT) - CORNER
    shift = np.hypot(*away) / np.hypot(45, 60)  # in radii
    area = 2 * np.arccos(shift / 2) - shift * np.sqrt(1 - shift**2 / 4)  # that two disks have in common
    areas = []
    for focus, side in ((40.0, 1), (0.0, -1)):
        rows, columns = lit(name, lens, CORNER, focus)
        inwards = (rows * away[0] + columns * away[1]) / np.hypot(*away)
        assert inwards.mean() == pytest.approx(side * shift / 2 * 10, abs=1)
        areas.append(len(rows))
    # Each place of a disk is cut as it is seen from there: so one disk is a little larger, and the other smaller.
    assert np.mean(areas) == pytest.approx(area * 10**2, rel=0.08)
    assert areas == pytest.approx([area * 10**2] * 2, rel=0.25)
    assert len(lit(name, lens)[0]) == pytest.approx(np.pi * 10**2, rel=0.12)  # whole in the middle


@BOTH
@pytest.mark.parametrize("shape", [{"squeeze": 2.0}, {"cats_eye": 1.0}, {"blades": 5, "cats_eye": 0.7, "squeeze": 1.4}])
def test_light_is_kept_whatever_shape_it_takes(name, shape):
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[16:28, 24:40] = 255
    lens = Lens(aperture=0.2, max_radius_px=4.0, **shape)
    before, behind, front = (
        linear_from_srgb(p).sum() for p in (picture, *(rendered(name, lens, picture, focus) for focus in (40.0, 0.0)))
    )
    assert (behind + front) / 2 == pytest.approx(before, rel=0.01)
    assert behind == pytest.approx(before, rel=0.06 if lens.cats_eye else 0.01)  # made even, not exactly, in a disk


@BOTH
def test_the_sharp_range_is_untouched_and_blur_grows_from_nothing_beyond_it(name):
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    slope = np.broadcast_to(np.linspace(10, 30, SIZE[1], dtype=np.float32), SIZE)
    lens = Lens(aperture=1.0, max_radius_px=20.0, sharp_px=4.0)
    shown = RENDERERS[name].render(noise, slope, 20.0, lens, None)
    changed = np.abs(shown.astype(int) - noise).max(axis=(0, 2))
    beyond = np.abs(slope[0] - 20) - 4
    assert changed[beyond < -0.5].max() <= 1  # where nothing blurred is beside it
    assert changed[(beyond > 0.02) & (beyond < 0.15)].max() < 30 < changed[beyond > 1].min()


@pytest.mark.parametrize(
    "shape",
    [
        {"squeeze": 1.6},
        {"cats_eye": 1.0},
        {"sharp_px": 3.0},
        {"blades": 5, "squeeze": 1.3, "cats_eye": 0.6, "sharp_px": 1},
    ],
)
def test_the_fast_twin_is_the_definition_with_every_shape_of_the_aperture(shape):
    generator = np.random.default_rng(7)
    picture = cv2.resize(generator.integers(0, 256, (10, 14, 3)).astype(np.uint8), (120, 90))
    picture[generator.random(SIZE) < 0.01] = 255
    disparity = np.linspace(5, 15, 90, dtype=np.float32)[:, None].repeat(120, 1)
    disparity[20:70, 40:80] = 25
    lens = Lens(aperture=0.7, max_radius_px=14.0, highlights=0.6, **shape)
    for focus in (5.0, 14.0, 25.0):
        exact = RENDERERS["definition"].render(picture, disparity, focus, lens, None).astype(int)
        for quality in Quality:
            fast = RENDERERS["cpu"].render(picture, disparity, focus, replace(lens, quality=quality), None)
            assert np.abs(fast - exact).mean() < 2.0


@pytest.mark.parametrize("blades", [5, 6, 9])
@pytest.mark.parametrize("quality", list(Quality))
def test_the_fast_twin_draws_the_definitions_polygons(blades, quality):
    lens = Lens(**WIDE, blades=blades, blade_rotation_deg=11, roundness=0.3, highlights=0.7, quality=quality)
    ours, theirs = (rendered(name, lens).astype(int) for name in ("cpu", "definition"))
    # Previews draw disks of this size at a quarter of the size: their edges are softer.
    assert np.abs(ours - theirs).mean() < (0.9 if quality is Quality.PREVIEW else 0.3)


@BOTH
def test_a_constant_picture_stays_constant_through_blades(name):
    grey = np.full((*SIZE, 3), 120, np.uint8)
    assert np.abs(rendered(name, Lens(**WIDE, blades=5), grey).astype(int) - 120).max() <= 1


@BOTH
def test_what_is_in_focus_is_untouched_by_highlights(name):
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    noise[40:44, 50:54] = 255
    shown = rendered(name, Lens(**WIDE, highlights=1.0), noise, focus=20.0)
    assert np.abs(shown.astype(int) - noise).max() <= 1


@BOTH
def test_a_lamp_gets_its_light_back_and_white_paper_does_not(name):
    plain, recovered = (rendered(name, Lens(**WIDE, highlights=h))[AT].mean() for h in (0.0, 1.0))
    assert recovered > plain + 20
    paper = np.full((*SIZE, 3), 8, np.uint8)
    paper[20:70, 20:100] = 255
    before, after = (rendered(name, Lens(**WIDE, highlights=h), paper) for h in (0.0, 1.0))
    assert np.array_equal(before, after)


def test_only_small_white_spots_are_lamps():
    picture = cv2.circle(np.zeros((200, 300, 3), np.uint8), (50, 50), 3, (255, 255, 255), -1)
    picture[100:140, 100:200] = 255
    picture[20:23, 200:203] = (255, 200, 80)
    spots = clipped_spots(picture)
    assert spots[50, 50] and not spots[120, 150] and not spots[21, 201] and spots.sum() < 40


def test_white_spots_in_bright_surroundings_are_no_lamps():
    picture = np.full((200, 300, 3), 190, np.uint8)  # grass in the sun
    picture[:, 150:] = 60  # its shadow
    picture[20:23, 40:43] = picture[20:23, 250:253] = picture[197:, 297:] = 255
    spots = clipped_spots(picture)
    assert not spots[:, :150].any() and spots[21, 251] and spots[199, 299] and spots.sum() == 18


def test_a_fully_rounded_iris_is_a_disk_and_a_polygon_lies_within_it():
    angle = np.linspace(0, 7, 500)
    assert np.allclose(Iris(6, 10.0, 1.0).edge(angle), 1.0)
    assert Iris(5).edge(angle).max() <= 1 + 1e-9 and Iris(5).edge(angle).min() == pytest.approx(
        np.cos(np.pi / 5), rel=1e-3
    )
