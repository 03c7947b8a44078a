"""What gestures on the picture mean: follow, lock, hold, let go; and the range. They become edits of the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from app import edits
from app.player import Player
from app.preview import Preview
from app.preview_state import Picked, Plate
from app.session import Session
from sterefo_core.types import Box, Decision, Follow, Hold, Refocused, Release

HELD_WINDOW_PX = 3
"""A held distance is the median of the disparities within so many px of the click."""


@dataclass
class _Pointing:
    """A click on its way to a box."""

    request: int
    frame: int
    gesture: object
    locks: bool = False


class Focusing:
    """Turns gestures on the shown plate into focus points.

    Args:
        preview: finds the box around a click.
        player: knows the frame we are at.
        session: what is being edited.
        shown: the plate that the user sees and points at.
        say: shows a short remark.
        chosen: what the machine has decided.
    """

    def __init__(
        self,
        preview: Preview,
        player: Player,
        session: Callable[[], Session],
        shown: Callable[[], Plate | None],
        say: Callable[[str], None],
        *,
        chosen: Callable[[], tuple[Decision, ...]],
    ) -> None:
        self._preview, self._player, self._session, self._shown, self._say = preview, player, session, shown, say
        self._chosen = chosen
        self._pointing: _Pointing | None = None

    def follow(self, x: float, y: float) -> None:
        """Find the object here and follow it from this frame on."""
        if done := self._computed():
            request = self._preview.pick(done, x, y)
            self._pointing = _Pointing(request, done.frame.index, object())

    def lock(self, x: float, y: float) -> None:
        """Follow what the click before has chosen to the end, whatever was decided for later."""
        if self._pointing is None:
            return
        self._pointing.locks = True
        point = edits.decision_at(self._session().project, self._pointing.frame)
        if self._pointing.request == 0 and isinstance(point, Follow):
            self._follow_box(point.frame, point.box, self._pointing.gesture, locks=True)

    def answer(self, picked: Picked | None) -> None:
        """The box around the last click was found."""
        pointing = self._pointing
        if picked is None or pointing is None or picked.request != pointing.request:
            return
        pointing.request = 0  # answered
        self._follow_box(pointing.frame, picked.box, pointing.gesture, pointing.locks)

    def follow_box(self, box: Box) -> None:
        """Follow what is in a box drawn by hand."""
        if done := self._computed():
            self._pointing = None
            self._follow_box(done.frame.index, box, object(), locks=False)

    def hold(self, x: float, y: float) -> None:
        """Hold the distance of this place."""
        if done := self._computed():
            rows, columns = (slice(max(int(at) - HELD_WINDOW_PX, 0), int(at) + HELD_WINDOW_PX + 1) for at in (y, x))
            values, valid = done.disparity.values[rows, columns], done.disparity.valid[rows, columns]
            disparity = float(np.median(values[valid] if valid.any() else values))
            session = self._session()
            hold = Hold(done.frame.index, disparity=disparity, arrive=self._arrives(done.frame.index))
            session.edit("Hold distance", session.project.with_decision(hold))

    def let_go(self) -> None:
        """Stop focusing from this frame on."""
        session, frame = self._session(), self._player.frame
        active = session.project.active(frame)
        if active is not None and not isinstance(active, Release):
            session.edit("Let go", session.project.with_decision(Release(frame)))

    def follow_back(self) -> None:
        """What is followed here is followed before its focus point, too, or no longer."""
        session = self._session()
        follow = session.project.followed(self._player.frame)
        if follow is None:
            self._say("Nothing is followed on this frame: click something first")
            return
        name = "Follow from here only" if follow.backward else "Follow before the point"
        session.edit(name, session.project.with_decision(replace(follow, backward=not follow.backward)))

    def accept(self) -> None:
        """Make what the machine has chosen here a focus point of the user's."""
        session, frame = self._session(), self._player.frame
        earlier = [decision for decision in self._chosen() if decision.frame <= frame]
        own = session.project.active(frame)
        if not earlier or (own is not None and own.frame > earlier[-1].frame):
            self._say("The machine has chosen nothing here")
            return
        session.edit("Accept the choice", session.project.with_decision(earlier[-1]))

    def delete_point(self) -> None:
        """Remove the focus point on this frame."""
        session, frame = self._session(), self._player.frame
        if edits.decision_at(session.project, frame) is None:
            self._say("There is no focus point on this frame: Up and Down go to them")
        session.edit("Delete focus point", edits.without_decision(session.project, frame))

    def set_in(self) -> None:
        """The range begins here."""
        self._session().edit("Set in point", edits.with_in(self._session().project, self._player.frame))

    def set_out(self) -> None:
        """The range ends here."""
        self._session().edit("Set out point", edits.with_out(self._session().project, self._player.frame))

    def clear_range(self) -> None:
        """The range is the whole source."""
        self._session().edit("Clear range", replace(self._session().project, first_frame=0, last_frame=None))

    def _follow_box(self, frame: int, box: Box, gesture: object, locks: bool) -> None:
        session = self._session()
        weak = session.project.automatic and not locks
        follow = Follow(frame, box, self._arrives(frame), weak=weak)
        if locks:
            session.edit("Lock focus", edits.follow_to_the_end(session.project, follow), gesture)
            self._say("Locked: the focus stays on this object to the end")
        else:
            session.edit("Follow object", session.project.with_decision(follow), gesture)

    def _arrives(self, frame: int) -> bool:
        """Whether a change of focus is over at its frame: on a still picture, where the user wants to see it."""
        return frame > 0 and not self._player.playing

    def _computed(self) -> Refocused | None:
        plate = self._shown()
        if plate is None or plate.done is None:
            self._say("One moment: this frame is still being computed")
            return None
        return plate.done
