"""Where synthetic surfaces can be: quadrilaterals in a world, and cards in the left picture.

The world's unit is the height of the camera above the ground; X right, Y down, Z forward, the ground at Y = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

_NEARER = 0.997  # of the distance; seen from the camera at the origin, nothing moves


class Places(NamedTuple):
    """`n` surfaces without their looks; see `synthetic_views.Surfaces` for the first four.

    `extent` is `(n, 2)`, their size in texture pixels at a natural scale; `texture` is `(n,)`, -1 for any; `gloss` is
    `(n,)`, the share of their light that mirrors something farther away, 0..1, -1 for any.
    """

    depth: np.ndarray
    to_unit: np.ndarray
    shape: np.ndarray
    repeats: np.ndarray
    extent: np.ndarray
    texture: np.ndarray
    gloss: np.ndarray

    def cut(self, shape: np.ndarray | int, repeats: np.ndarray | float = 1.0) -> Places:
        """The same with shapes cut out."""
        count = len(self.shape)
        repeated = np.broadcast_to(np.asarray(repeats, float), (count, 2))
        return self._replace(shape=np.broadcast_to(shape, count), repeats=repeated)


@dataclass(frozen=True)
class Camera:
    """What a layout is drawn for: a picture of `width` x `height` px, its focal length, horizon and vanishing column.

    `nearness` is the disparity of the ground per px below the horizon: baseline over height above the ground.
    """

    width: int
    height: int
    max_disparity: float
    focal: float
    column: float
    horizon: float
    nearness: float

    @property
    def nearest(self) -> float:
        """Distance in camera heights at which the largest disparity is reached."""
        return self.focal * self.nearness / self.max_disparity


def random_camera(rng: np.random.Generator, height: int, width: int, max_disparity: float) -> Camera:
    """As if the picture were some part of a larger one."""
    horizon = height * rng.uniform(-0.15, 0.65)
    nearest_ground = min(
        np.exp(rng.uniform(np.log(0.1 * max_disparity), np.log(0.8 * max_disparity))), 0.5 * (height - horizon)
    )
    focal = rng.uniform(0.8, 3.5) * height
    return Camera(
        width,
        height,
        max_disparity,
        focal,
        width * rng.uniform(-0.1, 1.1),
        horizon,
        nearest_ground / (height - horizon),
    )


def quads(
    camera: Camera, corner: np.ndarray, across: np.ndarray, down: np.ndarray,
    *, texture: ArrayLike = -1, gloss: ArrayLike = -1.0,
) -> Places:  # fmt: skip
    """Parallelograms in the world, each `(n, 3)`; those that come too near or are seen edge-on are left out."""
    frame = np.stack(np.broadcast_arrays(across, down, corner), axis=2).astype(float)  # (n, 3, 3), columns
    z = frame[:, 2, 2:] + np.stack([0 * frame[:, 2, 0], frame[:, 2, 0], frame[:, 2, 1], frame[:, 2, :2].sum(1)], axis=1)
    matrix = np.array([[camera.focal, 0, camera.column], [0, camera.focal, camera.horizon], [0, 0, 1]])
    projected = matrix @ frame
    size = np.linalg.norm(frame[:, :, :2], axis=1)
    seen = (z.min(axis=1) > camera.nearest) & (np.abs(np.linalg.det(frame)) > 1e-3 * size.prod(axis=1))
    to_unit = np.linalg.inv(projected[seen])
    count = len(to_unit)
    a, b, c = (to_unit[:, 2] * (camera.focal * camera.nearness)).T  # 1 / Z is linear in the picture
    none = np.zeros(count)
    extent = size[seen] * (camera.focal / z[seen].min(axis=1))[:, None]
    depth = np.stack([none, none, c, a, b, none, none], axis=1)
    looks = (np.broadcast_to(value, seen.shape)[seen] for value in (texture, gloss))
    return Places(depth, to_unit, np.full(count, -1), np.ones((count, 2)), extent, *looks)


def cards(centre: np.ndarray, half: np.ndarray, angle: np.ndarray, disparity: np.ndarray, bend: np.ndarray) -> Places:
    """Rectangles in the left picture: middle `(n, 2)`, half sides `(n, 2)`, turn `(n,)`, disparity at the middle.

    `bend` is `(n, 4)`: the a, b, q, p of `synthetic_views.Surfaces`.
    """
    count = len(centre)
    turn = np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)], axis=1).reshape(count, 2, 2)
    to_unit = np.zeros((count, 3, 3))
    to_unit[:, :2, :2] = turn / (2 * half[:, :, None])
    to_unit[:, :2, 2] = 0.5 - np.einsum("nij,nj->ni", to_unit[:, :2, :2], centre)
    to_unit[:, 2, 2] = 1
    depth = np.concatenate([centre, disparity[:, None], bend], axis=1)
    any_ = np.full(count, -1)
    return Places(depth, to_unit, any_, np.ones((count, 2)), 2 * half, any_, any_.astype(float))


def joined(parts: list[Places]) -> Places:
    """All surfaces of several parts."""
    return Places(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def backdrop(camera: Camera, disparity: float, slope: np.ndarray) -> Places:
    """A surface without end: d is `disparity` at the least within reach of both eyes, rising along (a, b) `slope`."""
    reach = np.array([camera.width + camera.max_disparity, camera.height])
    least = np.minimum(slope * reach, 0).sum()
    bend = np.array([[*slope, 0.0, 0.0]])
    place = cards(np.zeros((1, 2)), np.full((1, 2), 5000.0), np.zeros(1), np.array([disparity - least]), bend)
    return place


class Faces(NamedTuple):
    """Sides of cuboids, `(k, n, 3)` each: a corner, and the way across and down from there.

    The first is the front, then come the back, the left, the right and the top.
    """

    corner: np.ndarray
    across: np.ndarray
    down: np.ndarray

    def part(self, corner: np.ndarray, size: np.ndarray) -> Faces:
        """Rectangles on the sides, `(k, n, 2)` of their width and height each, a hair nearer to the camera."""
        start = self.corner + corner[..., :1] * self.across + corner[..., 1:] * self.down
        return Faces(*(_NEARER * side for side in (start, size[..., :1] * self.across, size[..., 1:] * self.down)))

    def seen(self, camera: Camera, texture: ArrayLike = -1, gloss: ArrayLike = -1.0) -> Places:
        """As surfaces; looks are those of each cuboid, `(n,)`, or of each side, `(k, n)`."""
        painted, mirroring = (np.broadcast_to(value, self.corner.shape[:2]).ravel() for value in (texture, gloss))
        return quads(camera, *(side.reshape(-1, 3) for side in self), texture=painted, gloss=mirroring)


def boxes(foot: np.ndarray, size: np.ndarray, yaw: np.ndarray, above: np.ndarray) -> Faces:
    """Cuboids, `above` the ground: middle of the foot (X, Z) and width, height, length."""
    ahead = np.stack([np.sin(yaw), 0 * yaw, np.cos(yaw)], axis=1)
    right = np.stack([np.cos(yaw), 0 * yaw, -np.sin(yaw)], axis=1)
    wide, tall, long = (side[:, None] for side in size.T)
    lift = np.stack([0 * yaw, 1 - above - size[:, 1], 0 * yaw], axis=1)
    top = np.stack([foot[:, 0], 0 * yaw, foot[:, 1]], axis=1) + lift
    x, y, z = right * wide, [[0, 1.0, 0]] * tall, ahead * long
    near_left = top - (x + z) / 2
    sides = [(near_left, x, y), (near_left + z, x, y), (near_left, z, y), (near_left + x, z, y), (near_left, x, z)]
    return Faces(*(np.stack(column) for column in zip(*sides, strict=True)))


def upright(camera: Camera, foot: np.ndarray, width: np.ndarray, height: np.ndarray, above: np.ndarray) -> Places:
    """Rectangles that face the camera: poles, signs, and what is cut out of them."""
    corner = np.stack([foot[:, 0] - width / 2, 1 - above - height, foot[:, 1]], axis=1)
    none = 0 * width
    return quads(camera, corner, np.stack([width, none, none], 1), np.stack([none, height, none], 1))
