"""Things with telling outlines, as premultiplied `(h, w, 4)` textures: irregular boards, leaves, fences."""

from __future__ import annotations

import numpy as np

from sterefo_core.scenes.drawing import Drawing
from sterefo_core.scenes.textures import photographic, tint


def cut_out(surface: np.ndarray, outline: Drawing) -> np.ndarray:
    """`surface`, `(h, w, 3)`, where `outline` of the same size is painted; the colours of the latter do not matter."""
    alpha = outline.texture()[..., 3:]
    return np.concatenate([surface * alpha, alpha], axis=2)


def board(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A textured board whose outline is a rectangle, a polygon or a wavy blob; its lowest point touches the bottom."""
    height, width = shape
    corners = int(rng.choice([4, 5, 6, 40]))
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + (np.pi / 4 if corners == 4 else rng.uniform(0, 6))
    waves = np.sum([rng.normal(0, 0.1 / k) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(2, 6)], axis=0)
    radius = 1 + (waves if corners == 40 else rng.uniform(-0.15, 0, corners))
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0) * (width, height)
    outline = Drawing(width, height)
    outline.polygon(points, (1, 1, 1))
    return cut_out(photographic(shape, rng), outline)


def leaves(shape: tuple[int, int], rng: np.random.Generator, count: int, leaf_px: float) -> np.ndarray:
    """`count` small leaves of many greens hanging from twigs, anywhere in the picture."""
    picture = Drawing(shape[1], shape[0])
    for _ in range(count // 40):
        start = rng.uniform((0, 0), shape[::-1])
        bow = start + rng.normal(0, leaf_px * 4, 2)
        picture.stroke([start, bow, bow + rng.normal(0, leaf_px * 4, 2)], leaf_px / 6, (0.04, 0.03, 0.02), leaf_px / 12)
    green = np.array([0.1, 0.2, 0.04]) * np.exp(rng.normal(0, 0.25, 3))
    along = np.array([-1, -0.4, 0.2, 1, 0.2, -0.4])
    across = np.array([0, 0.36, 0.3, 0, -0.3, -0.36])
    for _ in range(count):
        angle, size = rng.uniform(0, 2 * np.pi), leaf_px * rng.uniform(0.5, 1.2) / 2
        axis = np.array([np.cos(angle), np.sin(angle)]) * size
        points = along[:, None] * axis + across[:, None] * (-axis[1], axis[0])
        picture.polygon(points + rng.uniform((0, 0), shape[::-1]), green * np.exp(rng.normal(0, 0.5)))
    return picture.texture()


def fence(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A thin fence across the whole picture: diamond wire mesh, or upright bars with two rails."""
    height, width = shape
    picture, metal = Drawing(width, height), tint(rng, 0.03, 0.4)
    if rng.random() < 0.5:
        step, wire = rng.uniform(22, 40), rng.uniform(1.2, 2.2)
        for x in np.arange(-height, width, step):
            picture.stroke([(x, 0), (x + height, height)], wire, metal)
            picture.stroke([(x, height), (x + height, 0)], wire, metal * 0.8)
    else:
        step, bar = rng.uniform(18, 36), rng.uniform(2.5, 5)
        for x in np.arange(-step, width, step):
            picture.stroke([(x, 0), (x, height)], bar, metal * np.exp(rng.normal(0, 0.1)))
        for y in (0.15, 0.85):
            picture.stroke([(0, y * height), (width, y * height)], bar * 1.3, metal)
    return picture.texture()
