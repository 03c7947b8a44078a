"""The one line over the picture that says what is going on or what could be done next. No Qt."""

from __future__ import annotations

from app.preview_state import Phase, PreviewState
from app.session import Session
from sterefo_core.types import Follow, Hold

FIRST = "Click something to focus on it"
JUST_DECIDED_S = 0.05
"""A change of focus this young does not show yet."""


def hint(session: Session, state: PreviewState, exporting: bool) -> str:
    """What to say now, "" for nothing."""
    if state.phase is Phase.OPENING:
        return f"Opening {session.name}…"
    if exporting:
        return "The preview waits for the export"
    if state.phase is not Phase.READY or state.plate is None:
        return ""
    if not any(isinstance(decision, Follow | Hold) for decision in session.project.decisions):
        return FIRST
    return "The focus moves from here on: Space plays" if _just_decided(session, state) else ""


def _just_decided(session: Session, state: PreviewState) -> bool:
    """Whether the picture stands still where a change of focus only begins."""
    active = session.project.active(state.plate.index) if state.plate and state.plate.done else None
    if active is None or active.frame == 0 or state.speed or state.source is None or state.plate is None:
        return False
    age_s = state.source.times_s[state.plate.index] - state.source.times_s[active.frame]
    return age_s < min(session.project.transition_s, JUST_DECIDED_S)
