"""What a calibration is worth, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sterefo_core.calibration.coverage import Coverage
from sterefo_core.calibration.rig import StereoRig


class Grade(StrEnum):
    """GOOD: as it should be. USABLE: works, could be better. BAD: do not use it."""

    GOOD = "good"
    USABLE = "usable"
    BAD = "bad"


@dataclass(frozen=True)
class Verdict:
    """A grade, and why, with what to do about it."""

    grade: Grade
    text: str

    def __str__(self) -> str:
        return f"{self.grade}: {self.text}"


_LARGE_PX, _LARGEST_PX = 0.5, 1.2
_LARGEST_UNCERTAINTY = 0.01
_AGAIN = "calibrate again, the board flat and stiff, held still, with more light"


def judge(rig: StereoRig, views: int, focal_uncertainty: float, coverage: Coverage) -> Verdict:
    """The worst thing that can be said of a calibration from `views` views."""
    if reason := _bad(rig, focal_uncertainty, coverage):
        return Verdict(Grade.BAD, reason)
    if reason := _lacking(rig, views, coverage):
        return Verdict(Grade.USABLE, reason)
    return Verdict(Grade.GOOD, f"rows agree within {rig.epipolar_px:.2f} px")


def _bad(rig: StereoRig, focal_uncertainty: float, coverage: Coverage) -> str:
    if _worst(rig) > _LARGEST_PX:
        return f"{_missed(rig)}: {_AGAIN}"
    if focal_uncertainty > _LARGEST_UNCERTAINTY:
        return "the focal length is uncertain: hold the board nearer to the corners and tilt it"
    if coverage.places < 0.5:
        return "the board was seen in one part of the pictures only: hold it nearer to the corners"
    return ""


def _lacking(rig: StereoRig, views: int, coverage: Coverage) -> str:
    if _worst(rig) > _LARGE_PX:
        return f"{_missed(rig)}; to do better, {_AGAIN}"
    if coverage.places < 0.8:
        return "parts of the pictures never had the board: hold it nearer to the corners"
    if coverage.tilted < 0.75 or views < 10:
        return "few views or tilts: take more, with each edge towards the cameras once"
    return ""


def _worst(rig: StereoRig) -> float:
    """The larger of the two errors, as in a picture 1280 px wide: errors of detection grow with the resolution."""
    return max(rig.epipolar_px or 0.0, rig.rms_px or 0.0) / max(rig.size[0] / 1280, 0.5)


def _missed(rig: StereoRig) -> str:
    return f"corners are {rig.rms_px:.2f} px off, their rows differ by {rig.epipolar_px:.2f} px"
