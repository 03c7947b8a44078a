"""Where the surfaces of a synthetic scene are: streets, rooms and things that float, all far from any real place.

Streets and rooms are built of flat quadrilaterals in a world; floating things in the left picture, and they may bend.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sterefo_core.learning.synthetic_shapes import LATTICES, LOOSE, PEOPLE, TREES
from sterefo_core.learning.synthetic_textures import FRONTS, POOR, TEXTURES
from sterefo_core.learning.synthetic_vehicles import feet_on_ground, vehicles
from sterefo_core.learning.synthetic_world import Camera, Places, backdrop, cards, joined, quads, upright

_FAR = 400.0
_STEEPEST = 0.6  # px of disparity per px along the row; at 1 the right eye would see the surface edge-on
_FILLED = 0.97  # of the largest disparity, so that rounding stays below it


def floating(rng: np.random.Generator, camera: Camera, count: int) -> Places:
    """Things of all sizes at all distances, slanted and curved, whole or cut out."""
    largest = _FILLED * camera.max_disparity
    disparity = np.exp(rng.uniform(np.log(1.5), np.log(largest * rng.uniform(0.3, 0.95)), count))
    centre = rng.uniform([0, 0], [camera.width + 0.5 * camera.max_disparity, camera.height], (count, 2))
    size = np.exp(rng.uniform(np.log(3), np.log(0.5 * camera.height), count)) * (
        0.4 + 0.6 * np.sqrt(disparity / largest)
    )
    half = size[:, None] * np.exp(rng.normal(0, 0.4, (count, 2)))
    thin = rng.random(count) < 0.15  # wires, sticks
    half[thin] = np.stack([3 * half[thin, 0] + 10, rng.uniform(0.4, 2.5, thin.sum())], axis=1)
    slanted = np.where(rng.random((count, 1)) < 0.6, rng.normal(0, [0.25, 0.25], (count, 2)), 0)
    radius = np.hypot(*half.T)[:, None]
    bent = np.where(rng.random((count, 1)) < 0.3, rng.normal(0, 0.2, (count, 2)), 0) / radius
    bend = _kept_within(np.concatenate([slanted, bent], axis=1), radius, np.minimum(disparity, largest - disparity))
    places = cards(centre, half, rng.uniform(0, np.pi, count), disparity, bend)
    return places.cut(np.where((rng.random(count) < 0.6) & ~thin, rng.choice(LOOSE, count), -1))


def _kept_within(bend: np.ndarray, radius: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Bends made weaker where disparities within the radius would leave `room`, or the row would fold back."""
    steps = np.abs(bend) * np.concatenate([radius, radius, radius**2, radius**2], axis=1)
    steepest = np.abs(bend[:, 0]) + 2 * np.abs(bend[:, 2]) * radius[:, 0]
    weaker = np.minimum(0.9 * room / np.maximum(steps.sum(axis=1), 1e-9), _STEEPEST / np.maximum(steepest, 1e-9))
    return bend * np.minimum(weaker, 1)[:, None]


def street(rng: np.random.Generator, camera: Camera) -> list[Places]:
    """Ground, rows of houses, vehicles, poles, people, trees, fences, under a sky at a disparity of 0 to 1."""
    begin = camera.nearest * 1.02
    parts = [backdrop(camera, rng.uniform(0, 1), np.zeros(2))._replace(texture=np.array([rng.choice(POOR)]))]
    corner, along, ahead = np.array([[-_FAR / 2, 1.0, begin]]), np.array([[_FAR, 0, 0.0]]), np.array([[0, 0, _FAR]])
    parts.append(quads(camera, corner, along, ahead))
    for side in (-1, 1):
        if rng.random() < 0.7:
            parts.append(_houses(rng, camera, side * rng.uniform(1.5, 9)))
        if rng.random() < 0.3:
            parts.append(_fence(rng, camera, side * rng.uniform(1, 5)))
        if rng.random() < 0.3:
            parts.append(_thicket(rng, camera, side * rng.uniform(1, 6)))
    parts.append(_marks(rng, camera))
    parts += [
        vehicles(rng, camera, int(rng.integers(1, 9)), glazed=0.9),
        _standing(rng, camera, int(rng.integers(3, 22))),
    ]
    hills = int(rng.integers(0, 10))
    centre = np.stack([rng.uniform(0, camera.width, hills), np.full(hills, camera.horizon)], axis=1)
    half = rng.uniform([0.04, 0.02], [0.4, 0.12], (hills, 2)) * camera.width
    far = cards(centre, half, np.zeros(hills), rng.uniform(1, 5, hills), np.zeros((hills, 4)))
    parts.append(far.cut(rng.choice(LOOSE, hills)))
    return parts


def _houses(rng: np.random.Generator, camera: Camera, x: float) -> Places:
    """Fronts along the street, each with the wall that faces the camera."""
    count = int(rng.integers(1, 6))
    ends = np.sort(camera.nearest * np.exp(rng.uniform(0.02, np.log(60), count + 1)))
    set_back = x * np.exp(rng.normal(0, 0.2, count))
    tall, length, none = rng.uniform(1.5, 9, count), np.diff(ends), np.zeros(count)
    corner = np.stack([set_back, 1 - tall, ends[:-1]], axis=1)
    down = np.stack([none, tall, none], axis=1)
    fronts = quads(camera, corner, np.stack([none, none, length], 1), down)
    if rng.random() < 0.6:
        fronts = fronts._replace(texture=rng.choice(FRONTS, len(fronts.shape)))
    return joined([fronts, quads(camera, corner, np.stack([none + np.sign(x) * 12, none, none], 1), down)])


def _fence(rng: np.random.Generator, camera: Camera, x: float) -> Places:
    """A railing or a net along the street."""
    start, length, tall = camera.nearest * rng.uniform(1.05, 3), rng.uniform(2, 15), rng.uniform(0.4, 1.4)
    corner, along, down = np.array([[x, 1 - tall, start]]), np.array([[0, 0, length]]), np.array([[0, tall, 0]])
    fence = quads(camera, corner, along, down)
    return fence.cut(
        int(rng.choice(LATTICES)), np.maximum(np.round([length * rng.uniform(2, 6), rng.uniform(1, 4)]), 1)
    )


def _thicket(rng: np.random.Generator, camera: Camera, x: float) -> Places:
    """Bushes and trees along the street, dense and all alike, the higher the farther from it."""
    count, tall, deep = int(rng.integers(50, 160)), rng.uniform(0.5, 4), rng.uniform(0.5, 6)
    inwards = rng.random(count)
    z = camera.nearest * np.exp(rng.uniform(0.05, rng.uniform(1, 3.5), count))
    feet = np.stack([x + np.sign(x) * deep * inwards, z], axis=1)
    wide, high = np.exp(rng.normal(np.log(rng.uniform(0.3, 1.2)), 0.4, (2, count)))
    leaves = upright(camera, feet, wide, high, tall * inwards * rng.random(count))
    kinds, looks = rng.choice(TREES, 4), rng.integers(0, TEXTURES, 3)
    return leaves.cut(rng.choice(kinds, len(leaves.shape)))._replace(texture=rng.choice(looks, len(leaves.shape)))


def _marks(rng: np.random.Generator, camera: Camera) -> Places:
    """Lines and patches on the ground."""
    count = int(rng.integers(0, 8))
    begin = camera.nearest * np.exp(rng.uniform(0.02, 2.5, count))
    none, long, wide = np.zeros(count), rng.uniform(0.3, 20, count), rng.uniform(0.05, 1.0, count)
    corner = np.stack([rng.uniform(-4, 4, count), none + 0.9995, begin], axis=1)
    return quads(camera, corner, np.stack([wide, none, none], 1), np.stack([none, none, long], 1))


def _standing(rng: np.random.Generator, camera: Camera, count: int) -> Places:
    """Poles, signs on them, people and trees."""
    feet, kind = feet_on_ground(rng, camera, count), rng.integers(0, 4, count)
    low = np.array([[0.03, 1.2, 0], [0.15, 0.15, 0.7], [0.9, 0.95, 0], [1.0, 1.5, 0]])[kind]
    high = np.array([[0.12, 4, 0], [0.8, 0.8, 2.0], [1.0, 1.15, 0], [3.0, 4.5, 0.8]])[kind]
    width, height, above = rng.uniform(low, high).T
    shape = np.select([kind == 2, kind == 3], [rng.choice(PEOPLE, count), rng.choice(TREES, count)], -1)
    far_enough = feet[:, 1] > camera.nearest * np.where(shape < 0, 1.001, 1.8)
    places = upright(camera, feet[far_enough], width[far_enough], height[far_enough], above[far_enough])
    return places.cut(shape[far_enough])


def room(rng: np.random.Generator, camera: Camera) -> list[Places]:
    """Floor, ceiling and walls, with furniture."""
    begin, depth = camera.nearest * 1.02, camera.nearest * rng.uniform(4, 12)
    left, right, top = -rng.uniform(0.8, 4), rng.uniform(0.8, 4), 1 - rng.uniform(1.4, 3)
    wide, tall, deep = np.array([[right - left, 0, 0]]), np.array([[0, 1 - top, 0]]), np.array([[0, 0, depth - begin]])
    floor, ceiling = np.array([[left, 1, begin]]), np.array([[left, top, begin]])
    back, other = np.array([[left, top, depth]]), np.array([[right, top, begin]])
    sides = [(floor, wide, deep), (ceiling, wide, deep), (back, wide, tall), (ceiling, deep, tall), (other, deep, tall)]
    parts = [backdrop(camera, rng.uniform(0, 2), np.zeros(2)), *(quads(camera, *side) for side in sides)]
    return [
        *parts,
        vehicles(rng, camera, int(rng.integers(2, 9)), glazed=0.2),
        _standing(rng, camera, int(rng.integers(0, 8))),
    ]


def open_space(rng: np.random.Generator, camera: Camera) -> list[Places]:
    """Nothing but a slanted backdrop."""
    slope = rng.normal(0, [0.03, 0.08]) if rng.random() < 0.7 else np.zeros(2)
    rise = float(np.abs(slope) @ [camera.width + camera.max_disparity, camera.height])
    slope *= min(0.6 * camera.max_disparity / max(rise, 1e-9), 1)
    return [backdrop(camera, rng.uniform(0, 0.2) * camera.max_disparity, slope)]


Layout = Callable[[np.random.Generator, Camera], list[Places]]
LAYOUTS: tuple[tuple[Layout, float, int], ...] = ((street, 0.55, 24), (room, 0.15, 24), (open_space, 0.3, 100))
"""Layouts, how often each is drawn, and the most floating things before it."""


def draw_layout(rng: np.random.Generator, camera: Camera) -> Places:
    """All surfaces of one scene."""
    choice = rng.choice(len(LAYOUTS), p=[share for _, share, _ in LAYOUTS])
    layout, _, most = LAYOUTS[choice]
    parts = [*layout(rng, camera), floating(rng, camera, int(rng.integers(most // 5, most)))]
    places = joined(parts)
    any_texture = rng.integers(0, TEXTURES, len(places.texture))
    return places._replace(texture=np.where(places.texture < 0, any_texture, places.texture))
