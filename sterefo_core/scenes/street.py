"""A street at dusk: the built-in demo's world, and how it moves.

Metres; X right, Y down, Z forward; the road is at Y = 0 and the viewer's side of it on the right.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sterefo_core.scenes import buildings, furniture
from sterefo_core.scenes.cars import make_car
from sterefo_core.scenes.layers import Layer, Scene, premultiplied
from sterefo_core.scenes.people import PERSON_WIDTH, STRIDE, person
from sterefo_core.scenes.textures import noise
from sterefo_core.scenes.world import Camera, Surface
from sterefo_core.types import Calibration

PEDESTRIAN, ONCOMING_CAR = 1, 2
_EYE = np.array([2.6, -1.6, 0.0])
_DRIFT_M_S = 0.35  # of the camera, forward
_KERB_M, _STEP_M = 4.2, 0.13  # the road's edge, and the height of the pavement above it
_LEFT_WALL, _RIGHT_WALL = -9.0, 9.2
_END_M = 108.0
_PAVEMENT_M, _SLAB_M = 5.2, 0.62
_ROAD_HALF_M = 5.8  # it runs on below the kerbs
_ZEBRA_M = 11.0
_LAMPS_M = ((4.8, 9.5), (-4.8, 16), (4.8, 23), (-4.8, 30), (4.8, 37), (-4.8, 44), (4.8, 51), (-4.8, 60))
_PERSON_M, _PERSON_M_S = 1.75, 1.3
_PHASES = 24
_FIRST_PHASE = 0.17  # in the middle of a step: the first box is neither the widest nor the narrowest
_NEAR_M = 22.0  # up to here the ground is drawn finely
_NEAR_PX_PER_M, _FAR_PX_PER_M = (90, 45), (24, 12)  # across, along
_STRETCHES = ((_NEAR_M, _END_M - _NEAR_M, _FAR_PX_PER_M), (0.0, _NEAR_M + 0.3, _NEAR_PX_PER_M))
_RAINCOAT = (0.72, 0.42, 0.04)
_RED = (0.42, 0.05, 0.035)
_AUTUMN = ((0.3, 0.13, 0.02), (0.17, 0.15, 0.03))
_PAINTS = ((0.4, 0.42, 0.44), (0.02, 0.035, 0.09), (0.03, 0.07, 0.05))
_OVERLAP_M = 0.3  # of surfaces that meet, so that no gap shows between their soft edges
_AMBIENT = np.array([0.7, 0.77, 0.95])
_LAMP_LIGHT = np.array([2.6, 1.7, 0.8])


class Street:
    """All surfaces of one street, drawn once; `scene` puts them where they are at a time."""

    def __init__(self, seed: int = 0) -> None:
        distance, ground, houses, plants, lights, walkers, cars = np.random.default_rng(seed).spawn(7)
        self._sky = Surface(buildings.dusk_sky((400, 1000), distance))
        self._town = Surface(buildings.skyline(70, 24, distance))
        self._ground = [
            [Surface(premultiplied(draw(start, length, scale, ground))) for draw in (_road, _pavement)]
            for start, length, scale in _STRETCHES
        ]
        self._kerb = Surface(premultiplied(np.full((round(_END_M * 20), 4, 3), 0.16) * _AMBIENT))
        self._houses = list(_houses(houses))
        self._trees = [Surface(furniture.tree(plants, 44, hue)) for hue in _AUTUMN]
        self._planter = Surface(furniture.planter(130, plants))
        self._bough = Surface(furniture.bough(plants, 120))
        lamp = furniture.lamp_post(25, 60)
        self._lamps = (Surface(lamp), Surface(lamp[:, ::-1]))
        self._chain = Surface(furniture.light_chain(_RIGHT_WALL - _LEFT_WALL, 18, 18, lights, 40))
        self._shadow = Surface(_soft_shadow())
        looks = walkers.integers(1 << 30, size=3)
        self._walker = [Surface(_walking(looks[0], phase / _PHASES)) for phase in range(_PHASES)]
        self._standing = [Surface(person(160, np.random.default_rng(look), None)) for look in looks[1:]]
        self._car = make_car(np.array(_RED), True, 30, cars)
        self._parked = [
            make_car(np.array(paint), oncoming, 0.2, cars)
            for paint, oncoming in zip(cars.permutation(_PAINTS), (True, True, False), strict=True)
        ]

    def scene(self, time_s: float, calibration: Calibration) -> Scene:
        """What a camera with this calibration sees at `time_s` seconds, 0..5."""
        camera = Camera((_EYE[0], _EYE[1], _EYE[2] + _DRIFT_M_S * time_s), calibration)
        layers = [*self._surroundings(camera)]
        things = sorted(self._things(camera, time_s), key=lambda thing: -thing[0])
        for _, pieces in things:
            layers += pieces
        names = {PEDESTRIAN: "pedestrian", ONCOMING_CAR: "car"}
        return Scene(tuple(layers), names)

    def _surroundings(self, camera: Camera) -> Iterator[Layer]:
        yield from camera.flat(self._sky, (-200, -90, 185), (400, 0, 0), (0, 93, 0))
        yield from camera.flat(self._town, (-33, -24, _END_M), (70, 0, 0), (0, 24.5, 0))
        for (start, length, _), (road, pavement) in zip(_STRETCHES, self._ground, strict=True):
            yield from camera.receding(road, (-_ROAD_HALF_M, 0, start), (2 * _ROAD_HALF_M, 0, 0), length)
            for corner in (_KERB_M, -_KERB_M - _PAVEMENT_M):
                yield from camera.receding(pavement, (corner, -_STEP_M, start), (_PAVEMENT_M, 0, 0), length)
        for x in (-_KERB_M, _KERB_M):
            yield from camera.receding(self._kerb, (x, -_STEP_M, 0), (0, _STEP_M, 0), _END_M)
        for surface, x, z, length, height in self._houses:
            yield from camera.receding(surface, (x, -height - _STEP_M, z), (0, height, 0), length)

    def _things(self, camera: Camera, time_s: float) -> Iterator[tuple[float, list[Layer]]]:
        """Everything that stands on the ground, with its distance."""
        reach = furniture.LAMP_POST_FOOT_M - furniture.LAMP_POST_M[0] / 2
        for x, z in _LAMPS_M:
            yield z, [*self._upright(camera, self._lamps[x < 0], x - np.sign(x) * reach, z, furniture.LAMP_POST_M)]
        for i, (x, z) in enumerate(((-5.9, 21), (6.0, 17.5), (-5.9, 35), (6.0, 30), (6.0, 43), (-5.9, 50))):
            yield z, [*self._upright(camera, self._trees[i % 2], x, z, furniture.TREE_M)]
        for z in (19.0, 34.0):
            yield z, [*camera.flat(self._chain, (_LEFT_WALL, -6.2, z), (_RIGHT_WALL - _LEFT_WALL, 0, 0), (0, 1.3, 0))]
        for car, (x, z) in zip(self._parked, ((-3.25, 19.5), (-3.25, 26), (3.2, 27)), strict=True):
            yield z, [*car.layers(camera, x, z, 0)]
        for surface, x, z in zip(self._standing, (6.1, 6.95), (13.2, 13.4), strict=True):
            yield z, [*self._figure(camera, surface, (x, -_STEP_M, z), 0)]
        yield 6.3, [*self._upright(camera, self._planter, 5.35, 6.3, (0.9, 1.3))]
        yield 6.2, [*camera.flat(self._bough, (3.95, -3.75, 6.2), (3.4, 0, 0), (0, 1.95, 0))]
        z = 13.6 + 22.0 * (1 - time_s / 5.0) ** 2  # it brakes for the pedestrian
        yield z, [*self._car.layers(camera, -1.15, z, ONCOMING_CAR)]
        walked = _PERSON_M_S * time_s
        walker = self._walker[round((walked / (STRIDE * _PERSON_M) + _FIRST_PHASE) * _PHASES) % _PHASES]
        yield 11.0, [*self._figure(camera, walker, (4.0 - walked, 0.0, 11.0), PEDESTRIAN)]

    def _upright(
        self, camera: Camera, surface: Surface, x: float, z: float, size: tuple[float, float]
    ) -> Iterator[Layer]:
        """A flat thing of `size` metres standing on the pavement."""
        corner = (x - size[0] / 2, -size[1] - _STEP_M, z)
        yield from camera.flat(surface, corner, (size[0], 0, 0), (0, size[1], 0))

    def _figure(
        self, camera: Camera, surface: Surface, feet: tuple[float, float, float], object_id: int
    ) -> Iterator[Layer]:
        (x, ground, z), width = feet, PERSON_WIDTH * _PERSON_M
        yield from camera.flat(self._shadow, (x - 0.6, ground, z + 0.3), (1.2, 0, 0), (0, 0, -0.6))
        corner = (x - width / 2, ground - _PERSON_M, z)
        yield from camera.flat(surface, corner, (width, 0, 0), (0, _PERSON_M, 0), object_id)


def _walking(seed: int, phase: float) -> np.ndarray:
    """The walker, facing left."""
    return person(230, np.random.default_rng(seed), phase, _RAINCOAT)[:, ::-1]


def _soft_shadow() -> np.ndarray:
    rows, columns = np.mgrid[-1:1:24j, -1:1:48j]
    return premultiplied(np.zeros((24, 48, 3)), 0.7 * np.exp(-4 * (rows**2 + columns**2)))


def _houses(rng: np.random.Generator) -> Iterator[tuple[Surface, float, float, float, float]]:
    """Both rows of houses, far to near: surface, X, Z, length along the street, height."""
    for wall in (_LEFT_WALL, _RIGHT_WALL):
        row, z = [], 3.0
        while z < 74:
            length, height = rng.uniform(7.5, 11.5), rng.uniform(7.2, 10.8)
            front = buildings.house_front(length, height, rng).transpose(1, 0, 2)
            row.append((Surface(front), wall, z, length + _OVERLAP_M, height))
            z += length
        yield from reversed(row)


def _grid(
    start: float, length: float, width: float, px_per_m: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Metres across from the left edge `(1, w)` and forward `(h, 1)` of a piece of ground, and its shape."""
    shape = round(length * px_per_m[1]), round(width * px_per_m[0])
    return (
        ((np.arange(shape[1], dtype=np.float32) + 0.5) / px_per_m[0])[None],
        (start + (np.arange(shape[0], dtype=np.float32) + 0.5) / px_per_m[1])[:, None],
        shape,
    )


def _light(x: np.ndarray, z: np.ndarray, lamps: tuple[tuple[float, float], ...]) -> np.ndarray:
    """The light of the sky, and of the lamps hanging over these places of the ground, `(h, w, 3)`."""
    pools = sum(np.exp(-((x - lamp_x) ** 2) / 12) * np.exp(-((z - lamp_z) ** 2) / 12) for lamp_x, lamp_z in lamps)
    return _AMBIENT + np.asarray(pools)[..., None] * _LAMP_LIGHT


def _mark(distance_m: np.ndarray, half_width_m: float, px_per_m: int) -> np.ndarray:
    """Coverage 0..1 of a painted line, soft over a pixel, at this distance from its middle."""
    return np.clip((half_width_m - np.abs(distance_m)) * px_per_m + 0.5, 0, 1)


def _every(position_m: np.ndarray, period_m: float) -> np.ndarray:
    """Signed distance from the nearest multiple of `period_m`."""
    return (position_m + period_m / 2) % period_m - period_m / 2


def _road(start: float, length: float, px_per_m: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Asphalt with lane marks and a crossing."""
    x, z, shape = _grid(start, length, 2 * _ROAD_HALF_M, px_per_m)
    x, (fine_x, fine_z) = x - _ROAD_HALF_M, px_per_m
    grain = noise(shape, rng, fine_z / 4)
    asphalt = 0.075 * np.exp(0.1 * noise(shape, rng, fine_z * 2, fine_z / 4) + 0.22 * grain)
    crossing = _mark(z - _ZEBRA_M, 1.6, fine_z) * _mark(x, _KERB_M - 0.3, fine_x)
    marks = crossing * _mark(_every(x - 0.25, 1.0), 0.25, fine_x)
    edges = _mark(np.abs(x) - _KERB_M + 0.25, 0.06, fine_x) * (1 - _mark(z - _ZEBRA_M, 1.6, fine_z))
    dashes = _mark(x - 0.25, 0.07, fine_x) * _mark(_every(z - 1.5, 6.0), 1.5, fine_z) * (np.abs(z - _ZEBRA_M) > 2.5)
    stop = _mark(z - _ZEBRA_M - 2.3, 0.18, fine_z) * _mark(x + 1.05, 1.25, fine_x)
    worn = (marks + edges + dashes + stop) * np.clip(0.8 + 0.15 * grain, 0, 1)
    return (asphalt * (1 - worn) + 0.5 * worn)[..., None] * _light(x, z, tuple((0.75 * lx, lz) for lx, lz in _LAMPS_M))


def _pavement(start: float, length: float, px_per_m: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Paving slabs, lit alike on both sides of the street."""
    x, z, shape = _grid(start, length, _PAVEMENT_M, px_per_m)
    row = (z / _SLAB_M).astype(int)
    along = x + (row % 2) * _SLAB_M / 2
    slab = row * 20 + (along / _SLAB_M).astype(int)
    shade = rng.normal(0, 0.14, slab.max() + 1).astype(np.float32)[slab]
    joints = np.maximum(
        _mark(_every(z, _SLAB_M), 0.012, px_per_m[1]), _mark(_every(along, _SLAB_M), 0.012, px_per_m[0])
    )
    slabs = 0.14 * np.exp(shade + 0.15 * noise(shape, rng, px_per_m[1])) * (1 - 0.6 * joints)
    return slabs[..., None] * _light(x, z, tuple((2.6, lamp_z) for _, lamp_z in _LAMPS_M[::2]))
