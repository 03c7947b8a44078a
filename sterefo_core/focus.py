"""Which disparity to focus on, and how to get there: measuring it in a box, and pulling the focus to it in time.

A rack from one distance to another runs over a fixed time along the smoothstep curve, in disparity, towards the target
*as it is now*: f(t) = f0 + (target(t) - f0) * s((t - t0) / transition). It has no overshoot, arrives on time on a
moving target, follows without lag afterwards, and depends on time stamps alone: dropped frames do not change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from sterefo_core.project import Project
from sterefo_core.types import Box, Decision, DisparityMap, FocusState, Follow, Hold

# The box's rim holds background; measured over the labelled objects of KITTI 2015, the central 60 % of each side has it
# least without becoming too small for far objects.
CENTRAL_FRACTION = 0.6
# Fewer measured pixels than this share of the central part say nothing about the object.
MIN_VALID_SHARE = 0.1


def measure_disparity(disparity: DisparityMap, box: Box) -> float | None:
    """Median of the valid disparities in the central part of the box, in px (the paper's rule).

    None where the box lies outside the picture or holds hardly a measured pixel.
    """
    height, width = disparity.values.shape
    inside = box.clipped(width, height)
    if inside.area == 0:
        return None
    window = inside.central(CENTRAL_FRACTION).clipped(width - 1, height - 1).slices()
    valid = disparity.valid[window]
    if valid.mean() < MIN_VALID_SHARE:
        return None
    return float(np.median(disparity.values[window][valid]))


@dataclass(frozen=True)
class _Ease:
    """A value on its way: it leaves `start` at time `start_s` and reaches its (moving) target `duration_s` later."""

    start: float
    start_s: float
    duration_s: float

    def towards(self, target: float, timestamp_s: float) -> float:
        if self.duration_s <= 0:
            return target
        return self.start + (target - self.start) * _smoothstep((timestamp_s - self.start_s) / self.duration_s)


def _smoothstep(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


class FocusPuller:
    """Turns wishes, frame by frame, into an eased focus; one instance follows one passage of time forward.

    Args:
        transition_s: seconds that a rack from one target to another takes, >= 0.
    """

    def __init__(self, transition_s: float) -> None:
        self._transition_s = self._duration_s = transition_s
        self._decided_s: float | None = None
        self._rack_from_s: float | None = None  # a rack is due, counted from this time, at the next known target
        self._target: float | None = None  # last known disparity of what we focus on
        self._open = False
        self._focus = _Ease(0.0, 0.0, 0.0)
        self._strength = _Ease(0.0, 0.0, 0.0)
        self._state: FocusState | None = None

    def step(
        self, timestamp_s: float, wanted: float | None, engaged: bool, decided_s: float | None, arrived: bool = False
    ) -> FocusState:
        """The focus at this time.

        Args:
            timestamp_s: time of the frame, not before that of the last call.
            wanted: disparity to focus on now, px; None (object lost, nothing valid in its box) holds the last one.
            engaged: whether the decision in force wants a focus; when not, the blur eases out, the distance stays.
            decided_s: when the decision in force was made, None before the first; a rack starts there.
            arrived: whether that decision's rack was over by then, so that its target holds at once.
        """
        started_s = timestamp_s if decided_s is None or decided_s == self._decided_s else decided_s
        self._duration_s = 0.0 if arrived and decided_s != self._decided_s else self._transition_s
        if decided_s != self._decided_s or wanted is None:
            self._rack_from_s = started_s
        self._decided_s = decided_s
        if wanted is not None:
            self._aim(wanted)
        if (engaged and self._target is not None) != self._open:
            self._open = not self._open
            self._strength = self._ease_from(self._state.strength if self._state else None, started_s)
        disparity = None if self._target is None else self._focus.towards(self._target, timestamp_s)
        self._state = FocusState(disparity, self._strength.towards(float(self._open), timestamp_s))
        return self._state

    def _aim(self, wanted: float) -> None:
        self._target = wanted
        if self._rack_from_s is not None:
            visible = self._state is not None and self._state.strength > 0
            self._focus = self._ease_from(self._state.disparity if self._state and visible else None, self._rack_from_s)
            self._rack_from_s = None

    def _ease_from(self, value: float | None, started_s: float) -> _Ease:
        """An ease from this value; without a value there is nothing to come from, so the target holds at once."""
        return _Ease(0.0, 0.0, 0.0) if value is None else _Ease(value, started_s, self._duration_s)


Wishes = Callable[[range], Iterable[tuple[int, float | None]]]
"""For a range of frames, (frame, disparity wanted there in px or None) in order; frames not looked at are left out."""

Aim = Callable[[Follow | Hold], float | None]
"""The disparity that a decision will want at its own frame, px; None where that cannot be known."""


class FocusTimeline:
    """The eased focus at any frame, in whatever order asked: going back steps a fresh puller up to there again.

    Args:
        time_of: timestamp in seconds of a frame of the source.
    """

    def __init__(self, time_of: Callable[[int], float]) -> None:
        self._time_of = time_of
        self._key: tuple[tuple[Decision, ...], float] | None = None
        self._puller = FocusPuller(0.0)
        self._reached = -1
        self._state = FocusState()

    def at(self, index: int, project: Project, wishes: Wishes, aim: Aim) -> FocusState:
        """The focus at frame `index`, given what is wanted at each frame up to it, and at a decision ahead of it."""
        key = (project.decisions, project.transition_s)
        if key != self._key or index < self._reached:
            # One frame before the first decision tells the puller that there was a picture without blur.
            first = project.decisions[0].frame if project.decisions else index
            self._key, self._puller, self._reached = key, FocusPuller(project.transition_s), min(first, index) - 2
            self._state = FocusState()
        for i, wanted in wishes(range(max(self._reached + 1, 0), index + 1)):
            decision = project.active(i)
            decided_s = None if decision is None else self._time_of(decision.frame)
            engaged = isinstance(decision, Follow | Hold)
            arrived = isinstance(decision, Follow | Hold) and decision.arrive
            self._state = self._puller.step(self._time_of(i), wanted, engaged, decided_s, arrived)
        self._reached = index
        return self._approaching(index, project, aim)

    def _approaching(self, index: int, project: Project, aim: Aim) -> FocusState:
        """The puller's state on its way to a decision ahead, where that one's rack is to be over in time."""
        state, ahead, active = self._state, project.approached(index), project.active(index)
        if ahead is None or project.transition_s == 0:
            return state
        end_s = self._time_of(ahead.frame)
        start_s = max(end_s - project.transition_s, self._time_of(active.frame if active else 0))
        share = _smoothstep((self._time_of(index) - start_s) / (end_s - start_s))
        target = aim(ahead) if share > 0 else None
        if target is None:
            return state
        start = state.disparity if state.disparity is not None and state.strength > 0 else target
        return FocusState(start + (target - start) * share, state.strength + (1 - state.strength) * share)
