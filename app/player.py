"""Moving in time: play, pause, step, jump. Slots of the actions; what they ask of the preview is all they do."""

from __future__ import annotations

from collections.abc import Callable

from app import edits
from app.preview import Preview
from app.preview_state import PreviewState, Seen
from app.session import Session

FASTEST = 8.0


class Player:
    """The transport.

    Args:
        preview: what plays.
        state: the newest state that the window accepted.
        session: what is being edited.
    """

    def __init__(self, preview: Preview, state: Callable[[], PreviewState], session: Callable[[], Session]) -> None:
        self._preview, self._state, self._session = preview, state, session
        self._known = 0

    def arrived(self, frame: int) -> None:
        """A computed frame is shown."""
        self._known = frame

    @property
    def playing(self) -> bool:
        """Whether playing is wished for."""
        return self._preview.wish.speed != 0

    @property
    def frame(self) -> int:
        """Where we are, or where the seek under way leads."""
        state, wish = self._state(), self._preview.wish
        if state.generation != wish.generation or state.plate is None:
            return wish.frame
        return state.plate.index

    def toggle(self) -> None:
        """Play in real time, or pause."""
        self._preview.play(0.0 if self.playing else 1.0)

    def pause(self) -> None:
        """Stop here."""
        self._preview.play(0.0)

    def forward(self) -> None:
        """Play forward, twice as fast each time."""
        self._faster(1)

    def backward(self) -> None:
        """Play backward, twice as fast each time."""
        self._faster(-1)

    def set_every_frame(self, on: bool) -> None:
        """Slow down rather than skip frames."""
        self._preview.set(every_frame=on)

    def set_loop(self, on: bool) -> None:
        """Begin again at the end."""
        self._preview.set(loop=on)

    def seek(self, frame: int, scrubbing: bool = False) -> None:
        """Go to a frame."""
        last = len(self._times_s) - 1
        if last >= 0:
            self._preview.seek(min(max(frame, 0), last), scrubbing)

    def next_frame(self) -> None:
        """One on."""
        self._step(1)

    def previous_frame(self) -> None:
        """One back."""
        self._step(-1)

    def ten_on(self) -> None:
        """Ten on."""
        self._step(10)

    def ten_back(self) -> None:
        """Ten back."""
        self._step(-10)

    def first_frame(self) -> None:
        """To the start."""
        self.seek(0)

    def last_frame(self) -> None:
        """To the end."""
        self.seek(len(self._times_s) - 1)

    def previous_point(self) -> None:
        """To the focus point before."""
        self._to_point(-1)

    def next_point(self) -> None:
        """To the focus point after."""
        self._to_point(1)

    def last_good_frame(self) -> None:
        """To the nearest frame before this one at which the object was surely found."""
        seen = self._state().seen
        good = [index for index in range(min(self.frame, len(seen))) if seen[index] is Seen.TRACKING]
        if good:
            self._pause_and_seek(good[-1])

    def back_to_known(self) -> None:
        """Give up a seek: to the last frame that was shown computed."""
        self.seek(self._known)

    @property
    def _times_s(self) -> tuple[float, ...]:
        source = self._state().source
        return source.times_s if source else ()

    def _faster(self, direction: int) -> None:
        speed = self._preview.wish.speed
        faster = min(abs(speed) * 2, FASTEST) if speed * direction > 0 else 1.0
        self._preview.play(faster * direction)

    def _step(self, frames: int) -> None:
        self._pause_and_seek(self.frame + frames)

    def _to_point(self, step: int) -> None:
        frame = edits.neighbour(self._session().project, self.frame, step)
        if frame is not None:
            self._pause_and_seek(frame)

    def _pause_and_seek(self, frame: int) -> None:
        if self.playing:
            self.pause()
        self.seek(frame)
