"""What is being edited, without Qt: the project, its undo history, the file it belongs to and whether it is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sterefo_core.project import Project
from sterefo_core.project_file import SUFFIX, load_project, save_project
from sterefo_core.sources.camera_address import is_camera, redacted

UNDO_STEPS = 200


class Session:
    """One open project and its history. Snapshots are immutable, so a step back is just the snapshot before.

    Args:
        project: what to begin with.
        path: the file it was read from, or None.
    """

    def __init__(self, project: Project, path: Path | None = None) -> None:
        self.project = project
        self.path = path
        self._saved = project
        self._past: list[tuple[str, Project]] = []
        self._future: list[tuple[str, Project]] = []
        self._gesture: object = None
        self._watchers: list[Callable[[], None]] = []

    @classmethod
    def load(cls, path: Path) -> Session:
        """The session of a project file. Raises ProjectError."""
        return cls(_to_keep(load_project(path)), path)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` after every change of project, history or path."""
        self._watchers.append(changed)

    @property
    def dirty(self) -> bool:
        """Whether there are edits that no file has; undoing back to the saved state makes it clean again.

        Never on a camera: what was decided about its frames is gone with them.
        """
        return self.project != self._saved and not is_camera(self.project.source)

    @property
    def name(self) -> str:
        """The project's name for a title: the file's, the camera's, else the last part of the source's address."""
        if self.path:
            return self.path.name.removesuffix(SUFFIX)
        if is_camera(self.project.source):
            return redacted(self.project.source).partition("#")[0]
        return Path(self.project.source.rstrip("/").split(",")[0]).name or self.project.source

    @property
    def undo_name(self) -> str | None:
        """What undo would take back, or None."""
        return self._past[-1][0] if self._past else None

    @property
    def redo_name(self) -> str | None:
        """What redo would bring back, or None."""
        return self._future[-1][0] if self._future else None

    def edit(self, name: str, project: Project, gesture: object = None) -> None:
        """Make `project` the current one, as one undo step called `name`; nothing happens where it is no change.

        Edits that carry the same `gesture`, one drag of a slider say, are one step together.
        """
        if project == self.project:
            return
        if gesture is None or gesture != self._gesture:
            self._past = [*self._past, (name, self.project)][-UNDO_STEPS:]
        self._gesture = gesture
        self._future.clear()
        self._become(project)

    def undo(self) -> None:
        """Go one step back, if there is one."""
        self._step(self._past, self._future)

    def redo(self) -> None:
        """Take back an undo, if there was one."""
        self._step(self._future, self._past)

    def save(self, path: Path) -> None:
        """Write the project; it then belongs to this file and is clean. Raises ProjectError."""
        save_project(_to_keep(self.project), path)
        self.path, self._saved = path, self.project
        self._become(self.project)

    def _step(self, here: list[tuple[str, Project]], there: list[tuple[str, Project]]) -> None:
        if here:
            name, project = here.pop()
            there.append((name, self.project))
            self._gesture = None
            self._become(project)

    def _become(self, project: Project) -> None:
        self.project = project
        for changed in self._watchers:
            changed()


def _to_keep(project: Project) -> Project:
    """What a file holds of a project: of a camera no decisions, as the frames that they were about are gone."""
    if not is_camera(project.source):
        return project
    return replace(project, decisions=(), first_frame=0, last_frame=None)
