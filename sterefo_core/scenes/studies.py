"""Random scenes by kind, for judging stereo and refocusing: the same seed gives the same scene.

Disparities are given for a picture 1242 px wide and scale with the width. Surfaces reach beyond the picture, so that
neither the right eye nor any point of a lens sees the end of the world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sterefo_core.scenes.drawing import Drawing
from sterefo_core.scenes.figures import board, fence, leaves
from sterefo_core.scenes.layers import Layer, Scene, placed, premultiplied
from sterefo_core.scenes.people import person
from sterefo_core.scenes.street import Street
from sterefo_core.scenes.textures import bricks, greenery, photographic, plaster, tiles
from sterefo_core.scenes.world import Camera, Surface
from sterefo_core.types import Calibration

_REFERENCE_WIDTH = 1242
_MARGIN_PX = 32  # beyond what the right eye sees: more than the largest blur radius
_NEAREST = 85.0  # px at the reference width: the largest disparity of any layer
_FLOOR_M = (110.0, 45.0)  # width and length: at its far end wider than the view
_FLOOR_PX_PER_M = 20
_LAMP_COLOURS = ((1, 0.8, 0.5), (1, 0.62, 0.25), (0.85, 0.95, 1), (1, 0.12, 0.06), (0.1, 0.9, 0.4))


@dataclass(frozen=True)
class _Stage:
    """What a scene is built on: picture size, a generator, and the width of a reference pixel."""

    width: int
    height: int
    rng: np.random.Generator

    @property
    def unit(self) -> float:
        return self.width / _REFERENCE_WIDTH

    def wide(self) -> tuple[tuple[int, int], int, int]:
        """Shape, column and row of a texture that fills the picture and all that is seen around it."""
        side = round(_NEAREST * self.unit) + _MARGIN_PX
        return (self.height + 2 * _MARGIN_PX, self.width + 2 * side), -side, -_MARGIN_PX


@dataclass(frozen=True)
class _Thing:
    """A layer in the making: a flat, upright object."""

    layer: Layer
    name: str

    @property
    def disparity(self) -> float:
        return self.layer.disparity[2]


def study_scene(kind: str, size: tuple[int, int], seed: int) -> Scene:
    """A scene of one of KINDS for pictures of `size` (width, height). Raises KeyError for another kind."""
    return _BUILDERS[kind](_Stage(*size, np.random.default_rng([seed, *kind.encode()])))


def _upright(stage: _Stage) -> Scene:
    """Boards and people at all distances in front of a wall."""
    rng = stage.rng
    disparities = np.sort(rng.uniform(12, 68, rng.integers(5, 10)))
    return _scene([_wall(stage, rng.uniform(2, 6))], [_floating(stage, float(d)) for d in disparities])


def _ground(stage: _Stage) -> Scene:
    """Boards and people standing on slanted ground that runs from below the camera to a far wall."""
    surroundings, camera = _floor(stage)
    return _scene(surroundings, _standing(stage, camera, 7))


def _fence(stage: _Stage) -> Scene:
    """An upright scene behind a thin fence."""
    shape, x, y = stage.wide()
    disparity = stage.rng.uniform(50, 80) * stage.unit
    return _before(_upright(stage), [_Thing(placed(fence(shape, stage.rng), x, y, (0, 0, disparity)), "fence")])


def _foliage(stage: _Stage) -> Scene:
    """A ground scene behind many small leaves on several planes."""
    rng, twigs = stage.rng, []
    for disparity in np.sort(rng.uniform(30, _NEAREST, 6)):
        shape = (round(stage.height * rng.uniform(0.5, 1.1)), round(stage.width * rng.uniform(0.2, 0.4)))
        leaf_px = max(disparity * stage.unit / 4, 2.5)
        texture = leaves(shape, rng, max(round(0.9 * shape[0] * shape[1] / leaf_px**2), 1), leaf_px)
        x, y = rng.uniform(-0.1, 0.8) * stage.width, rng.uniform(-0.3, 0.3) * stage.height
        twigs.append(_Thing(placed(texture, round(x), round(y), (0, 0, float(disparity * stage.unit))), "foliage"))
    return _before(_ground(stage), twigs)


def _lights(stage: _Stage) -> Scene:
    """A ground scene at night, with small lights 10 to 50 times as bright as white."""
    surroundings, camera = _floor(stage)
    far = surroundings[0].disparity[2]
    things = [lamp for i in range(3) for lamp in _lamps(stage, far * (1 + 0.3 * i), 10)]
    for thing in _standing(stage, camera, 6):
        things += [replace(thing, layer=_dimmed(thing.layer, 0.08)), *_lamps(stage, thing.disparity, 3)]
    return _scene([_dimmed(layer, 0.05) for layer in surroundings], things)


def _street(stage: _Stage) -> Scene:
    """The built-in demo's street at some moment, with other walls, people and paint."""
    seed, moment = int(stage.rng.integers(1 << 30)), stage.rng.uniform(0, 4.5)
    return Street(seed).scene(moment, Calibration(0.58 * stage.width, 0.54, stage.width / 2, 0.475 * stage.height))


_BUILDERS: dict[str, Callable[[_Stage], Scene]] = {
    "upright": _upright,
    "ground": _ground,
    "fence": _fence,
    "foliage": _foliage,
    "lights": _lights,
    "street": _street,
}
KINDS = tuple(_BUILDERS)


def _scene(surroundings: list[Layer], things: list[_Thing]) -> Scene:
    return _before(Scene(tuple(surroundings)), things)


def _before(scene: Scene, things: list[_Thing]) -> Scene:
    """`scene` with `things` in front of it, as new objects."""
    numbered = list(enumerate(things, start=len(scene.names) + 1))
    layers = tuple(replace(thing.layer, object_id=i) for i, thing in numbered)
    return Scene(scene.layers + layers, {**scene.names, **{i: thing.name for i, thing in numbered}})


def _wall(stage: _Stage, disparity: float) -> Layer:
    shape, x, y = stage.wide()
    return placed(premultiplied(photographic(shape, stage.rng)), x, y, (0, 0, float(disparity * stage.unit)))


def _figure(stage: _Stage, height: int) -> tuple[np.ndarray, str]:
    rng = stage.rng
    if rng.random() < 0.4:
        return person(height, rng, rng.random()), "person"
    return board((height, max(round(height * rng.uniform(0.5, 1.4)), 2)), rng), "board"


def _floating(stage: _Stage, disparity: float) -> _Thing:
    """A board or a person anywhere in the picture, larger when nearer."""
    rng = stage.rng
    texture, name = _figure(stage, max(round(stage.height * rng.uniform(0.25, 0.45) * (0.6 + disparity / 60)), 4))
    x = rng.uniform(-0.05, 1.0) * stage.width - texture.shape[1] / 2
    y = rng.uniform(0.1, 1.0) * stage.height - texture.shape[0] / 2
    return _Thing(placed(texture, round(x), round(y), (0, 0, disparity * stage.unit)), name)


def _floor(stage: _Stage) -> tuple[list[Layer], Camera]:
    """A far wall and the ground before it, and the camera above that ground."""
    rng = stage.rng
    view = Calibration(0.58 * stage.width, 0.54, stage.width / 2, rng.uniform(0.3, 0.42) * stage.height)
    camera = Camera((0.0, -rng.uniform(1.7, 2.2), 0.0), view)
    width, length = _FLOOR_M
    shape = (round(length * _FLOOR_PX_PER_M), round(width * _FLOOR_PX_PER_M))
    surface = Surface(premultiplied(photographic(shape, rng, (bricks, tiles, plaster, greenery), finer=1)))
    wall = _wall(stage, view.focal_px * view.baseline_m / length / stage.unit)
    return [wall, *camera.receding(surface, (-width / 2, 0, 0), (width, 0, 0), length)], camera


def _standing(stage: _Stage, camera: Camera, most: int) -> list[_Thing]:
    """Boards and people whose feet are on the ground, far to near."""
    rng, view, things = stage.rng, camera.calibration, []
    nearest = (stage.height - view.cy_px) * view.baseline_m / -camera.position[1]
    farthest = 1.15 * view.focal_px * view.baseline_m / _FLOOR_M[1]
    for disparity in np.sort(rng.uniform(farthest, 0.95 * nearest, rng.integers(4, most + 1))):
        height_px = disparity / view.baseline_m * rng.uniform(1.2, 2.2)
        texture, name = _figure(stage, max(round(height_px), 4))
        row = round(view.cy_px - disparity / view.baseline_m * camera.position[1])
        x = round(rng.uniform(0, 1) * stage.width - texture.shape[1] / 2)
        things.append(_Thing(placed(texture, x, row - texture.shape[0], (0, 0, float(disparity))), name))
    return things


def _dimmed(layer: Layer, light: float) -> Layer:
    return replace(layer, texture=layer.texture * np.array([light, light, light, 1], np.float32))


def _lamps(stage: _Stage, disparity: float, count: int) -> list[_Thing]:
    """Small round lights of warm and signal colours in the upper part of the picture."""
    rng, lamps = stage.rng, []
    for _ in range(count):
        colour = np.array(_LAMP_COLOURS[rng.integers(len(_LAMP_COLOURS))]) * rng.uniform(10, 50)
        radius = max(disparity / 22, 1.0) * rng.uniform(0.8, 1.6)
        lamp = Drawing(2 * radius + 2, 2 * radius + 2)
        lamp.ellipse(radius + 1, radius + 1, radius, radius, colour)
        x, y = round(rng.uniform(-0.05, 1.05) * stage.width), round(rng.uniform(0, 0.55) * stage.height)
        lamps.append(_Thing(placed(lamp.texture(), x, y, (0, 0, float(disparity))), "light"))
    return lamps
