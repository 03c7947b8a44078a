"""Rendered sequences in which trackers fail: what comes near, is covered, leaves and returns, or has a look-alike.

Every sequence is random by its seed: what is followed, how it moves, what stands around and what covers it. Truth is
exact, also while the object is hidden: its whole box, and how much of it is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sterefo_core.colour import srgb_from_linear
from sterefo_core.evaluation.tracking_sequences import Target, TrackingSequence
from sterefo_core.scenes.cars import make_car
from sterefo_core.scenes.figures import board
from sterefo_core.scenes.layers import LEFT_EYE, RIGHT_EYE, Layer, Scene, exact_maps, premultiplied, render_view
from sterefo_core.scenes.people import PERSON_WIDTH, person
from sterefo_core.scenes.textures import bricks, greenery, photographic, plaster, tiles, tint
from sterefo_core.scenes.world import Camera, Surface
from sterefo_core.types import Box, Calibration, StereoFrame

KINDS = ("approach", "passing", "returning", "covered", "look-alike")
FRAMES = 60
_RATE = 15.0
_SIZE = (640, 288)
_VIEW = Calibration(370.0, 0.54, 320.0, 118.0)
_EYE = (0.0, -1.6, 0.0)
_WALL_M, _WALL_HALF_M, _WALL_HIGH_M = 45.0, 60.0, 22.0
_NOISE_BYTES = 1.5
_MARGIN_PX = 400  # around the picture, where the object is measured while it is outside
_TARGET = 1
_PHASES = 12

Draw = Callable[[Camera, float, float, int, int], Iterator[Layer]]
"""Layers of a thing as the camera sees it at x and z metres at a frame, with an object id."""


@dataclass(frozen=True, eq=False)
class _Actor:
    """A thing on its way: `x`, `z` are `(frames,)` metres."""

    draw: Draw
    x: np.ndarray
    z: np.ndarray
    object_id: int = 0

    def layers(self, camera: Camera, index: int) -> list[Layer]:
        """What is seen of it at a frame."""
        return [*self.draw(camera, float(self.x[index]), float(self.z[index]), index, self.object_id)]


def rendered_sequence(kind: str, seed: int) -> TrackingSequence:
    """A sequence of one of KINDS, 60 frames at 15 per second. Raises KeyError for another kind."""
    rng = np.random.default_rng([seed, *kind.encode()])
    stage = _surroundings(rng)
    actors = [*_PLOTS[kind](rng), *_bystanders(rng)]

    def layers_of(chosen: list[_Actor], camera: Camera, index: int) -> tuple[Layer, ...]:
        ordered = sorted(chosen, key=lambda actor: -actor.z[index])
        return tuple(layer for actor in ordered for layer in actor.layers(camera, index))

    def read(index: int) -> StereoFrame:
        camera = Camera(_EYE, _VIEW)
        scene = Scene((*stage(camera), *layers_of(actors, camera, index)))
        sensor = np.random.default_rng([seed, index])
        left, right = (_sensed(render_view(scene, eye, _SIZE), sensor) for eye in (LEFT_EYE, RIGHT_EYE))
        return StereoFrame(index, index / _RATE, left, right, _VIEW)

    def target(index: int) -> Target:
        wide = Camera(_EYE, Calibration(_VIEW.focal_px, _VIEW.baseline_m, _VIEW.cx_px + _MARGIN_PX, _VIEW.cy_px))
        alone = [actor for actor in actors if actor.object_id == _TARGET]
        size = (_SIZE[0] + 2 * _MARGIN_PX, _SIZE[1])
        _, whole = exact_maps(Scene(layers_of(alone, wide, index)), size)
        disparity, seen = exact_maps(Scene(layers_of(actors, Camera(_EYE, _VIEW), index)), _SIZE)
        return _target(whole == _TARGET, seen == _TARGET, disparity)

    return TrackingSequence(f"{kind} {seed}", read, tuple(target(index) for index in range(FRAMES)))


def _target(whole: np.ndarray, seen: np.ndarray, disparity: np.ndarray) -> Target:
    rows, columns = np.nonzero(whole)
    left, top = float(columns.min()) - _MARGIN_PX, float(rows.min())
    box = Box(left, top, float(np.ptp(columns)) + 1, float(np.ptp(rows)) + 1).clipped(*_SIZE)
    median = float(np.median(disparity[seen])) if seen.any() else None
    return Target(box if box.area else None, float(seen.sum() / whole.sum()), median)


def _sensed(linear: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What an 8-bit camera makes of the light."""
    noise = rng.normal(0, _NOISE_BYTES, linear.shape).astype(np.float32)
    return np.clip(srgb_from_linear(linear) + noise, 0, 255).astype(np.uint8)


def _surroundings(rng: np.random.Generator) -> Callable[[Camera], Iterator[Layer]]:
    """A wall far away and the ground before it."""
    wall = Surface(premultiplied(photographic((330, 1800), rng)))
    floor = Surface(premultiplied(photographic((900, 1200), rng, (bricks, tiles, plaster, greenery), finer=1)))

    def stage(camera: Camera) -> Iterator[Layer]:
        corner = (-_WALL_HALF_M, -_WALL_HIGH_M, _WALL_M)
        yield from camera.flat(wall, corner, (2 * _WALL_HALF_M, 0, 0), (0, _WALL_HIGH_M, 0))
        yield from camera.receding(floor, (-_WALL_HALF_M, 0, 0), (2 * _WALL_HALF_M, 0, 0), _WALL_M)

    return stage


def _standing(surfaces: list[Surface], width: float, height: float) -> Draw:
    def draw(camera: Camera, x: float, z: float, index: int, object_id: int) -> Iterator[Layer]:
        surface = surfaces[index % len(surfaces)]
        yield from camera.flat(surface, (x - width / 2, -height, z), (width, 0, 0), (0, height, 0), object_id)

    return draw


def _board(rng: np.random.Generator, width: float, height: float) -> Draw:
    return _standing([Surface(board((max(round(height * 70), 2), max(round(width * 70), 2)), rng))], width, height)


def _walker(rng: np.random.Generator, leftwards: bool) -> Draw:
    seed, height = int(rng.integers(1 << 30)), rng.uniform(1.6, 1.9)
    looks = [person(130, np.random.default_rng(seed), phase / _PHASES) for phase in range(_PHASES)]
    return _standing([Surface(look[:, ::-1] if leftwards else look) for look in looks], PERSON_WIDTH * height, height)


def _car(rng: np.random.Generator) -> Draw:
    car = make_car(tint(rng), bool(rng.random() < 0.6), 0.3, rng)

    def draw(camera: Camera, x: float, z: float, index: int, object_id: int) -> Iterator[Layer]:
        yield from car.layers(camera, x, z, object_id)

    return draw


def _thing(rng: np.random.Generator, leftwards: bool) -> Draw:
    """A walker or a board to be followed."""
    if rng.random() < 0.5:
        return _walker(rng, leftwards)
    return _board(rng, rng.uniform(0.7, 1.5), rng.uniform(0.8, 1.7))


def _bystanders(rng: np.random.Generator) -> list[_Actor]:
    """Boards far behind, which nothing reaches."""
    still = np.ones(FRAMES)
    return [
        _Actor(_board(rng, rng.uniform(1, 3), rng.uniform(1, 3)), rng.uniform(-16, 16) * still, z * still)
        for z in rng.uniform(24, 40, 7)
    ]


def _columns_to_metres(columns: np.ndarray, z: np.ndarray | float) -> np.ndarray:
    return (columns - _VIEW.cx_px) * z / _VIEW.focal_px


def _approach(rng: np.random.Generator) -> list[_Actor]:
    """A car, a walker or a board that comes 4 to 6 times nearer, or goes away again."""
    far, near = rng.uniform(18, 23), rng.uniform(4, 5.5)
    z = np.linspace(far, near, FRAMES)
    start, end = _columns_to_metres(rng.uniform(200, 440, 2), np.array([far, near]))
    x = np.linspace(start, end, FRAMES)
    if rng.random() < 0.25:
        x, z = x[::-1], z[::-1]
    draw = _car(rng) if rng.random() < 0.5 else _thing(rng, bool(rng.random() < 0.5))
    return [_Actor(draw, x, z, _TARGET)]


def _path(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, bool]:
    """A walk across the picture at one distance, in metres, and whether it is leftwards."""
    z = rng.uniform(8, 13) + np.linspace(0, rng.uniform(-1.5, 1.5), FRAMES)
    x = _columns_to_metres(np.linspace(rng.uniform(60, 140), rng.uniform(480, 580), FRAMES), z)
    leftwards = bool(rng.random() < 0.5)
    return (-x if leftwards else x), z, leftwards


def _pillar(rng: np.random.Generator, x: np.ndarray, z: np.ndarray) -> _Actor:
    """Something between the camera and the middle of a walk, wide enough to hide all of the walker for a while."""
    middle = FRAMES // 2 + int(rng.integers(-6, 7))
    near = rng.uniform(0.4, 0.7) * z.min()
    share, still = near / z[middle], np.ones(FRAMES)
    surface = Surface(premultiplied(photographic((350, 200), rng)))
    return _Actor(_standing([surface], rng.uniform(1.8, 3.0) * share, 6.0), x[middle] * share * still, near * still)


def _passing(rng: np.random.Generator) -> list[_Actor]:
    """A walk behind a pillar."""
    x, z, leftwards = _path(rng)
    return [_Actor(_thing(rng, leftwards), x, z, _TARGET), _pillar(rng, x, z)]


def _look_alike(rng: np.random.Generator) -> list[_Actor]:
    """A walk behind a pillar, and another just like it, farther away, the other way."""
    x, z, leftwards = _path(rng)
    draw, z_other = _thing(rng, leftwards), z * rng.uniform(1.35, 1.7)
    other = x[::-1] / z[::-1] * z_other
    return [_Actor(draw, x, z, _TARGET), _Actor(draw, other, z_other), _pillar(rng, x, z)]


def _returning(rng: np.random.Generator) -> list[_Actor]:
    """A walk out of the picture and back in."""
    z = np.full(FRAMES, rng.uniform(8, 13))
    beyond = rng.uniform(45, 75)
    out, away, back = 25, int(rng.integers(4, 10)), 18
    turned = FRAMES - out - away - back
    edge = 640 + beyond
    way = [np.linspace(rng.uniform(330, 430), edge, out), np.full(away, edge)]
    end = rng.uniform(380, 470)
    columns = np.concatenate([*way, np.linspace(edge, end, back), np.full(turned, end)])
    x = _columns_to_metres(columns, z)
    leftwards = bool(rng.random() < 0.5)
    return [_Actor(_thing(rng, leftwards), -x if leftwards else x, z, _TARGET)]


def _covered(rng: np.random.Generator) -> list[_Actor]:
    """A thing that something nearer comes before and stays."""
    x, z, leftwards = _path(rng)
    x = x[0] + (x - x[0]) * 0.3
    near = rng.uniform(0.4, 0.7) * z.min()
    start, width = FRAMES // 2, 3.2 * near / z[-1]
    goal = x * near / z
    side = rng.choice([-1, 1])
    offset = np.interp(np.arange(FRAMES), [start - 12, start + 4], [side * 6.0, 0.0])
    surface = Surface(premultiplied(photographic((350, 200), rng)))
    cover = _Actor(_standing([surface], width, 6.0), goal + offset, np.full(FRAMES, near))
    return [_Actor(_thing(rng, leftwards), x, z, _TARGET), cover]


_PLOTS: dict[str, Callable[[np.random.Generator], list[_Actor]]] = {
    "approach": _approach,
    "passing": _passing,
    "returning": _returning,
    "covered": _covered,
    "look-alike": _look_alike,
}
