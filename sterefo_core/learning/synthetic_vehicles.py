"""Cars, lorries and crates: what is large and near in streets, smooth, mirrors the sky and has windows."""

from __future__ import annotations

import numpy as np

from sterefo_core.learning.synthetic_shapes import DISCS, FRAMES
from sterefo_core.learning.synthetic_textures import POOR
from sterefo_core.learning.synthetic_world import Camera, Faces, Places, boxes, joined

_CAR = np.array([1.1, 0.45, 2.6])
"""Width, height and length of a body without its cabin."""
_LEFT_AND_RIGHT = slice(2, 4)


def vehicles(rng: np.random.Generator, camera: Camera, count: int, glazed: float) -> Places:
    """Bodies on wheels, most with a cabin, and all with things painted or screwed on.

    `glazed` is the share of cabins with windows in them; the others are open, as furniture is: what is in their frames
    may as well be what is behind.
    """
    feet, yaw = feet_on_ground(rng, camera, count), np.where(rng.random(count) < 0.6, 0, rng.uniform(0, np.pi, count))
    size = _CAR * np.exp(rng.normal(0, 0.25, (count, 3)))
    above = size[:, 1] * np.where(rng.random(count) < 0.7, rng.uniform(0.1, 0.5, count), 0)
    body = boxes(feet, size, yaw, above)
    cabin_size = size * rng.uniform([0.8, 0.8, 0.4], [0.99, 1.2, 0.9], (count, 3))
    cabin = boxes(feet, cabin_size, yaw, above + size[:, 1])
    has, shut = rng.random(count) < 0.8, rng.random(count) < glazed
    paint = np.where(rng.random(count) < 0.7, rng.choice(POOR, count), -1)
    gloss = np.where(paint >= 0, rng.uniform(0, 0.5, count), -1)
    closed, framed = (Faces(*(side[:, kind] for side in cabin)) for kind in (has & shut, has & ~shut))
    walls = closed.seen(camera, paint[has & shut], gloss[has & shut])
    frames = framed.seen(camera, paint[has & ~shut], gloss[has & ~shut])
    parts = [body.seen(camera, paint, gloss), walls, _panes(rng, camera, closed)]
    parts += [frames.cut(rng.choice(FRAMES, len(frames.shape))), _details(rng, camera, body)]
    return joined([*parts, _wheels(rng, camera, body, above / size[:, 1])])


def _panes(rng: np.random.Generator, camera: Camera, cabin: Faces) -> Places:
    """A window in every upright side, nothing to see in it but what it mirrors: its distance is that of its frame."""
    upright = Faces(*(side[:4] for side in cabin))
    shape = (*upright.corner.shape[:2], 2)
    low = np.broadcast_to(rng.uniform([0.03, 0.05], [0.15, 0.2], shape[1:]), shape)
    high = 1 - rng.uniform([0.03, 0.02], [0.2, 0.3], shape)
    return upright.part(low, high - low).seen(camera, rng.choice(POOR, shape[1]), rng.uniform(0.1, 0.85, shape[1]))


def _details(rng: np.random.Generator, camera: Camera, body: Faces) -> Places:
    """Lamps, plates, handles, writing."""
    shape = (*body.corner.shape[:2], 2)
    low = rng.uniform(0.02, 0.8, shape)
    parts = body.part(low, np.minimum(rng.uniform(0.03, 0.5, shape), 0.98 - low))
    return parts.seen(camera)


def _wheels(rng: np.random.Generator, camera: Camera, body: Faces, above: np.ndarray) -> Places:
    """Two on each side of what does not stand on the ground; `above` is how high it is, in heights of the body."""
    sides = Faces(*(side[_LEFT_AND_RIGHT][:, above > 0] for side in body))
    reach, count = above[above > 0], int((above > 0).sum())
    wheels = []
    for middle in (0.17, 0.8):
        wide, tall = rng.uniform(0.18, 0.28, count), reach + rng.uniform(0.3, 0.5, count)
        low = np.stack([middle - wide / 2, 1 + reach - tall], axis=1)
        rim = sides.part(np.stack([low] * 2), np.stack([np.stack([wide, tall], axis=1)] * 2))
        wheels.append(rim.seen(camera, rng.choice(POOR, count), 0.0).cut(int(rng.choice(DISCS))))
    return joined(wheels)


def feet_on_ground(rng: np.random.Generator, camera: Camera, count: int) -> np.ndarray:
    """Places on the ground that are seen, (X, Z), nearer ones as likely as farther ones in the picture."""
    z = camera.focal * camera.nearness / np.exp(rng.uniform(np.log(1.5), np.log(0.8 * camera.max_disparity), count))
    column = rng.uniform(-0.1, 1.2, count) * camera.width
    return np.stack([(column - camera.column) * z / camera.focal, z], axis=1)
