"""Thin-lens geometry in the natural unit of defocus: disparity.

A lens of aperture diameter A (metres) focused on disparity f blurs a point at disparity d to a disk of diameter
A / b * |d - f| pixels, b being the baseline: both the stereo shift f_px * b / Z and the blur diameter
f_px * A * |1/Z - 1/Z_focus| are linear in inverse depth (thin lens, focal length small against the distance).
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from sterefo_core.errors import SterefoError
from sterefo_core.lens import Lens
from sterefo_core.types import Calibration

Numbers = TypeVar("Numbers", float, np.ndarray)


def metres_from_disparity(disparity: Numbers, calibration: Calibration) -> Numbers:
    """Distance along the optical axis in metres; infinity where the disparity is 0 or below."""
    shifted = np.asarray(disparity, dtype=np.float64) + calibration.disparity_offset_px
    with np.errstate(divide="ignore"):
        metres = np.where(shifted > 0, calibration.focal_px * calibration.baseline_m / np.maximum(shifted, 0), np.inf)
    return metres if isinstance(disparity, np.ndarray) else float(metres)


def disparity_from_metres(metres: float, calibration: Calibration) -> float:
    """Disparity in px of a point `metres` away (> 0), not below 0. Raises SterefoError for a distance of 0 or less."""
    if not metres > 0:
        raise SterefoError(f"a distance of {metres:g} m cannot be focused on: give one above 0 m")
    return max(calibration.focal_px * calibration.baseline_m / metres - calibration.disparity_offset_px, 0.0)


def aperture_from_mm(aperture_mm: float, calibration: Calibration) -> float:
    """Blur radius in px per px of disparity of an aperture `aperture_mm` wide: A / (2 b)."""
    return aperture_mm / 1000.0 / (2.0 * calibration.baseline_m)


def mm_from_aperture(aperture: float, calibration: Calibration) -> float:
    """The aperture diameter in millimetres, the inverse of `aperture_from_mm`."""
    return aperture * 2.0 * calibration.baseline_m * 1000.0


def blur_radius_px(disparity: Numbers, focus_disparity: float, lens: Lens) -> Numbers:
    """Radius of the circle of confusion in px, >= 0: none within the sharp range, at most the largest beyond."""
    away = np.abs(disparity - focus_disparity)
    return np.minimum(lens.aperture * np.maximum(away - lens.sharp_px, 0), lens.max_radius_px)


def capped_share(disparity: np.ndarray, focus_disparity: float, lens: Lens) -> float:
    """The share of pixels, 0..1, that the lens would blur more than its largest radius allows."""
    if lens.aperture == 0:
        return 0.0
    reach = lens.sharp_px + lens.max_radius_px / lens.aperture
    beyond = np.count_nonzero(disparity > focus_disparity + reach) + np.count_nonzero(
        disparity < focus_disparity - reach
    )
    return beyond / disparity.size
