"""Things with telling outlines, as premultiplied `(h, w, 4)` textures: people, leaves, fences, irregular boards."""

from __future__ import annotations

import numpy as np

from sterefo_core.scenes.drawing import Drawing
from sterefo_core.scenes.textures import noise, photographic, tint

_SKINS = ((0.55, 0.33, 0.22), (0.36, 0.2, 0.12), (0.16, 0.08, 0.05), (0.62, 0.4, 0.3))


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


def person(height_px: float, rng: np.random.Generator, phase: float = 0.0) -> np.ndarray:
    """A walking person seen from the side, facing right; the texture is 0.6 as wide as high, feet at its bottom.

    `phase` 0..1 is where in a double step they are.
    """
    coat, trousers, hair = tint(rng, 0.1, 0.5), tint(rng, 0.03, 0.15), tint(rng, 0.01, 0.1)
    skin = np.array(_SKINS[rng.integers(len(_SKINS))])
    swing = 0.42 * np.sin(2 * np.pi * phase)
    body = Drawing(0.6, 1.0, height_px)
    for side, shade in ((-1, 0.65), (1, 1.0)):  # the far leg and arm first, in shadow
        _arm(body, -side * swing, coat * shade, skin * shade) if side < 0 else None
        _leg(body, side * swing, phase + (0 if side > 0 else 0.5), trousers * shade)
    body.polygon(
        [(0.235, 0.2), (0.3, 0.17), (0.36, 0.2), (0.375, 0.36), (0.37, 0.56), (0.235, 0.56), (0.22, 0.36)], coat
    )
    body.stroke([(0.3, 0.2), (0.305, 0.12)], 0.05, skin * 0.8)
    body.ellipse(0.31, 0.085, 0.052, 0.068, skin)
    body.polygon([(0.25, 0.13), (0.245, 0.05), (0.29, 0.012), (0.345, 0.025), (0.355, 0.06), (0.3, 0.065)], hair)
    _arm(body, -swing, coat * 1.15, skin)
    texture = body.texture()
    texture[..., :3] *= np.exp(0.1 * noise(texture.shape[:2], rng, height_px / 8))[..., None]
    return texture


def _leg(body: Drawing, swing: float, phase: float, colour: np.ndarray) -> None:
    bend = 0.5 * max(np.cos(2 * np.pi * phase), 0.0)  # the knee bends while the leg swings forward
    hip = np.array([0.3, 0.53])
    knee = hip + 0.225 * np.array([np.sin(swing), np.cos(swing)])
    ankle = knee + 0.215 * np.array([np.sin(swing - bend), np.cos(swing - bend)])
    body.stroke([hip, knee, ankle], 0.105, colour, 0.055)
    body.stroke([ankle, ankle + np.array([0.065, 0.01])], 0.032, colour * 0.4)


def _arm(body: Drawing, swing: float, colour: np.ndarray, skin: np.ndarray) -> None:
    shoulder = np.array([0.3, 0.22])
    elbow = shoulder + 0.165 * np.array([np.sin(swing), np.cos(swing)])
    hand = elbow + 0.15 * np.array([np.sin(swing + 0.35), np.cos(swing + 0.35)])
    body.stroke([shoulder, elbow, hand], 0.07, colour, 0.045)
    body.ellipse(hand[0], hand[1], 0.022, 0.026, skin)


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
