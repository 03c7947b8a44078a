"""The textures of synthetic surfaces."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from sterefo_core.colour import srgb_from_linear
from sterefo_core.learning.synthetic_bank import Bank
from sterefo_core.learning.synthetic_views import TEXTURE_LEVELS, TEXTURE_SIDE
from sterefo_core.scenes import textures as linear
from sterefo_core.scenes.buildings import house_front

TEXTURES = 512
_SEED = 20_260
_SIDES = [TEXTURE_SIDE >> level for level in range(TEXTURE_LEVELS)]
_PALETTE_SPREAD = 55.0

Drawn = Callable[[np.random.Generator], np.ndarray]


def _texture(index: int) -> np.ndarray:
    """A texture and its halves, quarters and so on, one after the other: flat uint8, three to a pixel."""
    rng = np.random.default_rng((_SEED, index))
    kind = _KINDS[index % len(_KINDS)]
    picture = np.clip(kind(rng), 0, 255).astype(np.uint8)
    levels = [cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).ravel() for side in _SIDES]
    return np.concatenate(levels)


def _colour(rng: np.random.Generator) -> np.ndarray:
    """Mostly muted, sometimes vivid; 0..255."""
    grey = rng.uniform(15, 240)
    return np.clip(grey + rng.normal(0, rng.choice([8, 25, 70]), 3), 3, 252)


def _linear(texture: linear.Texture) -> Drawn:
    """One of the textures of rendered scenes, at some size."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        side = TEXTURE_SIDE * int(rng.choice([1, 2, 2, 3]))
        surface = srgb_from_linear(texture((side, side), rng))
        return cv2.resize(surface, (TEXTURE_SIDE, TEXTURE_SIDE), interpolation=cv2.INTER_AREA)

    return draw


def _front(rng: np.random.Generator) -> np.ndarray:
    """A house front, by day."""
    front = house_front(rng.uniform(5, 12), rng.uniform(8, 15), rng)[..., :3]
    return srgb_from_linear(cv2.resize(front * 2, (TEXTURE_SIDE, TEXTURE_SIDE), interpolation=cv2.INTER_AREA))


def _cloudy(rng: np.random.Generator) -> np.ndarray:
    """Noise with the spectrum of photographs, 1 / f to some power, in mixed colours; it repeats without a seam."""
    side, power = TEXTURE_SIDE, rng.uniform(0.6, 1.7)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None] * rng.uniform(0.4, 2.5), np.fft.rfftfreq(side)[None])
    frequency[0, 0] = 1
    waves = np.fft.rfft2(rng.standard_normal((3, side, side))) / frequency**power
    noise = np.moveaxis(np.fft.irfft2(waves, s=(side, side)), 0, 2)
    noise /= noise.std()
    mixed = noise @ (np.eye(3) * rng.uniform(0, 0.5) + rng.uniform(0.3, 1) * np.ones((3, 3)) / 1.7)
    if rng.random() < 0.3:  # folded: ridges, as in marble
        mixed = 1.2 - 2 * np.abs(mixed)
    return _colour(rng) + rng.uniform(10, 60) * mixed


def _leaves(rng: np.random.Generator) -> np.ndarray:
    """Dead leaves: things of all sizes that hide each other, which gives photographs' statistics, edges included."""
    side = TEXTURE_SIDE
    canvas = np.full((side, side, 3), _colour(rng), np.float32)
    palette = np.clip(_colour(rng) + rng.normal(0, _PALETTE_SPREAD, (12, 3)), 0, 255)
    kind = rng.integers(4)
    for radius in np.sort(rng.pareto(1.2, 500) * rng.uniform(2, 6) + 1.5)[::-1]:
        colour = (palette[rng.integers(12)] + rng.normal(0, 10, 3)).tolist()
        centre, reach = rng.integers(0, side, 2).tolist(), min(float(radius), side / 2)
        if kind == 0:
            cv2.circle(canvas, centre, round(reach), colour, -1, cv2.LINE_AA)
        elif kind == 1:
            box = (centre, (2 * reach, reach * rng.uniform(0.2, 2)), rng.uniform(0, 180))
            cv2.fillPoly(canvas, [cv2.boxPoints(box).astype(np.int32)], colour, cv2.LINE_AA)
        elif kind == 2:
            axes = (round(reach), max(round(reach * rng.uniform(0.15, 0.6)), 1))
            cv2.ellipse(canvas, centre, axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            corners = centre + rng.normal(0, reach, (rng.integers(3, 7), 2))
            cv2.fillPoly(canvas, [corners.astype(np.int32)], colour, cv2.LINE_AA)
    return canvas + rng.uniform(0, 8) * rng.standard_normal((side, side, 1))


def _lines(rng: np.random.Generator) -> np.ndarray:
    """Scratches, twigs, cables: many thin lines over a plain or cloudy ground."""
    canvas = np.float32(np.clip(_cloudy(rng), 0, 255)) if rng.random() < 0.5 else np.full((256, 256, 3), _colour(rng))
    canvas = np.ascontiguousarray(canvas, dtype=np.float32)
    lean, spread = rng.uniform(0, np.pi), rng.choice([0.1, 0.5, 3.0])
    for _ in range(rng.integers(20, 250)):
        start, angle = rng.uniform(0, TEXTURE_SIDE, 2), lean + spread * rng.standard_normal()
        end = start + rng.uniform(10, 120) * np.array([np.cos(angle), np.sin(angle)])
        points = start.astype(int).tolist(), end.astype(int).tolist()
        cv2.line(canvas, *points, _colour(rng).tolist(), int(rng.integers(1, 4)), cv2.LINE_AA)
    return canvas


def _pattern(rng: np.random.Generator) -> np.ndarray:
    """A tile repeated over and over, which fools matching: dots, weaves, rails, windows."""
    count = int(rng.choice([4, 8, 16, 32]))
    side = TEXTURE_SIDE // count
    tile = np.full((side, side, 3), _colour(rng), np.float32)
    for _ in range(rng.integers(1, 4)):
        low, high = np.sort(rng.integers(0, side + 1, (2, 2)), axis=0).tolist()
        if rng.random() < 0.3:
            cv2.circle(tile, low, max(side // 3, 1), _colour(rng).tolist(), -1, cv2.LINE_AA)
        else:
            cv2.rectangle(tile, low, high, _colour(rng).tolist(), -1)
    wear = cv2.resize(
        rng.normal(0, rng.uniform(0, 25), (16, 16, 1)), (TEXTURE_SIDE,) * 2, interpolation=cv2.INTER_CUBIC
    )
    return np.tile(tile, (count, count, 1)) + wear[..., None]


def _poor(rng: np.random.Generator) -> np.ndarray:
    """Painted metal, overcast sky, plaster in the shade: next to nothing to match."""
    corners = _colour(rng) + rng.normal(0, 14, (2, 2, 3))
    smooth = cv2.resize(corners, (TEXTURE_SIDE,) * 2, interpolation=cv2.INTER_LINEAR)
    return smooth + rng.uniform(0, 3) * rng.standard_normal((TEXTURE_SIDE, TEXTURE_SIDE, 1))


def _clutter(rng: np.random.Generator) -> np.ndarray:
    """Posters, screens, shelves: boxes of other textures and writing."""
    canvas = np.ascontiguousarray(np.clip(_RICH[rng.integers(len(_RICH))](rng), 0, 255).astype(np.uint8))
    for _ in range(rng.integers(4, 25)):
        (x0, y0), (w, h) = rng.integers(0, TEXTURE_SIDE, 2), rng.integers(8, 90, 2)
        if rng.random() < 0.6:
            cv2.rectangle(canvas, (int(x0), int(y0)), (int(x0 + w), int(y0 + h)), _colour(rng).tolist(), -1)
        letters = "".join(chr(c) for c in rng.integers(33, 126, rng.integers(1, 9)))
        size, thick = rng.uniform(0.3, 1.4), int(rng.integers(1, 4))
        origin = int(x0), int(y0 + h // 2)
        cv2.putText(canvas, letters, origin, int(rng.integers(0, 5)), size, _colour(rng).tolist(), thick, cv2.LINE_AA)
    return canvas


_RICH: tuple[Drawn, ...] = (_cloudy, _leaves, _lines, _pattern)
_KINDS: tuple[Drawn, ...] = (
    _leaves,
    _cloudy,
    _clutter,
    _front,
    _leaves,
    _pattern,
    _cloudy,
    _lines,
    _poor,
    *(_linear(texture) for texture in linear.TEXTURES),
)
POOR = tuple(range(_KINDS.index(_poor), TEXTURES, len(_KINDS)))
"""The textures with next to nothing to match."""
FRONTS = tuple(range(_KINDS.index(_front), TEXTURES, len(_KINDS)))
"""The textures that are house fronts."""

TEXTURE_BANK = Bank(TEXTURES, (sum(3 * side * side for side in _SIDES),), np.uint8, _texture)
