"""Synthetic stereo with exact truth: an endless set of pairs, each a function of its seed.

    sample = make_pair(seed, 256, 512, max_disparity=192)

What makes the left and the right picture is in `synthetic_views`, what the scenes consist of in `synthetic_layouts`
and `synthetic_textures`. Scenes are not meant to look real, but to be as varied as real ones: networks that learn from
enough of them find their way in real pictures (Mayer et al., "What Makes Good Synthetic Training Data for Learning
Disparity and Optical Flow Estimation?", 2018).
"""

from __future__ import annotations

import numpy as np

from sterefo_core.learning.samples import StereoSample
from sterefo_core.learning.synthetic_layouts import draw_layout
from sterefo_core.learning.synthetic_shading import shade
from sterefo_core.learning.synthetic_shapes import SHAPE_BANK
from sterefo_core.learning.synthetic_textures import TEXTURE_BANK, TEXTURES
from sterefo_core.learning.synthetic_truth import true_maps
from sterefo_core.learning.synthetic_views import (
    LEFT,
    RIGHT,
    Fragments,
    Surfaces,
    find_fragments,
    no_fragments,
)
from sterefo_core.learning.synthetic_world import Places, random_camera

HELD_OUT = 1_000_000_000_000
"""Seeds from here on are for validation and evaluation, never for training."""


def make_pair(seed: int, height: int, width: int, max_disparity: float = 192) -> StereoSample:
    """A pair of `height` x `width` px with dense exact truth, the same one for the same arguments.

    Disparities are 0 to `max_disparity`, which is at least 8. Both pictures are clean: `augment.photographed` makes
    them look as if taken by two cameras. It takes some 25 ms for 256 x 512 once textures and kernels are there, and
    lets go of the interpreter meanwhile.
    """
    rng = np.random.default_rng((seed, height, width))
    camera = random_camera(rng, height, width, max_disparity)
    return render(dressed(rng, draw_layout(rng, camera)), height, width)


def render(surfaces: Surfaces, height: int, width: int) -> StereoSample:
    """Both views of the surfaces and the truth of the left one; together they must leave no pixel open."""
    shapes = SHAPE_BANK.having(surfaces.shape[surfaces.shape >= 0].tolist())
    textures = TEXTURE_BANK.having(surfaces.texture.ravel().tolist())
    left, left_picture = _view(surfaces, shapes, textures, LEFT, (height, width))
    right, right_picture = _view(surfaces, shapes, textures, RIGHT, (height, width))
    disparity, occluded = np.empty((height, width), np.float32), np.empty((height, width), bool)
    true_maps(surfaces, shapes, left, right, disparity, occluded)
    return StereoSample(left_picture, right_picture, disparity, occluded, np.ones((height, width), bool))


def _view(
    surfaces: Surfaces, shapes: np.ndarray, textures: np.ndarray, eye: int, size: tuple[int, int]
) -> tuple[Fragments, np.ndarray]:
    """What one eye sees, and its picture `(3, H, W)` uint8."""
    fragments, picture = no_fragments(*size), np.empty((*size, 3), np.uint8)
    find_fragments(surfaces, shapes, eye, fragments)
    shade(surfaces, textures, eye, fragments, picture)
    return fragments, np.ascontiguousarray(picture.transpose(2, 0, 1))


def dressed(rng: np.random.Generator, places: Places) -> Surfaces:
    """Give every surface its looks: two textures, colours, light, and for some a reflection of something farther."""
    count = len(places.shape)
    order = np.argsort(-_middle_disparity(places))  # near ones first: what they hide is passed over quickly
    places = Places(*(column[order] for column in places))
    disparity = np.maximum(_middle_disparity(places), 0)
    second = np.where(rng.random(count) < 0.5, rng.uniform(0.1, 0.5, count), 0)
    chosen, by_chance = places.gloss > 0, (places.gloss < 0) & (rng.random(count) < 0.1)
    second[chosen] = places.gloss[chosen]
    second[by_chance] = rng.uniform(0.15, 0.45, by_chance.sum())
    shiny = chosen | by_chance
    apart = np.where(shiny, disparity * rng.uniform(0.1, 1.1, count), -1)
    contrast = np.where(rng.random(count) < 0.25, rng.uniform(0.06, 0.3, count), rng.uniform(0.3, 1.05, count))
    contrast = contrast[:, None] * np.exp(rng.normal(0, 0.12, (count, 3)))
    offset = rng.normal(0, 22, (count, 1)) + 90 * (1 - contrast)
    gain = np.stack([contrast * (1 - second[:, None]), contrast * second[:, None]], axis=1)
    texture = np.stack([places.texture, rng.integers(0, TEXTURES, count)], axis=1)
    texture[:, 1] = np.where(second > 0, texture[:, 1], texture[:, 0])
    return Surfaces(
        depth=places.depth,
        to_unit=places.to_unit,
        edges=_edges(places.to_unit),
        shape=places.shape.astype(np.int32),
        repeats=places.repeats.astype(float),
        to_texture=np.stack([_texture_map(rng, places) for _ in range(2)], axis=1),
        texture=texture.astype(np.int32),
        gain=gain.astype(np.float32),
        offset=offset.astype(np.float32),
        light=_light(rng, places),
        apart=apart.astype(np.float32),
    )


def _middle_disparity(places: Places) -> np.ndarray:
    """Disparity where the middle of the unit square lies, px."""
    x, y = _middle(places.to_unit).T
    across, down = x - places.depth[:, 0], y - places.depth[:, 1]
    c, a, b, q, p = places.depth.T[2:]
    return c + (a + q * across) * across + (b + p * down) * down


def _middle(to_unit: np.ndarray) -> np.ndarray:
    """`(n, 2)` where in the picture the middle of the unit square lies."""
    seen = np.linalg.solve(to_unit, np.tile([[0.5], [0.5], [1.0]], (len(to_unit), 1, 1)))[..., 0]
    return seen[:, :2] / seen[:, 2:]


def _edges(to_unit: np.ndarray) -> np.ndarray:
    """`(n, 4, 3)` the sides s >= 0, s <= 1, t >= 0, t <= 1 of the unit squares as distances in px.

    The homographies are scaled such that their last row is positive where the surface is in front of the camera.
    """
    s, t, w = to_unit.transpose(1, 0, 2)
    lines = np.stack([s, w - s, t, w - t], axis=1)
    return lines / np.maximum(np.hypot(lines[..., 0], lines[..., 1]), 1e-12)[..., None]


def _texture_map(rng: np.random.Generator, places: Places) -> np.ndarray:
    """`(n, 3, 3)` from the picture to texture pixels, turned and scaled at random."""
    count = len(places.shape)
    angle = np.where(rng.random(count) < 0.6, 0, rng.uniform(0, 2 * np.pi, count))
    scale = np.exp(rng.normal(0, 0.5, count))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.stack([cos, -sin, sin, cos], axis=1).reshape(count, 2, 2)
    to_texture = np.zeros((count, 3, 3))
    to_texture[:, :2, :2] = turn * places.extent[:, None, :]
    to_texture[:, :2, 2] = rng.uniform(0, 256, (count, 2))
    to_texture[:, 2, 2] = 1
    return to_texture @ places.to_unit


def _light(rng: np.random.Generator, places: Places) -> np.ndarray:
    """`(n, 3)` brightness that changes linearly over the picture, about 1 at the middle of each surface."""
    slope = rng.normal(0, 0.002, (len(places.shape), 2))
    level = rng.uniform(0.5, 1.35, len(places.shape)) - (slope * np.clip(_middle(places.to_unit), -500, 2000)).sum(
        axis=1
    )
    return np.column_stack([slope, level]).astype(np.float32)
