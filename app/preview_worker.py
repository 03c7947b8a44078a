"""The preview thread's work: open, seek, play and render as the newest wish says, and publish what came of it. No Qt.

Playing, seeking and following a camera are one thing, going to a frame: when it is due (`feeds.py`), or at once. Going
there looks at all frames on the way that the tracker has not seen, without rendering them, so that playing with skipped
frames, seeking and exporting show the same. While a frame is rendered, those up to the one that will be due by then are
looked at. Where even that is too slow for real time, playing slows down.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import perf_counter

from app.feeds import Feed, Recorded
from app.mailbox import Mailbox
from app.opening import no_picture, open_watched
from app.pacing import Pacing
from app.preview import Click, Wish, Wishes
from app.preview_state import Pace, Phase, Picked, Plate, PreviewState
from app.stage import Stage
from app.workshop import Workshop
from sterefo_core.errors import BadFrameError, SterefoError
from sterefo_core.live import CameraState

PROGRESS_AFTER_S = 0.15
"""A seek that takes longer than this shows the frame as it was taken and says how far it is."""
CATCH_UP_S = 0.06
"""Playing in real time looks at skipped frames for at most this long before it shows one again."""
MOST_AHEAD = 2
"""So many frames at most are looked at while one is refocused: where that is too slow, every second one is shown."""

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
        self._feed: Feed = Recorded([0.0], now_s)
        self._pacing = Pacing()

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
            self._stand_still(wish)
            return
        self._stage.takes.record_to(wish.record_to)
        self._stage.prepare(wish.project, wish.look)
        target = self._feed.target(wish, self._served)
        if target is not None:
            self._go_to(target, wish)
        elif self._stage.health and self._stage.health.state is not CameraState.LIVE:
            self._stand_still(wish)
        else:
            self._publish(wish)
        self._served = wish
        if self._feed.ended(wish):
            self._stop_playing(wish)
            self._stand_still(self._latest)

    def _open(self, wish: Wish) -> None:
        self._close_stage()
        self._state = PreviewState()
        if wish.project is None:
            return
        self._publish(wish, phase=Phase.OPENING)
        source = open_watched(partial(self._workshop.open_source, wish.project), partial(self._wait_on, wish))
        self._stage, self._pacing = Stage(self._workshop, source), Pacing()
        self._feed = self._stage.feed(self._now_s)
        first = self._feed.target(wish, self._served)
        self._publish(wish, source=self._stage.facts, plate=None if first is None else self._stage.still(first))

    def _close_stage(self) -> None:
        if self._stage:
            self._stage.close()
        self._stage = None

    def _answer(self, click: Click) -> None:
        box = self._workshop.box_at(click.done.frame.left, click.done.disparity, click.x, click.y)
        self._state = replace(self._state, picked=Picked(click.request, box))

    def _go_to(self, target: int, wish: Wish) -> None:
        assert self._stage and wish.project
        jump, began_s = wish.generation != self._served.generation, self._now_s()
        look = self._pacing.look(wish, playing_on=wish.speed != 0 and not jump and not wish.suspended)
        try:
            reached = self._look_on_the_way(target, wish, jump)
            then, ahead = self._next(reached, wish)
            plate = self._stage.render(reached, wish.project, look, then)
        except BadFrameError as error:
            if jump or not wish.speed:
                raise
            self._feed.reached(target, target, wish, self._served, None)
            self._publish(wish, failure=str(error))
            return
        self._feed.reached(reached, target, wish, self._served, then)
        goes_on = wish.speed and not jump and wish.start == self._served.start
        shown = {"plate": plate, "project": wish.project, "failure": self._state.failure if goes_on else None}
        self._publish(wish, phase=Phase.READY, progress=None, pace=self._pacing.pace(look, wish), **shown)
        self._stage.settle(ahead, wish.project)
        now_s = self._now_s()
        self._pacing.made(plate, wish, self._stage.health, now_s - began_s, now_s)

    def _stand_still(self, wish: Wish) -> None:
        """Stay at the frame that is shown; a picture made smaller to keep the rate of playing is made in full."""
        shown, changes = self._state, dict[str, object]()
        if self._stage and shown.plate and shown.project and shown.pace.rate is not None and shown.pace.scale < 1:
            look = self._pacing.look(wish, playing_on=False)
            plate = self._stage.render(shown.plate.index, shown.project, look)
            changes = {"plate": plate, "pace": self._pacing.pace(look, wish)}
        self._publish(wish, **changes)

    def _look_on_the_way(self, target: int, wish: Wish, jump: bool) -> int:
        """Observe what is missing before `target`; returns the frame reached, an earlier one if playing takes long."""
        assert self._stage and wish.project
        began_s = self._now_s()
        while missing := self._stage.unobserved(target, wish.project):
            for done, index in enumerate(missing):
                self._give_way(wish)
                took_s = self._now_s() - began_s
                if wish.speed and not jump and took_s > CATCH_UP_S:
                    known = _known(missing[done:], self._feed.frame, wish)
                    if known is not None:
                        return known
                if took_s > PROGRESS_AFTER_S and (jump or not wish.speed):
                    plate = self._provisional(target, wish, known=min(missing[done:]) > target)
                    self._publish(wish, phase=Phase.SEEKING, plate=plate, pace=Pace(), progress=(done, len(missing)))
                self._stage.observe(index, wish.project)
                self._pacing.passed += 1
        return target

    def _next(self, reached: int, wish: Wish) -> tuple[int | None, list[int]]:
        """The frame that playing shows after this one, and what has to be looked at for it: not too much."""
        assert self._stage and wish.project
        then = self._feed.following(reached, wish, self._served, self._pacing.took_s)
        if then is None:
            return None, []
        missing = self._stage.unobserved(then, wish.project)
        if len(missing) > MOST_AHEAD:
            missing = missing[:MOST_AHEAD]
            then = _known(missing[-1:], reached, wish)
        ahead = [] if then is None else missing
        self._pacing.passed += len(ahead)
        return then, ahead

    def _provisional(self, target: int, wish: Wish, known: bool) -> Plate:
        """What can be shown of a frame so far: as it was taken, or refocused by all but the frames after it."""
        assert self._stage and wish.project
        if not known:
            return self._stage.still(target)
        look = self._pacing.look(wish, playing_on=False)
        return self._stage.render(target, replace(wish.project, look_ahead=0), look)

    def _reopens(self, wish: Wish) -> bool:
        """Whether something else is to be open by now, or nothing."""
        newest = self._wishes.newest
        return newest.closing or newest.opening != wish.opening

    def _wait_on(self, wish: Wish, long: bool) -> None:
        """Go on waiting for the source that was opened by this wish, which may be on another thread, and say so."""
        if self._reopens(wish):
            raise _SupersededError
        if self._stage and long:
            told = {"generation": self._wishes.newest.generation, "failure": no_picture(self._stage.facts.name)}
            self._states.put(replace(self._state, **told))  # type: ignore[arg-type]

    def _give_way(self, wish: Wish) -> None:
        newest = self._wishes.newest
        gone = newest.generation != wish.generation or newest.project is None or newest.suspended
        if gone or self._reopens(wish):
            raise _SupersededError
        if wish.project and newest.project and newest.project.decisions != wish.project.decisions:
            raise _SupersededError

    def _idle_s(self) -> float | None:
        wish = self._latest
        if self._stage is None or wish.suspended or wish is not self._served:
            return None
        return self._feed.idle_s(wish)

    def _stop_playing(self, wish: Wish) -> None:
        self._latest = self._served = self._wishes.amend_if_newest(wish, speed=0.0)

    def _fail(self, wish: Wish, message: str) -> None:
        self._stop_playing(wish)
        phase = Phase.READY if self._stage else Phase.FAILED
        self._publish(self._latest, phase=phase, failure=message, progress=None)
        with suppress(Exception):  # what failed may fail again
            self._stand_still(self._latest)

    def _publish(self, wish: Wish, **changes: object) -> None:
        common: dict[str, object] = {"generation": wish.generation, "speed": wish.speed}
        if self._stage and wish.project:
            common |= {"seen": self._stage.seen(wish.project), "health": self._stage.health}
            common |= {"skipped": self._feed.skipped, "rectified": self._stage.rectified}
            common |= {"take": self._stage.takes.newest, "chosen": self._stage.chosen(wish.project)}
        self._state = replace(self._state, **{**common, **changes})  # type: ignore[arg-type]
        self._states.put(self._state)


def _known(missing: list[int], frame: int, wish: Wish) -> int | None:
    """The first frame after this one, in the direction of play, that needs these looked at; None where none does."""
    assert wish.project
    known = min(missing) - wish.project.look_ahead
    return known if (known - frame) * wish.speed > 0 else None
