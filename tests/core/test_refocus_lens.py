"""What the lens's settings do to the picture, in the definition and in its fast twin on the CPU."""

import cv2
import numpy as np
import pytest

from sterefo_core.refocus.cpu import CpuRenderer
from sterefo_core.refocus.highlights import clipped_spots
from sterefo_core.refocus.iris import Iris
from sterefo_core.refocus.renderer import DefinitionRenderer
from sterefo_core.types import Lens, Quality

RENDERERS = {"definition": DefinitionRenderer("cpu"), "cpu": CpuRenderer(2)}
SIZE = (90, 120)
AT = (45, 60)


def lamp(level=255):
    """A lamp of 3x3 px in the dark, all of it at 20 px of disparity."""
    picture = np.full((*SIZE, 3), 8, np.uint8)
    picture[AT[0] - 1 : AT[0] + 2, AT[1] - 1 : AT[1] + 2] = level
    return picture, np.full(SIZE, 20.0, np.float32)


def rendered(name, lens, picture=None, focus=0.0):
    picture, disparity = lamp() if picture is None else (picture, np.full(picture.shape[:2], 20.0, np.float32))
    return RENDERERS[name].render(picture, disparity, focus, lens, None)


WIDE = {"aperture": 1.0, "max_radius_px": 20.0}


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize(
    "setting",
    [
        {"blades": 6},
        {"blades": 6, "blade_rotation_deg": 20.0},
        {"blades": 6, "roundness": 0.5},
        {"highlights": 0.5},
        {"max_radius_px": 9.0},
        {"aperture": 0.4},
    ],
)
def test_every_setting_changes_the_picture(name, setting):
    plain = {"blades": 6} if set(setting) & {"blade_rotation_deg", "roundness"} else {}
    before, after = rendered(name, Lens(**(WIDE | plain))), rendered(name, Lens(**(WIDE | setting)))
    assert np.abs(before.astype(int) - after).max() > 3


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("blades", [5, 6, 7, 8, 9])
@pytest.mark.parametrize("focus", [0.0, 40.0])
def test_a_lamp_takes_the_shape_of_the_blades_and_in_front_of_the_focal_plane_it_is_turned(name, blades, focus):
    shape = rendered(name, Lens(**WIDE, blades=blades, highlights=1.0), focus=focus)[..., 0].astype(int)
    lit = shape > (shape.max() + 8) / 2
    area = blades / 2 * np.sin(2 * np.pi / blades) * 20**2
    assert lit.sum() == pytest.approx(area, rel=0.12)
    rows, columns = np.nonzero(lit)
    assert np.hypot(rows - AT[0], columns - AT[1]).max() < 23
    longer_right = (columns.max() - AT[1]) - (AT[1] - columns.min())  # where the first corner is, behind the plane
    assert np.sign(longer_right) == (blades % 2) * (1 if focus == 40.0 else -1)
    assert lit[AT]


@pytest.mark.parametrize("blades", [5, 6, 9])
@pytest.mark.parametrize("quality", list(Quality))
def test_the_fast_twin_draws_the_definitions_polygons(blades, quality):
    lens = Lens(**WIDE, blades=blades, blade_rotation_deg=11, roundness=0.3, highlights=0.7, quality=quality)
    ours, theirs = (rendered(name, lens).astype(int) for name in ("cpu", "definition"))
    # Previews draw disks of this size at a quarter of the size: their edges are softer.
    assert np.abs(ours - theirs).mean() < (0.9 if quality is Quality.PREVIEW else 0.3)


@pytest.mark.parametrize("name", RENDERERS)
def test_a_constant_picture_stays_constant_through_blades(name):
    grey = np.full((*SIZE, 3), 120, np.uint8)
    assert np.abs(rendered(name, Lens(**WIDE, blades=5), grey).astype(int) - 120).max() <= 1


@pytest.mark.parametrize("name", RENDERERS)
def test_what_is_in_focus_is_untouched_by_highlights(name):
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    noise[40:44, 50:54] = 255
    shown = rendered(name, Lens(**WIDE, highlights=1.0), noise, focus=20.0)
    assert np.abs(shown.astype(int) - noise).max() <= 1


@pytest.mark.parametrize("name", RENDERERS)
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


def test_a_fully_rounded_iris_is_a_disk_and_a_polygon_lies_within_it():
    angle = np.linspace(0, 7, 500)
    assert np.allclose(Iris(6, 10.0, 1.0).edge(angle), 1.0)
    assert Iris(5).edge(angle).max() <= 1 + 1e-9 and Iris(5).edge(angle).min() == pytest.approx(
        np.cos(np.pi / 5), rel=1e-3
    )
