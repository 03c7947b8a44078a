"""Cars built of a few flat faces, in metres, for `world.Camera`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from sterefo_core.scenes.drawing import Drawing
from sterefo_core.scenes.layers import Layer, premultiplied
from sterefo_core.scenes.textures import noise
from sterefo_core.scenes.world import Camera, Surface

WIDTH_M, LENGTH_M = 1.78, 4.2
_HALF, _ROOF_HALF = WIDTH_M / 2, 0.64  # the windows lean inwards
_BELT_M, _ROOF_M = 0.94, 1.45
_PX_PER_M = 100
_BLACK, _GLASS, _CHROME = np.full(3, 0.008), np.array([0.03, 0.04, 0.055]), np.full(3, 0.35)
_WHITE_LAMP, _RED_LAMP = np.array([1.0, 0.9, 0.72]), np.array([1.0, 0.03, 0.015])


_Edge = tuple[float, float]


@dataclass(frozen=True)
class _Profile:
    """A car from the side: (distance from the end that is seen, height) in metres of the edges between its faces."""

    lid: _Edge
    glass_base: _Edge
    glass_top: _Edge
    roof_end: _Edge


_NOSE = _Profile((0.0, 0.72), (1.0, _BELT_M), (1.7, _ROOF_M), (3.4, _ROOF_M))
_TAIL = _Profile((0.0, 0.92), (0.05, _BELT_M), (0.5, _ROOF_M), (2.5, _ROOF_M))


@dataclass(frozen=True)
class Car:
    """A car whose nose or tail is turned to the camera."""

    faces: dict[str, Surface]
    profile: _Profile

    def layers(self, camera: Camera, x: float, z: float, object_id: int) -> Iterator[Layer]:
        """Its shadow and its faces; (x, z) is the middle of its near end, on the ground."""
        shape, side = self.profile, -1 if camera.position[0] < x else 1
        length, lean = (0, 0, LENGTH_M), (side * (_HALF - _ROOF_HALF), _ROOF_M - _BELT_M, 0)
        shadow = self.faces["shadow"]
        yield from camera.flat(shadow, (x - 1.3, 0, z + 4.6), (2.6, 0, 0), (0, 0, -5.0))
        yield from self._across(camera, "roof", (x, z), (shape.roof_end, shape.glass_top), object_id)
        yield from camera.flat(self.faces["side"], (x + side * _HALF, -_BELT_M, z), length, (0, _BELT_M, 0), object_id)
        yield from camera.flat(self.faces["windows"], (x + side * _ROOF_HALF, -_ROOF_M, z), length, lean, object_id)
        for name, edges in (
            ("glass", (shape.glass_top, shape.glass_base)),
            ("lid", (shape.glass_base, shape.lid)),
            ("end", (shape.lid, (0.0, 0.0))),
        ):
            yield from self._across(camera, name, (x, z), edges, object_id)

    def _across(
        self, camera: Camera, name: str, place: tuple[float, float], edges: tuple[_Edge, _Edge], object_id: int
    ) -> Iterator[Layer]:
        """The face as wide as the car between two edges of its profile, the upper and the lower one."""
        (x, z), (upper, lower) = place, edges
        corner, down = (x - _HALF, -upper[1], z + upper[0]), (0, upper[1] - lower[1], lower[0] - upper[0])
        yield from camera.flat(self.faces[name], corner, (WIDTH_M, 0, 0), down, object_id)


def make_car(paint: np.ndarray, oncoming: bool, lamps: float, rng: np.random.Generator) -> Car:
    """A car of this linear colour, its nose (`oncoming`) or tail to the camera; `lamps`: times as bright as white."""
    profile = _NOSE if oncoming else _TAIL
    slope = np.hypot(profile.glass_top[0] - profile.glass_base[0], _ROOF_M - _BELT_M)
    faces = {
        "roof": _roof(paint),
        "side": _side(paint, profile),
        "windows": _windows(paint, profile),
        "glass": _screen(paint, slope),
        "lid": _sheet(paint * 1.25 + 0.015, WIDTH_M, 1.0),
        "end": _nose(paint, lamps) if oncoming else _tail(paint, lamps),
    }
    for texture in faces.values():
        texture[..., :3] *= np.exp(0.05 * noise(texture.shape[:2], rng, 32))[..., None]
    return Car({name: Surface(texture) for name, texture in {**faces, "shadow": _shadow()}.items()}, profile)


def _sheet(colour: np.ndarray, width: float, height: float) -> np.ndarray:
    sheet = Drawing(width, height, _PX_PER_M)
    sheet.rectangle(0, 0, width, height, colour)
    return sheet.texture()


def _roof(paint: np.ndarray) -> np.ndarray:
    sheet = Drawing(WIDTH_M, 1.7, _PX_PER_M)
    sheet.rectangle(_HALF - _ROOF_HALF, 0, _HALF + _ROOF_HALF, 1.7, paint * 1.2 + 0.02)
    return sheet.texture()


def _side(paint: np.ndarray, profile: _Profile) -> np.ndarray:
    """From the belt line down to the ground."""
    side, tail_first = Drawing(LENGTH_M, _BELT_M, _PX_PER_M), profile is _TAIL
    outline = np.array([(0, 0.24), (1.0, 0), (4.14, 0), (4.2, 0.2), (4.18, 0.7), (0.05, 0.7)])
    if tail_first:
        outline = np.abs(np.array([LENGTH_M, 0]) - outline)
    side.polygon(outline, paint * 0.8)
    side.polygon([(0.06, 0.42), (4.14, 0.42), (4.14, 0.72), (0.06, 0.72)], paint * 0.5)
    side.rectangle(0.5, 0.68, 3.7, 0.8, _BLACK)
    for z in (1.45, 2.45, 3.3):
        side.stroke([(z, 0.0), (z, 0.66)], 0.016, paint * 0.25)
        side.stroke([(z - 0.3, 0.12), (z - 0.14, 0.12)], 0.03, paint * 0.3)
    side.stroke([(0.1, 0.27), (4.1, 0.2)], 0.018, paint * 1.6 + 0.03)
    for z in (0.82, 3.38):
        side.ellipse(z, 0.6, 0.37, 0.37, _BLACK)
        side.ellipse(z, 0.63, 0.31, 0.31, (0.014, 0.014, 0.015))
        side.ellipse(z, 0.63, 0.2, 0.2, _CHROME * 0.45)
        for angle in np.arange(5) * 2 * np.pi / 5:
            side.stroke([(z, 0.63), (z + 0.19 * np.cos(angle), 0.63 + 0.19 * np.sin(angle))], 0.05, _CHROME)
    return side.texture()


def _windows(paint: np.ndarray, profile: _Profile) -> np.ndarray:
    """From the roof down to the belt line."""
    high = _ROOF_M - _BELT_M
    windows = Drawing(LENGTH_M, high, _PX_PER_M)
    base, top, end = profile.glass_base[0], profile.glass_top[0], profile.roof_end[0]
    windows.polygon([(base, high), (top, 0), (end, 0), (end + 0.7, high)], paint * 0.9)
    middle = (base + end + 0.7) / 2
    left = [(base + 0.2, high - 0.03), (top + 0.08, 0.07), (middle - 0.05, 0.07), (middle - 0.05, high - 0.03)]
    right = [(middle + 0.05, high - 0.03), (middle + 0.05, 0.07), (end - 0.06, 0.07), (end + 0.45, high - 0.03)]
    for pane in (left, right):
        windows.polygon(pane, _GLASS)
        first, last = np.mean(pane[:2], axis=0), np.mean(pane[2:], axis=0)
        windows.polygon([pane[1], pane[2], last, first], _GLASS * 3)
    return windows.texture()


def _screen(paint: np.ndarray, slope: float) -> np.ndarray:
    """Windscreen or rear window between its pillars."""
    screen, lean = Drawing(WIDTH_M, slope, _PX_PER_M), _HALF - _ROOF_HALF
    screen.polygon([(lean, 0), (WIDTH_M - lean, 0), (WIDTH_M, slope), (0, slope)], paint)
    left, right, low = lean + 0.07, WIDTH_M - lean - 0.07, slope - 0.03
    glass = np.array([(left, 0.07), (right, 0.07), (WIDTH_M - 0.1, low), (0.1, low)])
    screen.polygon(glass, _GLASS)
    screen.polygon([glass[0], glass[1], glass[1] * 0.6 + glass[2] * 0.4, glass[0] * 0.8 + glass[3] * 0.2], _GLASS * 4.5)
    for x in (0.5, 1.28):  # headrests, or those who sit there
        screen.ellipse(x, slope * 0.62, 0.13, 0.16, _GLASS * 0.4)
        screen.rectangle(x - 0.2, slope * 0.78, x + 0.2, slope - 0.05, _GLASS * 0.4)
    screen.rectangle(0.8, 0.1, 0.98, 0.16, _BLACK)
    return screen.texture()


def _nose(paint: np.ndarray, lamps: float) -> np.ndarray:
    """Headlights, grille and bumper, down to the tyres."""
    nose = _underside(0.72)
    bumper = [(1.78, 0.4), (1.7, 0.52), (0.08, 0.52), (0, 0.4)]
    nose.polygon([(0.02, 0.05), (0.1, 0), (1.68, 0), (1.76, 0.05), *bumper], paint)
    nose.polygon([(0, 0.3), (1.78, 0.3), *bumper], paint * 0.6)
    nose.polygon([(0.5, 0.07), (1.28, 0.07), (1.2, 0.22), (0.58, 0.22)], _BLACK)
    nose.stroke([(0.52, 0.14), (1.26, 0.14)], 0.02, _CHROME)
    nose.polygon([(0.45, 0.36), (1.33, 0.36), (1.24, 0.48), (0.54, 0.48)], _BLACK)
    nose.rectangle(0.63, 0.25, 1.15, 0.35, (0.4, 0.4, 0.38))
    nose.rectangle(0.68, 0.275, 1.1, 0.325, (0.12, 0.12, 0.13))
    for x, inner in ((0.24, 0.29), (1.54, 1.49)):
        nose.ellipse(x, 0.14, 0.2, 0.09, _CHROME * 0.5)
        nose.ellipse(inner, 0.145, 0.085, 0.07, _WHITE_LAMP * lamps)
    return nose.texture()


def _tail(paint: np.ndarray, lamps: float) -> np.ndarray:
    """Rear lights, hatch and bumper, down to the tyres."""
    tail = _underside(0.92)
    bumper = [(1.78, 0.6), (1.7, 0.72), (0.08, 0.72), (0, 0.6)]
    tail.polygon([(0.02, 0.1), (0.08, 0), (1.7, 0), (1.76, 0.1), *bumper], paint)
    tail.polygon([(0, 0.46), (1.78, 0.46), *bumper], paint * 0.55)
    tail.stroke([(0.06, 0.46), (1.72, 0.46)], 0.02, paint * 0.2)
    tail.rectangle(0.63, 0.2, 1.15, 0.32, (0.45, 0.42, 0.3))
    tail.rectangle(0.68, 0.23, 1.1, 0.29, (0.1, 0.1, 0.1))
    tail.rectangle(0.45, 0.62, 1.33, 0.7, _BLACK)
    for x in (0.15, 1.63):
        tail.polygon([(x - 0.13, 0.06), (x + 0.13, 0.1), (x + 0.11, 0.3), (x - 0.13, 0.34)], (0.16, 0.006, 0.005))
        tail.ellipse(x, 0.19, 0.075, 0.075, _RED_LAMP * lamps)
    return tail.texture()


def _underside(height: float) -> Drawing:
    """An end of the car `height` high with nothing on it but its tyres and the dark between them."""
    end = Drawing(WIDTH_M, height, _PX_PER_M)
    end.rectangle(0.2, height - 0.4, 1.58, height - 0.14, _BLACK)
    for left in (0.04, 1.54):
        end.rectangle(left, height - 0.4, left + 0.2, height, (0.014, 0.014, 0.015))
    return end


def _shadow() -> np.ndarray:
    """A soft dark patch, 2.6 m by 5 m."""
    patch = np.zeros((100, 52), np.float32)
    patch[10:90, 9:43] = 0.85
    return premultiplied(np.zeros((100, 52, 3)), cv2.GaussianBlur(patch, (0, 0), 4))
