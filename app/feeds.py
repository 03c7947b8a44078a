"""Which frame to go to next: recorded sources are due by the clock, live ones whenever a pair comes. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from app.playhead import Playhead
from app.preview import Wish

TAKE_S = 0.05
"""A live source is waited for so long at a time: a wish, also that to close, waits no longer than this."""

HEALTH_S = 0.5

LATE_S = 0.2
"""Playing that lies farther behind the clock, and gets no nearer by skipping, slows down."""


class Feed(Protocol):
    """Where the preview is in its source, and where it goes from there.

    Attributes:
        frame: the frame we are at.
        skipped: frames passed over since playing began.
    """

    frame: int
    skipped: int

    def target(self, wish: Wish, served: Wish) -> int | None:
        """The frame to go to: the wished one, the one due now, or where we are; None where there is nothing to do."""

    def following(self, frame: int, wish: Wish, served: Wish, within_s: float) -> int | None:
        """The frame that playing wants after `frame`, which can be shown in so many seconds; None where none is."""

    def reached(self, frame: int, target: int, wish: Wish, served: Wish, then: int | None) -> None:
        """We are at `frame`, on the way to `target`; `then` is made ready: what is following, or as near as we get."""

    def ended(self, wish: Wish) -> bool:
        """Whether playing is over."""

    def idle_s(self, wish: Wish) -> float | None:
        """How long there is nothing to do once the wish is served: until the next frame is due, or for ever."""


class Live:
    """A source that grows: while it runs the newest pair is taken, frozen it stays where it is.

    Args:
        take: takes the next frame and returns its number, or None when none came within the seconds given.
    """

    def __init__(self, take: Callable[[float], int | None]) -> None:
        self._take = take
        self._started = False
        self.frame = self.skipped = 0

    def target(self, wish: Wish, served: Wish) -> int | None:
        """The newest pair; a wish that is new is served on the present one where none comes soon."""
        if wish.speed or not self._started:
            taken = self._take(TAKE_S)
            if taken is not None:
                self._started, self.frame = True, taken
                return taken
        return self.frame if self._started and wish is not served else None

    def following(self, frame: int, wish: Wish, served: Wish, within_s: float) -> int | None:
        """What a camera will see is not there yet."""
        return None

    def reached(self, frame: int, target: int, wish: Wish, served: Wish, then: int | None) -> None:
        """Every pair taken is looked at: none is skipped, and there is no clock to keep."""

    def ended(self, wish: Wish) -> bool:
        """A camera has no end."""
        return False

    def idle_s(self, wish: Wish) -> float | None:
        """While it runs, waiting is done in taking; frozen, its health is asked for now and then."""
        return 0.0 if wish.speed or not self._started else HEALTH_S


class Recorded:
    """A source of known length, played by the clock: skipping frames where the preview is slow, or slowing down.

    Args:
        times_s: time stamp of every frame, ascending.
        now_s: the clock.
    """

    def __init__(self, times_s: Sequence[float], now_s: Callable[[], float]) -> None:
        self._times_s, self._now_s = times_s, now_s
        self._playhead = Playhead(times_s)
        self.frame = self.skipped = 0
        self._following: int | None = None
        self._ready: int | None = None

    def target(self, wish: Wish, served: Wish) -> int | None:
        """The frame to go to: the wished one, the one that is ready or due by the clock, or where we are."""
        if wish.generation != served.generation:
            return min(max(wish.frame, 0), len(self._times_s) - 1)
        beyond, frames = self._beyond(self.frame, wish), self._play_range(self.frame, wish)
        if wish.speed == 0 or (_starts(wish, served) and beyond is not None):
            return self.frame
        if beyond is None:
            return frames[0] if wish.speed > 0 else frames[-1]
        due = self._playhead.due(self._now_s())
        then = due if self._ready is None and not wish.every_frame else self._next(beyond, wish)
        if (then - self.frame) * wish.speed <= 0 or (due - then) * wish.speed < 0:
            return self.frame  # served for another reason than the clock
        return min(max(then, frames[0]), frames[-1])

    def following(self, frame: int, wish: Wish, served: Wish, within_s: float) -> int | None:
        """The next frame in the direction of play, or the one that will be due by then if that is farther."""
        self._following = None
        if wish.speed:
            self._following = self._beyond(frame, wish)
            if self._following is not None and not (wish.every_frame or self._begins(frame, wish, served)):
                frames, due = self._play_range(frame, wish), self._playhead.due(self._now_s() + within_s)
                farther = max if wish.speed > 0 else min
                self._following = farther(self._following, min(max(due, frames[0]), frames[-1]))
        return self._following

    def reached(self, frame: int, target: int, wish: Wish, served: Wish, then: int | None) -> None:
        """Count what was skipped, and start the clock where playing starts, jumps or cannot keep up."""
        begins = self._begins(frame, wish, served)
        if wish.speed and (wish.generation != served.generation or _starts(wish, served)):
            self.skipped = 0
        elif not begins:
            self.skipped += max(abs(frame - self.frame) - 1, 0)
        self.frame, self._ready = frame, then
        self._keep_time(wish, begins or frame != target or (then != self._following and self._is_late(wish)))

    def ended(self, wish: Wish) -> bool:
        """Whether the last frame in the direction of play was shown and there is no loop."""
        return wish.speed != 0 and not wish.loop and self._beyond(self.frame, wish) is None

    def idle_s(self, wish: Wish) -> float | None:
        """Until the next frame is due; at the end the last frame stays for as long as the first one does."""
        if wish.speed == 0:
            return None
        now_s, beyond = self._now_s(), self._beyond(self.frame, wish)
        if beyond is not None:
            return max(self._playhead.due_s(self._next(beyond, wish)) - now_s, 0.0)
        frames = self._play_range(self.frame, wish)
        shown_s = self._times_s[frames[1]] - self._times_s[frames[0]] if len(frames) > 1 else 1.0
        return max(self._playhead.due_s(self.frame) + shown_s / abs(wish.speed) - now_s, 0.0)

    def _begins(self, frame: int, wish: Wish, served: Wish) -> bool:
        """Whether going to `frame` is no playing on from where we are: the clock starts there."""
        turned = (frame - self.frame) * wish.speed < 0
        return turned or wish.generation != served.generation or _starts(wish, served)

    def _is_late(self, wish: Wish) -> bool:
        return wish.speed != 0 and self._now_s() - self._playhead.due_s(self.frame) > LATE_S

    def _keep_time(self, wish: Wish, anew: bool) -> None:
        if wish.speed == 0:
            return
        now_s, beyond = self._now_s(), self._beyond(self.frame, wish)
        if anew:
            self._playhead.start(self.frame, wish.speed, now_s)
        elif wish.every_frame and beyond is not None and now_s > self._playhead.due_s(beyond):
            self._playhead.start(beyond, wish.speed, now_s)

    def _next(self, beyond: int, wish: Wish) -> int:
        """The frame that is waited for: the one that is ready, unless none may be skipped any more."""
        return beyond if wish.every_frame or self._ready is None else self._ready

    def _beyond(self, frame: int, wish: Wish) -> int | None:
        """The next frame in the direction of play, None at the end."""
        beyond = frame + (1 if wish.speed > 0 else -1)
        return beyond if beyond in self._play_range(frame, wish) else None

    def _play_range(self, frame: int, wish: Wish) -> range:
        """In to out where `frame` is in there, else the whole source."""
        count = len(self._times_s)
        first, last = (wish.project.first_frame, wish.project.last_frame) if wish.project else (0, None)
        last = count - 1 if last is None else min(last, count - 1)
        chosen = range(first, last + 1)
        return chosen if frame in chosen else range(count)


def _starts(wish: Wish, served: Wish) -> bool:
    return wish.start != served.start
