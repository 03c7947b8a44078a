"""The outlines of synthetic things, kept as distances so that they are sharp at every size."""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.learning.synthetic_bank import Bank
from sterefo_core.learning.synthetic_views import SHAPE_SIDE

SHAPES = 160
_SEED = 20_261
_FINER = 4  # outlines are drawn this many times finer


def _shape(index: int) -> np.ndarray:
    """Distance to the outline of a shape in texels, positive inside: `(SHAPE_SIDE, SHAPE_SIDE)` float32."""
    rng = np.random.default_rng((_SEED, index))
    finer = _FINER * SHAPE_SIDE
    mask = np.zeros((finer, finer), np.uint8)
    draw = _OUTLINES[index % len(_OUTLINES)]
    draw(mask, rng)
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform(255 - mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return cv2.resize((inside - outside) / _FINER, (SHAPE_SIDE, SHAPE_SIDE), interpolation=cv2.INTER_AREA)


def _polar(mask: np.ndarray, rng: np.random.Generator, radii: np.ndarray) -> None:
    """Fill the outline with these radii, 0..1, all around the middle."""
    angle = np.arange(len(radii)) * (2 * np.pi / len(radii)) + rng.uniform(0, 2 * np.pi)
    middle = mask.shape[0] / 2
    points = middle + 0.96 * middle * radii[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255)


def _ellipse(mask: np.ndarray, rng: np.random.Generator) -> None:
    _polar(mask, rng, np.ones(90))


def _blob(mask: np.ndarray, rng: np.random.Generator) -> None:
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    waves = sum(rng.normal(0, 0.35 / k) * np.sin(k * angle + rng.uniform(0, 6)) for k in range(1, 9))
    radii = np.exp(waves)
    _polar(mask, rng, radii / radii.max())


def _polygon(mask: np.ndarray, rng: np.random.Generator) -> None:
    _polar(mask, rng, rng.uniform(0.35, 1, rng.integers(3, 10)))


def _star(mask: np.ndarray, rng: np.random.Generator) -> None:
    spikes = int(rng.integers(4, 12))
    _polar(mask, rng, np.tile([1, rng.uniform(0.25, 0.7)], spikes))


def _foliage(mask: np.ndarray, rng: np.random.Generator) -> None:
    """A crown of leaves with gaps."""
    side = mask.shape[0]
    for _ in range(rng.integers(60, 260)):
        place = side / 2 + np.clip(rng.normal(0, side / 6, 2), -0.4 * side, 0.4 * side)
        axes = (int(rng.uniform(0.02, 0.07) * side), int(rng.uniform(0.015, 0.04) * side))
        cv2.ellipse(mask, place.astype(int).tolist(), axes, rng.uniform(0, 180), 0, 360, 255, -1)


def _twigs(mask: np.ndarray, rng: np.random.Generator) -> None:
    """A bare tree: from the foot upwards, forking."""
    side = mask.shape[0]
    tips = [(np.array([side / 2, side * 0.97]), -np.pi / 2, side * 0.25, side * 0.04)]
    while tips:
        foot, angle, length, width = tips.pop()
        head = foot + length * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(mask, foot.astype(int).tolist(), head.astype(int).tolist(), 255, max(round(width), 1))
        if width > side * 0.008:
            for turn in (rng.uniform(-0.7, -0.1), rng.uniform(0.1, 0.7)):
                tips.append((head, angle + turn, length * rng.uniform(0.6, 0.9), width * 0.7))


def _person(mask: np.ndarray, rng: np.random.Generator) -> None:
    """Someone standing or walking."""
    side, stride, lean = mask.shape[0], rng.uniform(0.02, 0.2), rng.uniform(-0.03, 0.03)

    def limb(points: list[tuple[float, float]], width: float) -> None:
        path = np.array([((0.5 + x) * side, y * side) for x, y in points]).astype(np.int32)
        cv2.polylines(mask, [path], False, 255, round(width * side))

    cv2.ellipse(
        mask,
        (round((0.5 + lean) * side), round(0.09 * side)),
        (round(0.055 * side), round(0.075 * side)),
        0,
        0,
        360,
        255,
        -1,
    )
    limb([(lean, 0.2), (0, 0.5)], rng.uniform(0.14, 0.22))
    for way in (-1, 1):
        limb([(0, 0.5), (way * stride * 0.8, 0.72), (way * stride, 0.98)], 0.075)
        limb([(lean + way * 0.08, 0.2), (way * (0.1 + stride / 2), 0.38), (way * stride, 0.5)], 0.05)


def _frame(mask: np.ndarray, rng: np.random.Generator) -> None:
    """Something one can look through: a window frame, a ladder, a wheel."""
    side = mask.shape[0]
    width = max(round(rng.uniform(0.02, 0.08) * side), 2)
    if rng.random() < 0.4:
        cv2.circle(mask, (side // 2, side // 2), side // 2 - width, 255, width)
    else:
        cv2.rectangle(mask, (width, width), (side - width, side - width), 255, width)
    for _ in range(rng.integers(0, 5)):
        start, end = (round(place * side) for place in rng.uniform(0.05, 0.95, 2))
        if rng.random() < 0.5:
            cv2.line(mask, (start, width), (end, side - width), 255, width)
        else:
            cv2.line(mask, (width, start), (side - width, end), 255, width)


def _lattice(mask: np.ndarray, rng: np.random.Generator) -> None:
    """One tile of a fence, a railing, wire netting."""
    side = mask.shape[0]
    width = max(round(rng.uniform(0.05, 0.3) * side), 4)
    kind = rng.integers(3)
    if kind < 2:
        mask[:, side // 2 - width // 2 : side // 2 + width // 2] = 255
    if kind == 1:
        mask[side // 2 - width // 2 : side // 2 + width // 2] = 255
    if kind == 2:
        cv2.line(mask, (0, 0), (side, side), 255, width)
        cv2.line(mask, (0, side), (side, 0), 255, width)


_OUTLINES = (_ellipse, _blob, _polygon, _star, _foliage, _twigs, _person, _frame, _lattice, _blob)
PEOPLE, TREES, LATTICES, DISCS, FRAMES = (
    tuple(index for index in range(SHAPES) if _OUTLINES[index % len(_OUTLINES)] in kinds)
    for kinds in ((_person,), (_foliage, _twigs), (_lattice,), (_ellipse,), (_frame,))
)
LOOSE = tuple(index for index in range(SHAPES) if _OUTLINES[index % len(_OUTLINES)] is not _lattice)
"""Shapes by what they are; a lattice is one tile of a repeated one."""

SHAPE_BANK = Bank(SHAPES, (SHAPE_SIDE, SHAPE_SIDE), np.float32, _shape)
