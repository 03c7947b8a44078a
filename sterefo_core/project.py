"""The project: what is rendered from what, as the user decided it. An immutable snapshot; edits make a new one."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field, replace
from math import isfinite

from sterefo_core import optics
from sterefo_core.errors import ProjectError
from sterefo_core.lens import unusable
from sterefo_core.protocols import Source
from sterefo_core.types import Calibration, Decision, Follow, Hold, Lens, Release

MOST_AHEAD = 8
"""Frames that are looked at ahead are kept in memory."""


@dataclass(frozen=True)
class Project:
    """Everything that decides the pictures, beside the source's own.

    Attributes:
        source: address for `open_source`.
        layout: how a single video file holds the two eyes: "auto", "side-by-side" or "top-bottom".
        decisions: what the user decided, in the order of frames; at most one takes effect on a frame.
        lens: the synthetic lens.
        aperture_mm: when given, decides `lens.aperture`, which then needs a calibrated source.
        transition_s: seconds a change of focus takes, >= 0.
        first_frame, last_frame: range to render, both included; None is the source's last.
        depth: name of the depth engine.
        tracker: name of the tracker.
        steady_depth: whether disparity is averaged with that of the frames before.
        automatic: whether the machine chooses a subject where the user has not decided.
        look_ahead: frames after the shown one by which its focus is steadied, 0 to MOST_AHEAD.
    """

    source: str = "demo"
    layout: str = "auto"
    decisions: tuple[Decision, ...] = ()
    lens: Lens = field(default_factory=Lens)
    aperture_mm: float | None = None
    transition_s: float = 0.5
    first_frame: int = 0
    last_frame: int | None = None
    depth: str = "sgm"
    steady_depth: bool = True
    automatic: bool = False
    look_ahead: int = 4
    tracker: str = "stereo"

    @property
    def looks_with(self) -> tuple[str, bool, str]:
        """What frames are looked at with; where it changes, all that was seen of them is looked at anew."""
        return self.depth, self.steady_depth, self.tracker

    def with_decision(self, decision: Decision) -> Project:
        """The project with one more decision; it replaces one already on the same frame."""
        others = [d for d in self.decisions if d.frame != decision.frame]
        return replace(self, decisions=tuple(sorted([*others, decision], key=lambda d: d.frame)))

    def with_base(self, base: Iterable[Follow]) -> Project:
        """The project with the machine's decisions where they are in force, and no longer `automatic`.

        The user's always win: one that is not weak keeps out the machine until the user's next one, and one that goes
        backward replaces what the machine decided since the user's last.
        """
        own = {decision.frame for decision in self.decisions}
        ordered = sorted([*self.decisions, *(d for d in base if d.frame not in own)], key=lambda d: d.frame)
        merged: list[Decision] = []
        weak = True
        for decision in ordered:
            if decision.frame not in own:
                merged += [decision] if weak else []
                continue
            while isinstance(decision, Follow) and decision.backward and merged and merged[-1].frame not in own:
                merged.pop()
            merged.append(decision)
            weak = isinstance(decision, Follow) and decision.weak
        return replace(self, decisions=tuple(merged), automatic=False)

    def active(self, frame: int) -> Decision | None:
        """The decision in force at a frame, or None before the first."""
        count = self._begun(frame)
        return self.decisions[count - 1] if count else None

    def begins(self, number: int) -> int:
        """The frame from which the decision of this number is in force: its own, or, backward, an earlier one."""
        decision = self.decisions[number]
        if not (isinstance(decision, Follow) and decision.backward):
            return decision.frame
        return self.decisions[number - 1].frame + 1 if number else 0

    def stretch(self, frame: int) -> range:
        """The frames that have the same decision in force as this one; without an end after the last decision."""
        count = self._begun(frame)
        stop = self.begins(count) if count < len(self.decisions) else sys.maxsize
        return range(self.begins(count - 1) if count else 0, stop)

    def stretches(self, stop: int) -> Iterator[tuple[Decision, range]]:
        """Every decision with the frames where it is in force, as far as these begin before `stop`; cut there."""
        for number in range(self._begun(stop - 1)):
            frames = self.stretch(self.begins(number))
            yield self.decisions[number], range(frames.start, min(frames.stop, stop))

    def followed(self, frame: int) -> Follow | None:
        """The Follow in force at a frame, or None where something else or nothing is decided."""
        decision = self.active(frame)
        return decision if isinstance(decision, Follow) else None

    def approached(self, frame: int) -> Follow | Hold | None:
        """The next decision after a frame, where the change of focus is to be complete at it."""
        count = self._begun(frame)
        if count == len(self.decisions) or self.begins(count) < self.decisions[count].frame:
            return None
        following = self.decisions[count]
        return following if isinstance(following, Follow | Hold) and following.arrive else None

    def resolved_lens(self, calibration: Calibration | None) -> Lens:
        """The lens with its aperture in px per px of disparity. Raises ProjectError for mm without a calibration."""
        if self.aperture_mm is None:
            return self.lens
        if calibration is None:
            raise ProjectError(
                "an aperture in mm needs a calibrated source; give it as blur radius per px of disparity, such as 0.15"
            )
        return replace(self.lens, aperture=optics.aperture_from_mm(self.aperture_mm, calibration))

    def range_in(self, source: Source) -> range:
        """The frames to render. Raises ProjectError where the range lies outside the source or is empty."""
        last = len(source) - 1 if self.last_frame is None else self.last_frame
        if not 0 <= self.first_frame <= last < len(source):
            raise ProjectError(
                f"the range {self.first_frame}..{last} does not fit {source.name}, "
                f"which has frames 0..{len(source) - 1}"
            )
        return range(self.first_frame, last + 1)

    def _begun(self, frame: int) -> int:
        """How many decisions have come into force by this frame."""
        return bisect_right(range(len(self.decisions)), frame, key=self.begins)

    def check(self, source: Source) -> None:
        """Raise ProjectError for whatever in the project does not fit the source."""
        self.range_in(source)
        _check_lens(self, self.resolved_lens(source.calibration))
        if not 0 <= self.look_ahead <= MOST_AHEAD:
            raise ProjectError(f"looking {self.look_ahead} frames ahead is not usable: give 0 to {MOST_AHEAD}")
        for decision in self.decisions:
            _check_decision(decision, source)


def held_disparity(hold: Hold, calibration: Calibration | None) -> float:
    """The disparity in px that a Hold asks for. Raises ProjectError for metres without a calibration."""
    if hold.disparity is not None:
        return hold.disparity
    if calibration is None or hold.metres is None:
        raise ProjectError("a focus in metres needs a calibrated source; give it in px of disparity")
    return optics.disparity_from_metres(hold.metres, calibration)


def _check_lens(project: Project, lens: Lens) -> None:
    if not 0 < lens.aperture < float("inf"):
        raise ProjectError(f"an aperture of {_shown_aperture(project)} cannot blur anything: give one above 0")
    if not 0 < lens.max_radius_px <= 1000:
        raise ProjectError(
            f"a largest blur radius of {lens.max_radius_px:g} px is not usable: give one of 1 to 1000 px"
        )
    if wrong := unusable(lens):
        raise ProjectError(wrong)
    if not 0 <= project.transition_s <= 60:
        raise ProjectError(f"a transition of {project.transition_s:g} s is not usable: give 0 to 60 s")


def _shown_aperture(project: Project) -> str:
    return f"{project.lens.aperture:g}" if project.aperture_mm is None else f"{project.aperture_mm:g} mm"


def _check_decision(decision: Decision, source: Source) -> None:
    if not 0 <= decision.frame < len(source):
        raise ProjectError(f"frame {decision.frame} is not in {source.name}, which has frames 0..{len(source) - 1}")
    match decision:
        case Follow(box=box):
            if not all(map(isfinite, astuple(box))) or box.clipped(*source.size).area == 0:
                shown = ",".join(f"{side:g}" for side in (box.x, box.y, box.width, box.height))
                raise ProjectError(
                    f"the box {shown} at frame {decision.frame} is outside the picture of "
                    f"{source.size[0]}x{source.size[1]}: give x,y,width,height in its pixels"
                )
        case Hold():
            if not 0 <= held_disparity(decision, source.calibration) < float("inf"):
                raise ProjectError(f"the focus at frame {decision.frame} must be a disparity of 0 px or more")
        case Release():
            pass
