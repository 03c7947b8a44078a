"""Numbers and states as the window says them. No Qt."""

from __future__ import annotations

from app.preview_state import Pace
from sterefo_core import optics
from sterefo_core.types import Calibration, TrackState

STATE_WORDS = {
    TrackState.IDLE: "Not following",
    TrackState.TRACKING: "Following",
    TrackState.UNCERTAIN: "Unsure",
    TrackState.LOST: "Lost, focus holds",
}


def metres(disparity: float | None, calibration: Calibration | None) -> str:
    """The distance of a disparity: "12.4 m", "far" beyond 1 km, "-" where it cannot be known."""
    if disparity is None or calibration is None:
        return "-"
    distance = optics.metres_from_disparity(disparity, calibration)
    return f"{distance:.3g} m" if distance < 1000 else "far"


def pixels(disparity: float | None) -> str:
    """ "35.2 px", "-" for None."""
    return "-" if disparity is None else f"{disparity:.1f} px"


def distance(disparity: float | None, calibration: Calibration | None) -> str:
    """Pixels and, where known, metres."""
    if disparity is None:
        return "-"
    return pixels(disparity) if calibration is None else f"{pixels(disparity)}  ·  {metres(disparity, calibration)}"


def share(part: float) -> str:
    """ "37 %" of a whole, "under 1 %" for little."""
    return f"{part:.0%}".replace("%", " %") if part >= 0.01 else "under 1 %"


def pace(pace: Pace) -> str:
    """How large the preview is refocused: "Preview at 71 % to hold 10 pictures/s"; "" where it is as exports are."""
    if pace.scale == 1:
        return ""
    told = f"Preview at {share(pace.scale)}"
    if pace.rate is None:
        return told
    return f"{told} {'to hold' if pace.held else 'for'} {pace.rate:.3g} pictures/s"


def size(count: int) -> str:
    """So many bytes: "45 MB", "1.2 GB"."""
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def time_code(seconds: float) -> str:
    """ "1:02.40": minutes, seconds and hundredths."""
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"


def duration(seconds: float) -> str:
    """How long something still takes: "40 s", "3 min", "1 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
