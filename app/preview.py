"""The window's end of the preview thread: says what is wished for and never waits for it. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Condition, Thread

from app.mailbox import Mailbox
from app.preview_state import PreviewLook, PreviewState
from sterefo_core.project import Project
from sterefo_core.types import Refocused


@dataclass(frozen=True, eq=False)
class Click:
    """A place in a shown frame at which the box of an object is wanted."""

    request: int
    done: Refocused
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Wish:
    """Everything the preview should be doing; the newest replaces all before it.

    Attributes:
        project: None where nothing is to be open.
        opening: bumped to open the project's source anew.
        generation: bumped by open and seek; `frame` is where it begins.
        speed: 0 paused, 1 real time, negative backwards.
        start: bumped by every play, so that the clock starts anew.
        every_frame: slow down rather than skip frames.
        loop: go on at the other end of the range.
        suspended: leave the computer to somebody else.
        record_to: record the camera to this file; None ends what is being recorded.
        click: a box is wanted.
        closing: end the thread.
    """

    project: Project | None = None
    look: PreviewLook = field(default_factory=PreviewLook)
    opening: int = 0
    generation: int = 0
    frame: int = 0
    speed: float = 0.0
    start: int = 0
    every_frame: bool = False
    loop: bool = True
    suspended: bool = False
    record_to: Path | None = None
    click: Click | None = None
    closing: bool = False


class Wishes:
    """The newest wish, and waiting for a newer one."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._newest = Wish()

    @property
    def newest(self) -> Wish:
        """What is wished for now."""
        return self._newest

    def amend(self, **changes: object) -> Wish:
        """Change the newest wish; the thread that waits is woken."""
        with self._condition:
            self._newest = replace(self._newest, **changes)  # type: ignore[arg-type]
            self._condition.notify_all()
            return self._newest

    def amend_if_newest(self, wish: Wish, **changes: object) -> Wish:
        """Change `wish` unless a newer one has come, which then stays as it is; returns `wish` as it became."""
        with self._condition:
            changed = replace(wish, **changes)  # type: ignore[arg-type]
            if self._newest is wish:
                self._newest = changed
            return changed

    def wait(self, served: Wish, timeout_s: float | None) -> Wish:
        """The newest wish, as soon as it is another than `served`, or when the time is over."""
        with self._condition:
            self._condition.wait_for(lambda: self._newest is not served, timeout_s)
            return self._newest


class Preview:
    """Opens, seeks, plays and renders on its own thread, and reports by mailbox.

    Args:
        ring: called on the preview's thread when `states` has something to take.
        make_worker: the thread's work, a function of (wishes, mailbox); it ends when a wish says `closing`.
    """

    def __init__(
        self, ring: Callable[[], None], make_worker: Callable[[Wishes, Mailbox[PreviewState]], Callable[[], None]]
    ) -> None:
        self.states: Mailbox[PreviewState] = Mailbox(ring)
        self._wishes = Wishes()
        self._accepted_from = 0
        self._thread = Thread(target=make_worker(self._wishes, self.states), name="preview")
        self._thread.start()

    @property
    def wish(self) -> Wish:
        """What the preview is asked to do at the moment."""
        return self._wishes.newest

    def accepts(self, state: PreviewState) -> bool:
        """Whether the state belongs to what was asked for last, rather than to an earlier open or seek."""
        return state.generation >= self._accepted_from

    def open(self, project: Project, frame: int = 0, speed: float = 0.0) -> None:
        """Open the project's source and go to `frame`."""
        generation = self._next_generation()
        opening = self.wish.opening + 1
        self._wishes.amend(
            project=project,
            opening=opening,
            generation=generation,
            frame=frame,
            speed=speed,
            start=generation,
            record_to=None,
        )

    def edit(self, project: Project) -> None:
        """Show the same frame as this project wants it."""
        self._wishes.amend(project=project)

    def look(self, **changes: object) -> None:
        """Change how frames are shown."""
        self._wishes.amend(look=replace(self.wish.look, **changes))  # type: ignore[arg-type]

    def seek(self, frame: int, scrubbing: bool = False) -> None:
        """Go to a frame. While scrubbing, pictures of places passed on the way are shown too."""
        accepted_from = self._accepted_from
        self._wishes.amend(generation=self._next_generation(), frame=frame)
        if scrubbing:
            self._accepted_from = accepted_from

    def play(self, speed: float) -> None:
        """Play at so many times real time; 0 pauses."""
        self._wishes.amend(speed=speed, start=self.wish.start + 1)

    def set(self, **changes: bool | Path | None) -> None:
        """Change `every_frame`, `loop`, `suspended` or `record_to`."""
        self._wishes.amend(**changes)

    def pick(self, done: Refocused, x: float, y: float) -> int:
        """Ask for the box of the object at this place of a frame; `PreviewState.picked` answers to this number."""
        request = 1 + (self.wish.click.request if self.wish.click else 0)
        self._wishes.amend(click=Click(request, done, x, y))
        return request

    def close(self) -> None:
        """End the thread; returns when it has ended. May be called twice."""
        self._wishes.amend(closing=True)
        self._thread.join()

    def _next_generation(self) -> int:
        self._accepted_from = self.wish.generation + 1
        return self._accepted_from
