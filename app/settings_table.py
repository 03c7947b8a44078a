"""The settings that the inspector shows, one row each: name, limits, how to read it from and write it to a project.

A new setting of the lens is one more row. No Qt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from sterefo_core import optics
from sterefo_core.project import MOST_AHEAD, Project
from sterefo_core.types import Calibration

THIRD_STOP = 2 ** (1 / 6)
"""A third of a stop: the light, and so the square of the diameter, changes by the cube root of two."""
FILM_WIDTH_MM = 36.0
LARGEST_APERTURE, SMALLEST_APERTURE = 4.0, 0.005
ROUND = 4
"""What the number of blades shows for a disk."""
_FRESH = Project()


@dataclass(frozen=True)
class Number:
    """A setting that is a number.

    Attributes:
        section: heading that it stands under.
        name: as the user reads it, also the name of the undo step.
        tip: what it does.
        low, high: limits.
        unit: written after the number.
        decimals: digits after the point.
        read: value of a project.
        write: project with another value.
        ratio: the slider moves by this factor a step; 0 moves evenly.
        whole: only whole numbers are meant.
        lowest: shown in place of the lowest number.
    """

    section: str
    name: str
    tip: str
    low: float
    high: float
    unit: str
    decimals: int
    read: Callable[[Project], float]
    write: Callable[[Project, float], Project]
    ratio: float = 0.0
    whole: bool = False
    lowest: str = ""

    @property
    def steps(self) -> int:
        """Number of slider steps from end to end."""
        if self.whole:
            return round(self.high - self.low)
        return round(math.log(self.high / self.low, self.ratio)) if self.ratio else 200

    def value_at(self, step: int) -> float:
        """The value of a slider step, within the limits."""
        if self.ratio:
            return min(self.low * self.ratio**step, self.high)
        return self.low + (self.high - self.low) * step / self.steps

    def step_of(self, value: float) -> int:
        """The slider step nearest to a value."""
        value = min(max(value, self.low), self.high)
        if self.ratio:
            return round(math.log(value / self.low, self.ratio))
        return round((value - self.low) / (self.high - self.low) * self.steps)

    def reset(self, project: Project) -> Project:
        """The project with this setting as a fresh project has it."""
        return self.write(project, self.read(_FRESH))


def aperture(calibration: Calibration | None) -> Number:
    """The aperture in mm where the camera is known, else as blur radius in px per px of disparity."""
    tip = "How wide the lens is open. [ and ] change it by a third of a stop."
    if calibration is None:
        return Number(
            "Lens", "Aperture", tip, SMALLEST_APERTURE, LARGEST_APERTURE, " px/px", 3,
            lambda project: project.lens.aperture,
            lambda project, value: replace(project, aperture_mm=None, lens=replace(project.lens, aperture=value)),
            THIRD_STOP,
        )  # fmt: skip
    known = calibration
    low, high = (optics.mm_from_aperture(ratio, known) for ratio in (SMALLEST_APERTURE, LARGEST_APERTURE))

    def read(project: Project) -> float:
        return optics.mm_from_aperture(project.resolved_lens(known).aperture, known)

    def write(project: Project, value: float) -> Project:
        return replace(project, aperture_mm=value)

    return Number("Lens", "Aperture", tip, low, high, " mm", 1, read, write, THIRD_STOP)


def _of_lens(field: str) -> tuple[Callable[[Project], float], Callable[[Project, float], Project]]:
    """How to read and to write a number of the lens."""
    return (
        lambda project: getattr(project.lens, field),
        lambda project, value: replace(project, lens=replace(project.lens, **{field: value})),
    )


def f_number(project: Project, calibration: Calibration | None, width_px: int) -> str:
    """The aperture as photographers say it, for a camera with the same angle of view on 36 mm film; "" if unknown."""
    if calibration is None:
        return ""
    diameter_mm = optics.mm_from_aperture(project.resolved_lens(calibration).aperture, calibration)
    return f"ƒ/{calibration.focal_px / width_px * FILM_WIDTH_MM / max(diameter_mm, 1e-6):.2g}"


def numbers(calibration: Calibration | None) -> tuple[Number, ...]:
    """All rows for a source with this calibration."""
    return (
        aperture(calibration),
        Number(
            "Lens", "Largest blur", "No blur disk is larger than this radius.", 1, 100, " px", 0,
            *_of_lens("max_radius_px"),
        ),
        Number(
            "Lens", "Sharp range", "Disparities this near to the focal plane are sharp, too.", 0, 20, " px", 1,
            *_of_lens("sharp_px"),
        ),
        Number(
            "Lens", "Cat's eye", "The barrel cuts the aperture towards the corners.", 0, 1, "", 2,
            *_of_lens("cats_eye"),
        ),
        Number(
            "Lens", "Highlights", "Gives clipped lamps back their light; in daylight paint glows.", 0, 1, "", 2,
            *_of_lens("highlights"),
        ),
        Number(
            "Iris", "Blades", "Straight edges of the aperture; below 5 it is a disk.", 4, 9, "", 0,
            lambda project: project.lens.blades or ROUND,
            lambda project, value: replace(
                project, lens=replace(project.lens, blades=0 if round(value) <= ROUND else round(value))
            ),
            whole=True,
            lowest="round",
        ),
        Number(
            "Iris", "Rotation", "Turn of the blades.", 0, 72, "°", 0,
            *_of_lens("blade_rotation_deg"),
        ),
        Number(
            "Iris", "Roundness", "From straight blades to a disk.", 0, 1, "", 2,
            *_of_lens("roundness"),
        ),
        Number(
            "Iris", "Squeeze", "Anamorphic: blur this many times narrower than high.", 1, 2, "x", 2,
            *_of_lens("squeeze"),
        ),
        Number(
            "Focus", "Transition", "How long a change of focus takes.", 0, 5, " s", 2,
            lambda project: project.transition_s,
            lambda project, value: replace(project, transition_s=value),
        ),
        Number(
            "Focus", "Look ahead", "Frames that the focus sees coming; a camera has none.", 0, MOST_AHEAD, "", 0,
            lambda project: project.look_ahead,
            lambda project, value: replace(project, look_ahead=round(value)),
            whole=True,
        ),
    )  # fmt: skip


def next_aperture(project: Project, calibration: Calibration | None, steps: int) -> Project:
    """The project with its aperture opened by so many thirds of a stop, within the limits."""
    row = aperture(calibration)
    value = min(max(row.read(project) * THIRD_STOP**steps, row.low), row.high)
    return row.write(project, value)
