"""What the hand does to a project, as functions from a project to the next one. No Qt."""

from __future__ import annotations

from dataclasses import replace

from sterefo_core.project import Project
from sterefo_core.types import Decision, Follow


def follow_to_the_end(project: Project, follow: Follow) -> Project:
    """Follow the object from this frame on, whatever was decided for later."""
    earlier = tuple(decision for decision in project.decisions if decision.frame < follow.frame)
    return replace(project, decisions=(*earlier, follow))


def without_decision(project: Project, frame: int) -> Project:
    """The project without the focus point on this frame, if there is one."""
    return replace(project, decisions=tuple(decision for decision in project.decisions if decision.frame != frame))


def decision_at(project: Project, frame: int) -> Decision | None:
    """The focus point exactly on this frame."""
    return next((decision for decision in project.decisions if decision.frame == frame), None)


def neighbour(project: Project, frame: int, step: int) -> int | None:
    """The frame of the previous (step -1) or next (step +1) focus point, or None."""
    frames = [decision.frame for decision in project.decisions]
    beyond = [other for other in frames if (other - frame) * step > 0]
    return min(beyond, key=lambda other: abs(other - frame), default=None)


def with_in(project: Project, frame: int) -> Project:
    """The range begins at this frame; an end that lies before it gives way to the source's."""
    last = project.last_frame
    return replace(project, first_frame=frame, last_frame=None if last is not None and last < frame else last)


def with_out(project: Project, frame: int) -> Project:
    """The range ends with this frame; a beginning that lies after it gives way to frame 0."""
    return replace(project, last_frame=frame, first_frame=0 if project.first_frame > frame else project.first_frame)
