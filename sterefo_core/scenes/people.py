"""People, drawn from the side, as premultiplied `(h, w, 4)` textures."""

from __future__ import annotations

import math

import numpy as np

from sterefo_core.scenes.drawing import Drawing
from sterefo_core.scenes.textures import Colour, noise, tint

PERSON_WIDTH = 0.6  # of the height
_SWING = 0.38  # radians, the largest angle of a thigh
_LEG = 0.435
STRIDE = 4 * _LEG * math.sin(_SWING)
_TORSO_FRONT = [(0.035, 0.0), (0.065, 0.05), (0.078, 0.15), (0.07, 0.28), (0.085, 0.42)]
_TORSO_BACK = [(-0.085, 0.42), (-0.072, 0.28), (-0.085, 0.14), (-0.07, 0.04), (-0.03, 0.0)]
_TORSO = np.array([*_TORSO_FRONT, *_TORSO_BACK])
_SCARF = np.array([(-0.045, -0.03), (0.05, -0.02), (0.052, 0.02), (-0.04, 0.02), (-0.07, 0.13), (-0.09, 0.12)])
_NOSE = np.array([(0.045, -0.01), (0.066, 0.016), (0.045, 0.022)])
_HAIR = np.array([(-0.05, 0.035), (-0.062, -0.04), (0, -0.075), (0.05, -0.035), (-0.005, -0.025), (-0.02, 0.03)])
_SKINS = ((0.55, 0.33, 0.22), (0.36, 0.2, 0.12), (0.16, 0.08, 0.05), (0.62, 0.4, 0.3))


def person(
    height_px: float, rng: np.random.Generator, phase: float | None = 0.0, coat: Colour | None = None
) -> np.ndarray:
    """A person facing right; the texture is PERSON_WIDTH as wide as high, their feet at its bottom.

    `phase` 0..1 is where in a double step they are, None for standing still; a double step takes them STRIDE times
    their height forward. `coat` is its linear colour, any if None.
    """
    any_coat, trousers, scarf = tint(rng, 0.08, 0.45), tint(rng, 0.02, 0.12), tint(rng, 0.1, 0.6)
    hair, skin = tint(rng, 0.01, 0.1), np.array(_SKINS[rng.integers(len(_SKINS))])
    shade = any_coat if coat is None else np.array(coat)
    swing, phase = (0.05, 0.25) if phase is None else (_SWING * math.sin(2 * math.pi * phase), phase)
    body = Drawing(PERSON_WIDTH, 1.0, height_px)
    hip = np.array([0.3, 0.955 - _LEG * math.cos(swing)])  # it rises and falls over the straight standing leg
    neck = hip - (0, 0.34)
    _arm(body, neck, swing, shade * 0.6, skin * 0.7)  # far limbs first, in shadow
    _leg(body, hip, -swing, phase + 0.5, trousers * 0.65)
    _leg(body, hip, swing, phase, trousers)
    body.polygon(_TORSO + neck, shade)
    body.polygon(_TORSO * (0.45, 1) + neck - (0.035, 0), shade * 0.8)  # the back, turned away from the light
    _head(body, neck, hair, skin)
    body.polygon(_SCARF + neck, scarf)
    _arm(body, neck, -swing, shade * 1.2, skin)
    texture = body.texture()
    texture[..., :3] *= np.exp(0.12 * noise(texture.shape[:2], rng, height_px / 8))[..., None]
    return texture


def _head(body: Drawing, neck: np.ndarray, hair: np.ndarray, skin: np.ndarray) -> None:
    middle = neck + np.array([0.012, -0.105])
    body.stroke([neck, middle + np.array([0, 0.03])], 0.05, skin * 0.7)
    body.ellipse(middle[0] - 0.012, middle[1] - 0.012, 0.058, 0.066, hair)
    body.ellipse(middle[0] + 0.008, middle[1] + 0.005, 0.045, 0.06, skin)
    body.polygon(_NOSE + middle, skin)
    body.polygon(_HAIR + middle, hair)


def _leg(body: Drawing, hip: np.ndarray, swing: float, phase: float, colour: np.ndarray) -> None:
    bend = 0.75 * max(np.cos(2 * np.pi * phase), 0.0)  # the knee bends while the leg swings forward
    knee = hip + 0.225 * np.array([np.sin(swing), np.cos(swing)])
    shin = swing - bend
    ankle = knee + 0.21 * np.array([np.sin(shin), np.cos(shin)])
    body.stroke([hip, knee], 0.115, colour, 0.085)
    body.stroke([knee, ankle], 0.08, colour, 0.052)
    toe = np.array([np.cos(0.8 * shin), -np.sin(0.8 * shin)]) * 0.075
    heel = ankle + np.array([-0.012, 0.012])
    body.stroke([heel, heel + toe], 0.036, colour * 0.35, 0.024)


def _arm(body: Drawing, neck: np.ndarray, swing: float, colour: np.ndarray, skin: np.ndarray) -> None:
    shoulder = neck + np.array([-0.005, 0.055])
    elbow = shoulder + 0.16 * np.array([np.sin(swing), np.cos(swing)])
    hand = elbow + 0.15 * np.array([np.sin(swing + 0.35), np.cos(swing + 0.35)])
    body.ellipse(hand[0], hand[1], 0.022, 0.028, skin)
    body.stroke([shoulder, elbow, hand - (hand - elbow) * 0.1], 0.075, colour, 0.05)
