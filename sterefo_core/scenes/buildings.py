"""What stands along a street at dusk, as premultiplied textures: house fronts, the sky, a far skyline."""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.scenes.drawing import Drawing
from sterefo_core.scenes.layers import premultiplied
from sterefo_core.scenes.textures import bricks, noise, plaster

_WARM = np.array([1.0, 0.62, 0.28])
_GLASS = np.array([0.045, 0.06, 0.09])
_SKY = ((0.0, (0.04, 0.075, 0.2)), (0.5, (0.13, 0.19, 0.38)), (0.8, (0.55, 0.36, 0.34)), (1.0, (1.0, 0.52, 0.24)))
_SHOP_PAINTS = ((0.02, 0.05, 0.04), (0.05, 0.014, 0.014), (0.02, 0.03, 0.06), (0.06, 0.05, 0.035), (0.03, 0.03, 0.033))
_BRICKS = ((0.2, 0.075, 0.045), (0.14, 0.07, 0.05), (0.24, 0.15, 0.09))
_PLASTERS = ((0.38, 0.32, 0.24), (0.34, 0.24, 0.14), (0.26, 0.28, 0.3), (0.36, 0.22, 0.17))
_FLOOR_M, _SHOP_M = 3.0, 3.6
_PX_PER_M = 36


def house_front(length_m: float, height_m: float, rng: np.random.Generator) -> np.ndarray:
    """The front of a house with a shop: columns run along the street, rows from the roof down to the pavement."""
    front = Drawing(length_m, height_m, _PX_PER_M)
    trim = np.array([0.3, 0.27, 0.24]) * rng.uniform(0.6, 1.3)
    storeys = max(int((height_m - _SHOP_M - 0.5) / _FLOOR_M), 1)
    bays = max(round(length_m / rng.uniform(1.9, 2.6)), 2)
    tall = rng.uniform(1.5, 1.9)
    for storey in range(storeys):
        top = height_m - _SHOP_M - 0.75 - storey * _FLOOR_M - tall
        for bay in range(bays):
            _window(front, ((bay + 0.5) * length_m / bays, top, tall), trim, rng)
    front.rectangle(0, 0, length_m, 0.35, trim * 0.9)
    front.rectangle(0, 0.35, length_m, 0.45, trim * 0.4)
    front.rectangle(0, height_m - _SHOP_M - 0.3, length_m, height_m - _SHOP_M - 0.12, trim)
    _shop(front, length_m, height_m, rng)
    details = front.texture()
    shape = details.shape[:2]
    if rng.random() < 0.5:
        wall = bricks(shape, rng, _BRICKS[rng.integers(len(_BRICKS))], 0.26 * _PX_PER_M)
    else:
        wall = plaster(shape, rng, _PLASTERS[rng.integers(len(_PLASTERS))])
    wall *= np.linspace(1.15, 0.65, shape[0], dtype=np.float32)[:, None, None]  # the sky lights the upper floors more
    wear = np.exp(0.08 * noise(shape, rng, 64))[..., None]
    return premultiplied(wall * (1 - details[..., 3:]) + details[..., :3] * wear)


def _window(front: Drawing, place: tuple[float, float, float], trim: np.ndarray, rng: np.random.Generator) -> None:
    """A sash window of a room, lit or dark; `place` is its middle, top and height."""
    x, top, tall = place
    half, sill = 0.5, top + tall
    front.rectangle(x - half - 0.1, top - 0.16, x + half + 0.1, sill + 0.06, trim)
    front.rectangle(x - half - 0.18, sill, x + half + 0.18, sill + 0.12, trim * 1.25)
    if rng.random() < 0.38:
        light = _WARM * rng.uniform(0.35, 1.3) * rng.uniform(0.85, 1.15, 3)
        front.rectangle(x - half, top, x + half, sill, light)
        front.rectangle(x - half, top, x + half, top + tall * rng.uniform(0.1, 0.5), light * 0.65)  # the blind
        for side in (-1, 1):  # the curtains
            outer, inner, hem = x + side * half, x + side * 0.2, x + side * 0.38
            front.polygon([(outer, top), (inner, top), (hem, sill), (outer, sill)], light * 0.5)
    else:
        front.rectangle(x - half, top, x + half, sill, _GLASS)
        front.polygon([(x - half, top), (x + half, top), (x + half, top + 0.3), (x - half, top + 0.9)], _GLASS * 3.5)
    front.rectangle(x - 0.03, top, x + 0.03, sill, trim * 0.7)
    front.rectangle(x - half, top + tall * 0.36, x + half, top + tall * 0.36 + 0.05, trim * 0.7)


def _shop(front: Drawing, length_m: float, height_m: float, rng: np.random.Generator) -> None:
    """Lit shop windows, a door, and a sign over them."""
    top, base = height_m - _SHOP_M, height_m - 0.5
    paint = np.array(_SHOP_PAINTS[rng.integers(len(_SHOP_PAINTS))])
    light = _WARM * rng.uniform(0.45, 1.0) * np.array([1, 1.12, rng.uniform(1.2, 1.9)])
    front.rectangle(0, top, length_m, height_m, paint)
    front.rectangle(0, height_m - 0.25, length_m, height_m, paint * 0.4)
    panes = max(round(length_m / 2.3), 2)
    door = rng.integers(panes)
    for pane in range(panes):
        left, right = pane * length_m / panes + 0.14, (pane + 1) * length_m / panes - 0.14
        if pane == door:
            front.rectangle(left + 0.35, top + 0.85, right - 0.35, height_m - 0.05, paint * 0.5)
            front.rectangle(left + 0.5, top + 1.0, right - 0.5, base - 0.35, light * 0.6)
        else:
            _display(front, (left, top + 0.85, right, base), light, rng)
    front.rectangle(0.2, top + 0.1, length_m - 0.2, top + 0.64, paint * 2.0)
    x, end = 0.25 * length_m, 0.75 * length_m
    while x < end:  # letters, as a sign reads from afar
        wide = rng.uniform(0.1, 0.26)
        if rng.random() < 0.85:
            front.rectangle(x, top + 0.22, x + wide, top + 0.52, (0.85, 0.68, 0.4))
            front.rectangle(x + 0.05, top + 0.3, x + wide, top + rng.uniform(0.34, 0.44), paint * 2.0)
        x += wide + 0.09


def _display(
    front: Drawing, pane: tuple[float, float, float, float], light: np.ndarray, rng: np.random.Generator
) -> None:
    """A lit shop window: lamps at its ceiling, a darker room behind, goods on shelves or on the sill."""
    left, top, right, base = pane
    for i, y in enumerate(np.linspace(top, base, 12, endpoint=False)):
        front.rectangle(left, y, right, base, light * (1.1 - 0.07 * i))
    for x in np.arange(left + 0.25, right - 0.1, 0.5):
        front.ellipse(x, top + 0.12, 0.05, 0.05, _WARM * 5)
    shelves = rng.random() < 0.5
    for level in (0.45, 0.72, 1.0) if shelves else (1.0,):
        y, x = top + (base - top) * level, left + 0.06
        front.rectangle(left, y - 0.04, right, y, light * 0.25)
        while x < right - 0.15:
            wide, high = rng.uniform(0.08, 0.3), rng.uniform(0.12, 0.4) * (1 if shelves else 1.6)
            shade = light * np.exp(rng.uniform(-2.2, -0.4)) * np.exp(rng.normal(0, 0.35, 3))
            end = x + wide
            front.polygon([(x, y - 0.04), (x + 0.02, y - high), (end - 0.02, y - high), (end, y - 0.04)], shade)
            x += wide + rng.uniform(0.02, 0.2)


def dusk_sky(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """From deep blue above to orange at the horizon, with streaks of cloud lit from below."""
    height = np.linspace(0, 1, shape[0])
    stops, colours = [stop for stop, _ in _SKY], np.array([colour for _, colour in _SKY])
    gradient = np.stack([np.interp(height, stops, colours[:, channel]) for channel in range(3)], axis=1)
    streaks = cv2.resize(noise((shape[0], shape[1] // 6), rng, 64), shape[::-1], interpolation=cv2.INTER_CUBIC)
    cloud = np.clip(0.5 * streaks, 0, 1)[..., None] * np.sin(np.pi * height)[:, None, None]
    return premultiplied(gradient[:, None] * (1 - 0.6 * cloud) + cloud * np.array([0.5, 0.26, 0.2]))


def skyline(width_m: float, height_m: float, rng: np.random.Generator) -> np.ndarray:
    """Hazy roofs, a church tower and a few lit windows far away."""
    town = Drawing(width_m, height_m, 12)
    for shade in (0.75, 0.5):
        x = 0.0
        while x < width_m:
            wide, high = rng.uniform(5, 12), height_m * rng.uniform(0.2, 0.45) * (1.5 if shade > 0.6 else 1)
            colour = np.array([0.3, 0.21, 0.24]) * shade
            eaves, end = height_m - high, x + wide
            ridge = (x + wide / 2, eaves - wide * rng.uniform(0.1, 0.35))
            town.polygon([(x, height_m), (x, eaves), ridge, (end, eaves), (end, height_m)], colour)
            town.rectangle(x + wide * 0.7, eaves - wide * 0.25, x + wide * 0.7 + 0.6, eaves, colour)
            for _ in range(rng.integers(0, 7)):
                left, top = x + rng.uniform(0.5, wide - 1), height_m - high * rng.uniform(0.15, 0.9)
                town.rectangle(left, top, left + 0.5, top + 0.7, _WARM * rng.uniform(0.4, 1.5))
            x += wide
    middle = 0.52 * width_m
    town.rectangle(middle - 1.6, height_m * 0.35, middle + 1.6, height_m, (0.13, 0.1, 0.13))
    town.polygon([(middle - 1.8, height_m * 0.36), (middle, 0), (middle + 1.8, height_m * 0.36)], (0.1, 0.085, 0.12))
    return town.texture()
