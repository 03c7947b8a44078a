"""Photographic textures in linear light, drawn from a seeded generator: `(h, w, 3)` float32, about 0.02..0.9."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

Colour = Sequence[float] | np.ndarray
Texture = Callable[[tuple[int, int], np.random.Generator], np.ndarray]
_ROUGHNESS = 0.62  # amplitude of each octave over that of the next coarser one: near the 1/f of photographs
_WORDS = ("OPEN", "CAFE", "24 h", "BOOKS", "No 17", "EXIT", "market", "SALE", "TAXI", "fresh", "hotel", "BAR")


def noise(
    shape: tuple[int, int], rng: np.random.Generator, coarsest_px: float = 128, finest_px: float = 1
) -> np.ndarray:
    """`(h, w)` float32 noise with structure from `coarsest_px` down to `finest_px`, mean 0, deviation 1."""
    total, cell, amplitude = np.zeros(shape, np.float32), coarsest_px, 1.0
    while cell >= finest_px:
        grid = (int(shape[0] / cell) + 4, int(shape[1] / cell) + 4)
        coarse = rng.standard_normal(grid, dtype=np.float32)
        to_grid = np.array([[1 / cell, 0, 1 + rng.random()], [0, 1 / cell, 1 + rng.random()]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        total += amplitude * cv2.warpAffine(coarse, to_grid, shape[::-1], flags=flags)
        cell, amplitude = cell / 2, amplitude * _ROUGHNESS
    return (total - total.mean()) / max(float(total.std()), 1e-6)


def tint(rng: np.random.Generator, darkest: float = 0.08, brightest: float = 0.6) -> np.ndarray:
    """A colour of moderate saturation, `(3,)` float32 linear."""
    brightness = np.exp(rng.uniform(np.log(darkest), np.log(brightest)))
    return np.clip(brightness * np.exp(rng.normal(0, 0.28, 3)), 0.02, 0.9).astype(np.float32)


def plaster(shape: tuple[int, int], rng: np.random.Generator, colour: Colour | None = None) -> np.ndarray:
    """A stained, weathered surface of one colour, any if None."""
    stains = 0.25 * noise(shape, rng) + 0.12 * noise(shape, rng, 8)
    return (tint(rng) if colour is None else np.array(colour, np.float32)) * np.exp(stains)[..., None]


def bricks(
    shape: tuple[int, int], rng: np.random.Generator, colour: Colour | None = None, length_px: float | None = None
) -> np.ndarray:
    """Courses of bricks of one colour and length, any if None, each of its own shade, with light joints."""
    length = rng.uniform(28, 60) if length_px is None else length_px
    height, joint = 0.38 * length, max(0.06 * length, 1)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    course = (rows // height).astype(int)
    along = columns + (course % 2) * (length / 2)
    shade = rng.normal(0, 0.22, (course.max() + 1, int(along.max() / length) + 1))[
        course, (along // length).astype(int)
    ]
    in_joint = (rows % height < joint) | (along % length < joint)
    brick = tint(rng, 0.06, 0.4) if colour is None else np.array(colour, np.float32)
    mortar = 0.5 * (brick + tint(rng, 0.3, 0.6))
    surface = np.where(in_joint[..., None], mortar, brick * np.exp(shade)[..., None])
    return surface * np.exp(0.12 * noise(shape, rng, 32))[..., None]


def tiles(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A chessboard of two colours with dark joints."""
    side = rng.uniform(24, 70)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    odd = ((rows // side + columns // side) % 2).astype(bool)
    surface = np.where(odd[..., None], tint(rng, 0.2, 0.7), tint(rng, 0.05, 0.3))
    in_joint = (rows % side < 2) | (columns % side < 2)
    return np.where(in_joint[..., None], 0.03, surface) * np.exp(0.15 * noise(shape, rng))[..., None]


def stripes(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Awning stripes at some angle."""
    angle, period = rng.uniform(0, np.pi), rng.uniform(12, 60)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    phase = (columns * np.cos(angle) + rows * np.sin(angle)) % period < period * rng.uniform(0.3, 0.7)
    surface = np.where(phase[..., None], tint(rng, 0.3, 0.8), tint(rng, 0.05, 0.25))
    return surface * np.exp(0.1 * noise(shape, rng))[..., None]


def shaded(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A smooth run from one colour to another with a little grain: sky, painted metal."""
    start, end = tint(rng, 0.1, 0.7), tint(rng, 0.1, 0.7)
    along = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None, None]
    return (start * (1 - along) + end * along) * np.exp(0.05 * noise(shape, rng, 256))[..., None]


def lettering(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A board with lines of words of many sizes."""
    ink = np.zeros(shape, np.uint8)
    row = 0.0
    while row < shape[0]:
        size = float(rng.uniform(0.5, 2.4))
        row += 34 * size
        words = " ".join(rng.choice(_WORDS, 2 + int(shape[1] / (80 * size))))
        origin = (int(rng.integers(-60, 10)), int(row))
        cv2.putText(ink, words, origin, cv2.FONT_HERSHEY_DUPLEX, size, 255, max(round(2 * size), 1), cv2.LINE_AA)
    paper, print_colour = tint(rng, 0.35, 0.8), tint(rng, 0.03, 0.15)
    share = (ink / np.float32(255))[..., None]
    return (paper * (1 - share) + print_colour * share) * np.exp(0.1 * noise(shape, rng))[..., None]


def greenery(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Grass, moss and leaf litter: strong contrast at every size."""
    lush = np.array([0.09, 0.16, 0.04], np.float32) * np.exp(rng.normal(0, 0.2, 3))
    dry = np.array([0.3, 0.22, 0.09], np.float32)
    share = np.clip(0.3 + 0.3 * noise(shape, rng), 0, 1)[..., None]
    return (lush * (1 - share) + dry * share) * np.exp(0.4 * noise(shape, rng, 16))[..., None]


TEXTURES: tuple[Texture, ...] = (plaster, bricks, tiles, stripes, shaded, lettering, greenery)


def photographic(
    shape: tuple[int, int], rng: np.random.Generator, choice: tuple[Texture, ...] = TEXTURES, finer: int = 2
) -> np.ndarray:
    """One of the textures of `choice` under uneven light, 0.005..0.95, anti-aliased by drawing `finer` times finer."""
    texture = choice[rng.integers(len(choice))]
    surface = cv2.resize(texture((shape[0] * finer, shape[1] * finer), rng), shape[::-1], interpolation=cv2.INTER_AREA)
    light = np.exp(0.3 * noise(shape, rng, 400, 100))[..., None]
    return np.clip(surface * light, 0.005, 0.95).astype(np.float32)
