"""How the focus gets to where it is wanted: pulled there in time, and left at rest while nobody could see it move.

A rack from one distance to another runs over a fixed time along the smoothstep curve, in disparity, towards the target
*as it is now*: f(t) = f0 + (target(t) - f0) * s((t - t0) / transition). It has no overshoot, arrives on time on a
moving target, follows without lag afterwards, and depends on time stamps alone: dropped frames do not change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sterefo_core.easing import Ease, smoothstep
from sterefo_core.project import Project
from sterefo_core.steadying import Rest
from sterefo_core.types import Decision, FocusState, Follow, Hold


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
        self._focus = Ease(0.0, 0.0, 0.0)
        self._strength = Ease(0.0, 0.0, 0.0)
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

    def _ease_from(self, value: float | None, started_s: float) -> Ease:
        """An ease from this value; without a value there is nothing to come from, so the target holds at once."""
        return Ease(0.0, 0.0, 0.0) if value is None else Ease(value, started_s, self._duration_s)


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
        self._key: object = None
        self._rest: tuple[Decision | None, Rest] = None, Rest()
        self._puller = FocusPuller(0.0)
        self._reached = -1
        self._state = FocusState()

    def at(self, index: int, project: Project, wishes: Wishes, aim: Aim, band_px: float = 0.0) -> FocusState:
        """The focus at frame `index`.

        Args:
            index: the frame.
            project: says what is decided.
            wishes: what is wanted at each frame up to it.
            aim: what is wanted at a decision ahead of it.
            band_px: dead band of what is followed: so much off, the focus may stay where it is.
        """
        key = (project.decisions, project.transition_s, project.look_ahead, band_px)
        if key != self._key or index < self._reached:
            # One frame before the first decision tells the puller that there was a picture without blur.
            first = project.begins(0) if project.decisions else index
            self._key, self._puller, self._reached = key, FocusPuller(project.transition_s), min(first, index) - 2
            self._state, self._rest = FocusState(), (None, Rest())
        for i, wanted in wishes(range(max(self._reached + 1, 0), index + 1)):
            decision = project.active(i)
            begins = project.stretch(i).start
            decided_s = None if decision is None else self._time_of(begins)
            engaged = isinstance(decision, Follow | Hold)
            arrived = isinstance(decision, Follow | Hold) and decision.arrive and decision.frame == begins
            rested = self._rested(decision, self._time_of(i), wanted, band_px)
            self._state = self._puller.step(self._time_of(i), rested, engaged, decided_s, arrived)
        self._reached = index
        return self._approaching(index, project, aim)

    def _rested(
        self, decision: Decision | None, timestamp_s: float, wanted: float | None, band_px: float
    ) -> float | None:
        """What is wanted of a followed object, as long as it is in sight, with a dead band."""
        if not isinstance(decision, Follow) or wanted is None:
            self._rest = None, Rest()
            return wanted
        if self._rest[0] != decision:
            self._rest = decision, Rest()
        return self._rest[1].step(timestamp_s, wanted, band_px)

    def _approaching(self, index: int, project: Project, aim: Aim) -> FocusState:
        """The puller's state on its way to a decision ahead, where that one's rack is to be over in time."""
        state, ahead = self._state, project.approached(index)
        if ahead is None:
            return state
        end_s = self._time_of(ahead.frame)
        start_s = max(end_s - project.transition_s, self._time_of(project.stretch(index).start))
        if start_s >= end_s:
            return state
        share = smoothstep((self._time_of(index) - start_s) / (end_s - start_s))
        target = aim(ahead) if share > 0 else None
        if target is None:
            return state
        start = state.disparity if state.disparity is not None and state.strength > 0 else target
        return FocusState(start + (target - start) * share, state.strength + (1 - state.strength) * share)
