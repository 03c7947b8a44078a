"""The one line over the picture that says what is going on or what could be done next. No Qt."""

from __future__ import annotations

from app.preview_state import Phase, PreviewState
from app.session import Session
from sterefo_core.types import Follow, Hold

FIRST = "Click something to focus on it"


def hint(session: Session, state: PreviewState, exporting: bool) -> str:
    """What to say now, "" for nothing."""
    if state.phase is Phase.OPENING:
        return f"Opening {session.name}…"
    if exporting:
        return "The preview waits for the export"
    if state.phase is not Phase.READY or state.plate is None:
        return ""
    if state.project and not state.failure and state.project.looks_with != session.project.looks_with:
        return "Computing anew…"
    return "" if any(isinstance(decision, Follow | Hold) for decision in session.project.decisions) else FIRST
