"""The synthetic lens: what a user can set, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quality(StrEnum):
    """How a picture is rendered: beside preview scale, all in which preview and export may differ."""

    PREVIEW = "preview"
    FINAL = "final"


@dataclass(frozen=True)
class Lens:
    """The synthetic lens.

    Attributes:
        aperture: blur radius in px per px of disparity away from the focal plane, >= 0: A / (2 b) for an aperture of
            diameter A and a baseline b. In the differentiable definition it may be a tensor.
        max_radius_px: no blur disk is larger than this, in px of the full-size image. >= 0.
        sharp_px: what is within this many px of disparity of the focal plane is in focus too, >= 0. Blur grows from 0
            beyond. (A real lens has a blur of less than a pixel there.)
        blades: number of straight edges of the aperture, 5 to 9, or 0 for a disk.
        blade_rotation_deg, roundness: turn of the blades, and 0 (straight) to 1 (a disk again).
        squeeze: how many times narrower than high the blur of an anamorphic lens is, 1 (a disk) to 2.
        cats_eye: mechanical vignetting, 0..1: in the picture's corners a second disk of the same size, by this many
            radii off, cuts the aperture; half as much halfway there. The picture gets no darker.
        highlights: 0..1, how much light clipped lamps get back before they are spread: 8 ** highlights times.
        quality: trades accuracy for speed.
    """

    aperture: float = 0.15
    max_radius_px: float = 25.0
    sharp_px: float = 0.0
    blades: int = 0
    blade_rotation_deg: float = 0.0
    roundness: float = 0.0
    squeeze: float = 1.0
    cats_eye: float = 0.0
    highlights: float = 0.0
    quality: Quality = Quality.FINAL


LIMITS: dict[str, tuple[float, float]] = {
    "sharp_px": (0, 1000),
    "blade_rotation_deg": (-360, 360),
    "roundness": (0, 1),
    "squeeze": (1, 2),
    "cats_eye": (0, 1),
    "highlights": (0, 1),
}
"""From where to where a setting goes, both included."""
_IN_WORDS = {
    "sharp_px": "sharp range",
    "blade_rotation_deg": "blades' rotation",
    "cats_eye": "cat's eye",
    "highlights": "highlight strength",
}


def unusable(lens: Lens) -> str:
    """What of the aperture's shape and of the other settings with `LIMITS` cannot be, in words; "" if all is well."""
    if lens.blades not in (0, 5, 6, 7, 8, 9):
        return f"an aperture of {lens.blades} blades is not made: give 5 to 9, or 0 for a disk"
    for name, (low, high) in LIMITS.items():
        value = getattr(lens, name)
        if not low <= value <= high:
            return f"the lens's {_IN_WORDS.get(name, name)} goes from {low:g} to {high:g}: {value:g} is not usable"
    return ""
