"""A calibration as a person reads it: names and values."""

from __future__ import annotations

from sterefo_core.calibration.rectify import Rectifier
from sterefo_core.calibration.rig import StereoRig
from sterefo_core.calibration.solve import Solution

Rows = list[tuple[str, str]]


def rig_rows(rig: StereoRig) -> Rows:
    """What the cameras are; "-" for what is not known. Raises CalibrationError where they see too little in common."""
    width, height = rig.size
    rectified = Rectifier(rig)
    return [
        ("made from", rig.made_from or "-"),
        ("pictures", f"{width}x{height} px, {rectified.size[0]}x{rectified.size[1]} px rectified"),
        ("focal lengths", f"{rig.left.focal_px:.1f} px left, {rig.right.focal_px:.1f} px right"),
        ("baseline", f"{rig.baseline_m * 1000:.2f} mm"),
        ("reprojection", _px(rig.rms_px)),
        ("epipolar error", _px(rig.epipolar_px)),
    ]


def solution_rows(solution: Solution) -> Rows:
    """What the cameras are, how they were found, and what that is worth."""
    views = f"{solution.used} used, {solution.rejected} left out"
    uncertainty = f"focal length to {100 * solution.focal_uncertainty:.2f} %"
    return [*rig_rows(solution.rig), ("views", views), ("certain", uncertainty), ("verdict", str(solution.verdict))]


def _px(error: float | None) -> str:
    return "-" if error is None else f"{error:.2f} px"
