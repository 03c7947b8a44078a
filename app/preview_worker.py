"""The preview thread's work: open, seek, play and render as the newest wish says, and publish what came of it. No Qt.

Playing and seeking are one thing, going to a frame: when it is due by the clock, or at once. Going there looks at all
frames on the way that the tracker has not seen, without rendering them, so that playing with skipped frames, seeking
and exporting show the same. Where even that is too slow for real time, playing slows down.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from app.mailbox import Mailbox
from app.playhead import Playhead
from app.preview import Click, Wish, Wishes
from app.preview_state import Phase, Picked, PreviewState
from app.stage import Stage
from app.workshop import Workshop
from sterefo_core.errors import SterefoError

PROGRESS_AFTER_S = 0.15
"""A seek that takes longer than this shows the frame as it was taken and says how far it is."""
CATCH_UP_S = 0.06
"""Playing in real time looks at skipped frames for at most this long before it shows one again."""

_log = logging.getLogger(__name__)


class _SupersededError(Exception):
    """A newer wish makes the present work pointless."""


class PreviewWorker:
    """Serves wishes until one says `closing`; call it on the thread that shall do so."""

    def __init__(
        self,
        wishes: Wishes,
        states: Mailbox[PreviewState],
        workshop: Workshop,
        now_s: Callable[[], float] = perf_counter,
    ) -> None:
        self._wishes, self._states, self._workshop, self._now_s = wishes, states, workshop, now_s
        self._state = PreviewState()
        self._stage: Stage | None = None
        self._latest = self._served = Wish()
        self._frame = 0
        self._playhead = Playhead([0.0])

    def __call__(self) -> None:
        """Run."""
        while not (wish := self._wishes.wait(self._latest, self._idle_s())).closing:
            self._latest = wish
            try:
                self._serve(wish)
            except _SupersededError:
                continue
            except SterefoError as error:
                self._fail(wish, str(error))
            except Exception as error:
                _log.exception("the preview failed")
                self._fail(wish, f"{type(error).__name__}: {error}")
        self._close_stage()

    def _serve(self, wish: Wish) -> None:
        if wish.opening != self._served.opening:
            self._served = replace(self._served, opening=wish.opening)  # a failure is not tried again by itself
            self._open(wish)
        if self._stage is None or wish.project is None:
            self._publish(wish)
            return
        if wish.click and wish.click is not self._served.click:
            self._answer(wish.click)
        if wish.suspended:
            self._publish(wish)
            return
        self._stage.prepare(wish.project, wish.look)
        self._go_to(self._target(wish), wish)
        self._served = wish
        if wish.speed and not wish.loop and self._beyond(wish) is None:
            self._stop_playing(wish)
            self._publish(self._latest)

    def _open(self, wish: Wish) -> None:
        self._close_stage()
        self._state = PreviewState()
        if wish.project is None:
            return
        self._publish(wish, phase=Phase.OPENING)
        self._stage = Stage(self._workshop, wish.project)
        self._playhead = Playhead(self._stage.facts.times_s)
        frame = self._within(wish.frame)
        self._publish(wish, source=self._stage.facts, plate=self._stage.still(frame))

    def _close_stage(self) -> None:
        if self._stage:
            self._stage.close()
        self._stage = None

    def _answer(self, click: Click) -> None:
        box = self._workshop.box_at(click.done.frame.left, click.done.disparity, click.x, click.y)
        self._state = replace(self._state, picked=Picked(click.request, box))

    def _target(self, wish: Wish) -> int:
        """The frame to go to: the wished one, the one due by the clock, or where we are."""
        if wish.generation != self._served.generation:
            return self._within(wish.frame)
        beyond = self._beyond(wish)
        if wish.speed == 0 or (self._starts(wish) and beyond is not None):
            return self._frame
        if beyond is None:
            frames = self._play_range(wish)
            return frames[0] if wish.speed > 0 else frames[-1]
        due = self._playhead.due(self._now_s())
        if (due - self._frame) * wish.speed <= 0:
            return self._frame  # served for another reason than the clock
        frames = self._play_range(wish)
        return beyond if wish.every_frame else min(max(due, frames[0]), frames[-1])

    def _go_to(self, target: int, wish: Wish) -> None:
        assert self._stage and wish.project
        jump = wish.generation != self._served.generation
        reached = self._look_on_the_way(target, wish, jump)
        plate = self._stage.render(reached, wish.project, wish.look)
        before, self._frame = self._frame, reached
        self._keep_time(wish, jump or reached != target or self._turned(before, reached, wish))
        skipped = self._skipped(before, reached, wish, jump)
        shown = {"plate": plate, "project": wish.project}
        self._publish(wish, phase=Phase.READY, **shown, progress=None, skipped=skipped, failure=None)

    def _look_on_the_way(self, target: int, wish: Wish, jump: bool) -> int:
        """Observe what is missing before `target`; returns the frame reached, an earlier one if playing takes long."""
        assert self._stage and wish.project
        began_s, still = self._now_s(), None
        missing = self._stage.unobserved(target, wish.project)
        for done, index in enumerate(missing):
            self._give_way(wish)
            took_s = self._now_s() - began_s
            if wish.speed and not jump and took_s > CATCH_UP_S and (index - self._frame) * wish.speed > 0:
                return index
            if took_s > PROGRESS_AFTER_S and (jump or not wish.speed):
                still = still or self._stage.still(target)
                self._publish(wish, phase=Phase.SEEKING, plate=still, progress=(done, len(missing)))
            self._stage.observe(index, wish.project)
        return target

    def _give_way(self, wish: Wish) -> None:
        newest = self._wishes.newest
        same = newest.generation == wish.generation and newest.opening == wish.opening
        if newest.closing or not same or newest.project is None or newest.suspended:
            raise _SupersededError
        if wish.project and newest.project.decisions != wish.project.decisions:
            raise _SupersededError

    def _keep_time(self, wish: Wish, anew: bool) -> None:
        """Start the clock where playing starts, jumps or cannot keep up."""
        if wish.speed == 0:
            return
        now_s, beyond = self._now_s(), self._beyond(wish)
        if anew or self._starts(wish):
            self._playhead.start(self._frame, wish.speed, now_s)
        elif wish.every_frame and beyond is not None and now_s > self._playhead.due_s(beyond):
            self._playhead.start(beyond, wish.speed, now_s)

    def _skipped(self, before: int, after: int, wish: Wish, jump: bool) -> int:
        """Frames passed over since playing began."""
        if wish.speed and (jump or self._starts(wish)):
            return 0
        passed = 0 if jump or self._turned(before, after, wish) else max(abs(after - before) - 1, 0)
        return self._state.skipped + passed

    def _turned(self, before: int, after: int, wish: Wish) -> bool:
        return (after - before) * wish.speed < 0

    def _starts(self, wish: Wish) -> bool:
        return wish.start != self._served.start

    def _beyond(self, wish: Wish) -> int | None:
        """The next frame in the direction of play, None at the end."""
        beyond = self._frame + (1 if wish.speed > 0 else -1)
        return beyond if beyond in self._play_range(wish) else None

    def _play_range(self, wish: Wish) -> range:
        """In to out where we are in there, else the whole source."""
        assert self._stage and wish.project
        count = len(self._stage.facts.times_s)
        last = count - 1 if wish.project.last_frame is None else min(wish.project.last_frame, count - 1)
        chosen = range(wish.project.first_frame, last + 1)
        return chosen if self._frame in chosen else range(count)

    def _idle_s(self) -> float | None:
        """How long there is nothing to do: until the next frame is due, or for ever."""
        wish = self._latest
        if self._stage is None or wish.speed == 0 or wish.suspended or wish is not self._served:
            return None
        now_s, times_s, beyond = self._now_s(), self._stage.facts.times_s, self._beyond(wish)
        if beyond is not None:
            return max(self._playhead.due_s(beyond) - now_s, 0.0)
        frames = self._play_range(wish)  # at the end the last frame stays for as long as the first one does
        shown_s = times_s[frames[1]] - times_s[frames[0]] if len(frames) > 1 else 1.0
        return max(self._playhead.due_s(self._frame) + shown_s / abs(wish.speed) - now_s, 0.0)

    def _stop_playing(self, wish: Wish) -> None:
        self._latest = self._served = self._wishes.amend_if_newest(wish, speed=0.0)

    def _within(self, frame: int) -> int:
        assert self._stage
        return min(max(frame, 0), len(self._stage.facts.times_s) - 1)

    def _fail(self, wish: Wish, message: str) -> None:
        self._stop_playing(wish)
        phase = Phase.READY if self._stage else Phase.FAILED
        self._publish(self._latest, phase=phase, failure=message, progress=None)

    def _publish(self, wish: Wish, **changes: object) -> None:
        seen = self._stage.seen(wish.project) if self._stage and wish.project else ()
        common = {"generation": wish.generation, "speed": wish.speed, "seen": seen}
        self._state = replace(self._state, **{**common, **changes})  # type: ignore[arg-type]
        self._states.put(self._state)
