"""What stands on a pavement or hangs over a street at dusk, as premultiplied textures with lights far above white."""

from __future__ import annotations

import numpy as np

from sterefo_core.scenes.drawing import Colour, Drawing
from sterefo_core.scenes.textures import noise

LAMP_POST_M = (1.9, 5.6)  # width and height of the texture
LAMP_POST_FOOT_M = 1.7
TREE_M = (4.4, 6.0)
LIGHT_CHAIN_DROP_M = 1.3
_IRON = np.array([0.02, 0.022, 0.025])
_LAMP_LIGHT = np.array([1.0, 0.7, 0.36])
_GLOW_M = 0.75


def lamp_post(brightness: float, scale: float) -> np.ndarray:
    """A lantern on an arm that points left, `brightness` times white, in its own glow; `scale` is px per metre.

    The post stands LAMP_POST_FOOT_M from the left edge of the texture.
    """
    width, height = LAMP_POST_M
    post, pole, lamp = Drawing(width, height, scale), LAMP_POST_FOOT_M, np.array([0.75, 1.12])
    post.stroke([(pole, height), (pole, 1.2)], 0.13, _IRON, 0.08)
    post.rectangle(pole - 0.09, height - 0.9, pole + 0.09, height, _IRON * 0.8)
    post.rectangle(pole - 0.12, height - 0.12, pole + 0.12, height, _IRON)
    turn = np.linspace(0, np.pi / 2, 8)
    arm = np.stack([pole - 0.9 * np.sin(turn), 0.3 + 0.9 * np.cos(turn) + 0.3 * np.sin(turn)], axis=1)
    post.stroke(arm, 0.07, _IRON)
    post.polygon(lamp + np.array([(-0.3, -0.1), (-0.1, -0.24), (0.2, -0.24), (0.38, -0.1)]), _IRON)
    post.ellipse(lamp[0] + 0.03, lamp[1] - 0.08, 0.15, 0.06, _LAMP_LIGHT * brightness)
    texture = post.texture()
    return _with_glow(texture, lamp * scale, _GLOW_M * scale, brightness * 0.012)


def _with_glow(texture: np.ndarray, centre: np.ndarray, radius: float, strength: float) -> np.ndarray:
    """The texture with light scattered around a lamp: light without coverage, fading to nothing at `radius` px."""
    rows, columns = np.mgrid[: texture.shape[0], : texture.shape[1]]
    away = np.hypot(columns - centre[0], rows - centre[1]) / radius
    texture[..., :3] += (strength * np.clip(1 - away, 0, 1) ** 3)[..., None] * _LAMP_LIGHT
    return texture


def light_chain(span_m: float, bulbs: int, brightness: float, rng: np.random.Generator, scale: float) -> np.ndarray:
    """A cable hanging across the street with small warm bulbs."""
    chain = Drawing(span_m, LIGHT_CHAIN_DROP_M, scale)
    along = np.linspace(0, 1, bulbs * 3 + 1)
    cable = np.stack([along * span_m, 0.1 + 0.95 * (1 - (2 * along - 1) ** 2)], axis=1)
    chain.stroke(cable, 0.025, _IRON)
    for x, y in cable[2:-1:3]:
        chain.ellipse(x, y + 0.07, 0.055, 0.07, _LAMP_LIGHT * brightness * rng.uniform(0.7, 1.3))
    return chain.texture()


def tree(rng: np.random.Generator, scale: float, hue: Colour) -> np.ndarray:
    """A street tree: trunk, boughs, and a crown of single leaves of about this colour with gaps between them."""
    width, height = TREE_M
    picture, middle, crown = Drawing(width, height, scale), width / 2, np.array([width / 2, 2.1])
    bark = np.array([0.035, 0.026, 0.02])
    picture.stroke([(middle, height), (middle + 0.06, 4.2), (middle, 2.6)], 0.26, bark, 0.12)
    for angle in np.linspace(-1.2, 1.2, 7):
        reach = rng.uniform(1.1, 1.7)
        tip = (middle + reach * np.sin(angle), 3.1 - reach * np.cos(angle) * 1.2)
        picture.stroke([(middle, 3.4), (middle + 0.3 * np.sin(angle), 2.9), tip], 0.1, bark, 0.03)
    clumps = crown + np.clip(rng.normal(0, 1, (26, 2)), -1.6, 1.6) * (0.85, 0.62)
    for clump in clumps[np.argsort(-clumps[:, 1])]:
        shade = np.array(hue) * np.exp(
            0.5 * (crown[1] - clump[1]) + rng.normal(0, 0.15)
        )  # the sky lights the upper side
        for leaf in clump + rng.normal(0, 1, (70, 2)) * (0.3, 0.24):
            _leaf(picture, leaf, rng.uniform(0.06, 0.12), rng.uniform(0, np.pi), shade * np.exp(rng.normal(0, 0.35)))
    texture = picture.texture()
    texture[..., :3] *= np.exp(0.15 * noise(texture.shape[:2], rng, 16))[..., None]
    return texture


def _leaf(picture: Drawing, centre: np.ndarray, size: float, angle: float, colour: np.ndarray) -> None:
    along = np.array([np.cos(angle), np.sin(angle)]) * size
    across = np.array([-along[1], along[0]]) * 0.5
    picture.polygon([centre - along, centre + across, centre + along, centre - across], colour)


def bough(rng: np.random.Generator, scale: float) -> np.ndarray:
    """The end of a bough, 2.4 m by 1.4 m, reaching in from the upper right corner."""
    picture, root = Drawing(2.4, 1.4, scale), np.array([2.5, -0.1])
    for angle in np.linspace(0.12, 0.95, 7):
        reach = rng.uniform(1.3, 2.3) * (1 - 0.35 * angle)
        tip = root + reach * np.array([-np.cos(angle), np.sin(angle)])
        picture.stroke([root, (root + tip) / 2 - (0, 0.08), tip], 0.035, (0.03, 0.024, 0.02), 0.008)
        for share in rng.uniform(0.3, 1.02, 34) ** 0.7:
            place = root + (tip - root) * share + rng.normal(0, 0.07, 2)
            colour = np.array([0.32, 0.15, 0.025]) * np.exp(rng.normal(0, 0.45)) * (1, rng.uniform(0.6, 1.4), 1)
            _leaf(picture, place, rng.uniform(0.03, 0.06), rng.uniform(0, np.pi), colour)
    return picture.texture()


def planter(scale: float, rng: np.random.Generator) -> np.ndarray:
    """A stone tub, 0.9 m wide and 1.3 m high, with a bush in it."""
    tub = Drawing(0.9, 1.3, scale)
    for _ in range(500):
        leaf = np.array([0.45, 0.42]) + rng.normal(0, 1, 2) * (0.17, 0.15)
        green = np.array([0.05, 0.1, 0.03]) * np.exp(rng.normal(0, 0.5))
        _leaf(tub, leaf, rng.uniform(0.025, 0.05), rng.uniform(0, np.pi), green)
    tub.polygon([(0.1, 0.75), (0.8, 0.75), (0.72, 1.3), (0.18, 1.3)], (0.13, 0.12, 0.11))
    tub.rectangle(0.06, 0.7, 0.84, 0.82, (0.18, 0.165, 0.15))
    texture = tub.texture()
    texture[..., :3] *= np.exp(0.2 * noise(texture.shape[:2], rng, 16))[..., None]
    return texture
