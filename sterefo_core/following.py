"""Following objects through a source: what each frame showed of each of them is found once, and remembered.

A track needs every frame from its beginning on, in order, and a focus that looks ahead also some frames after the one
that is shown. `Observer.unobserved` says which frames are still to be looked at; asked in whatever order, the answers
are those of playing from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sterefo_core.live import LiveSource
from sterefo_core.measuring import Expectation, measure_again, measure_object
from sterefo_core.project import Project
from sterefo_core.protocols import DepthAidedTracker, Source, Tracker
from sterefo_core.recent import Recent, Stopwatch
from sterefo_core.steadying import WINDOW_S, smoothed
from sterefo_core.types import IDLE, DisparityMap, Follow, StereoFrame, Track, TrackState

_TOLERANCE_SHARE, _TOLERANCE_PX = 0.15, 1.0  # of the expected disparity, and px: how far off it may be
_FASTEST = 2.0  # no object is expected nearer or farther by more than this factor
_FORGIVEN_S = 0.3  # an object that is surely followed may be at another distance after so long


@dataclass(frozen=True)
class Observation:
    """What one frame showed of one followed object: where it is, and its measured disparity in px or None."""

    track: Track
    measured: float | None


NOTHING = Observation(IDLE, None)


@dataclass
class _Run:
    """A tracker on its way: the last frame it saw, and when it measured which disparities, the last two."""

    follow: Follow
    tracker: Tracker
    index: int | None = None
    measured: list[tuple[float, float]] = field(default_factory=list)

    def judge(self, frame: StereoFrame, disparity: DisparityMap, track: Track) -> Observation:
        """What the frame shows, now that its disparity is known."""
        if isinstance(self.tracker, DepthAidedTracker):
            track = self.tracker.refine(frame.left, disparity)
        return Observation(track, self._measure(disparity, track, frame.timestamp_s))

    def _measure(self, disparity: DisparityMap, track: Track, timestamp_s: float) -> float | None:
        """The object's disparity, where it can be told from what covers or surrounds it."""
        if track.box is None:
            return None
        expected = self._expected(timestamp_s)
        value = None if expected is None else measure_again(disparity, track.box, expected)
        if value is None and self._may_be_elsewhere(track, timestamp_s):
            value = measure_object(disparity, track.box)
        if value is not None:
            self.measured = [*self.measured[-1:], (timestamp_s, value)]
        return value

    def _expected(self, timestamp_s: float) -> Expectation | None:
        """By the last two measurements: at constant speed 1 / disparity is linear in time."""
        if not self.measured:
            return None
        (before_s, before), (last_s, last) = self.measured[0], self.measured[-1]
        there = last
        if last_s != before_s and last > 0 and before > 0:
            rate = (1 / last - 1 / before) / (last_s - before_s)
            there = 1 / max(1 / last + rate * (timestamp_s - last_s), 1 / (_FASTEST * last))
            there = max(there, last / _FASTEST)
        return Expectation(there, _TOLERANCE_SHARE * there + _TOLERANCE_PX + abs(there - last))

    def _may_be_elsewhere(self, track: Track, timestamp_s: float) -> bool:
        if not self.measured:
            return True
        return track.state is TrackState.TRACKING and abs(timestamp_s - self.measured[-1][0]) > _FORGIVEN_S


class Observer:
    """Tracks and measurements of one source. Not thread-safe; close it to end its worker thread.

    Args:
        source: where timestamps come from.
        recent: where frames and their disparity come from.
        make_tracker: makes a fresh tracker for every object followed.
    """

    def __init__(self, source: Source, recent: Recent, make_tracker: Callable[[], Tracker]) -> None:
        self._source, self._recent, self._make_tracker = source, recent, make_tracker
        self._live = isinstance(source, LiveSource)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="tracker")
        self._observed: dict[tuple[Follow, int], Observation] = {}
        self._steady: dict[tuple[Follow, int], tuple[range, float | None]] = {}
        self._known_to: dict[tuple[Follow, int], int] = {}
        self._unreadable, self.first_kept = set[int](), 0
        self._runs: dict[int, _Run] = {}

    def close(self) -> None:
        """End the worker thread. May be called twice."""
        self._worker.shutdown()

    def go_on_from(self, earlier: Observer) -> None:
        """Take over what another observer of the same source saw; where it was followed, it is followed on."""
        self._observed, self._runs = earlier._observed, earlier._runs
        self._unreadable, self.first_kept = earlier._unreadable, earlier.first_kept

    def look(self, frame: StereoFrame, project: Project, watch: Stopwatch) -> Observation:
        """What the frame shows of the object that the project follows there; found out where it is not known."""
        follow = project.followed(frame.index)
        if follow is None:
            return NOTHING
        return self.known(follow, frame.index) or self.observe(frame, project, watch)

    def observe(self, frame: StereoFrame, project: Project, watch: Stopwatch) -> Observation:
        """Track and measure, also where that is known: a tracker must pass through a frame to go on."""
        follow = project.followed(frame.index)
        if follow is None:
            return NOTHING
        run = self._run_to(frame, follow, watch)
        tracking = self._worker.submit(_advance, run, frame, watch)
        try:
            disparity = self._recent.disparity(frame, watch)
        finally:
            track = tracking.result()
        with watch.stage("track"):
            observation = run.judge(frame, disparity, track)
        return self._observed.setdefault((follow, frame.index), observation)

    def known(self, follow: Follow, index: int) -> Observation | None:
        """What this frame showed of this object; None where it was not looked at for it."""
        return self._observed.get((follow, index))

    def pass_over(self, index: int) -> None:
        """Do without a frame that cannot be read: the tracker goes on, or starts, at the one after it."""
        self._unreadable.add(index)

    def forget(self, before: int) -> None:
        """Keep nothing of the frames before this one."""
        self.first_kept = max(before, self.first_kept)
        for memory in (self._observed, self._steady):
            while (oldest := next(iter(memory), None)) and oldest[1] < before:
                del memory[oldest]
        self._unreadable = {index for index in self._unreadable if index >= before}

    def ahead(self, index: int, project: Project) -> int:
        """The last frame that has a say in what `index` shows: some later ones have, unless the source is live."""
        return index if self._live else min(index + project.look_ahead, len(self._source) - 1)

    def unobserved(self, index: int, project: Project) -> list[int]:
        """The frames to `observe`, in order, before `index` shows what playing there from the start would show."""
        last, missing = self.ahead(index, project), list[int]()
        for decision, frames in project.stretches(last + 1):
            if isinstance(decision, Follow):
                missing += self._to_feed(decision, range(decision.frame - 1, frames.start - 1, -1))
                missing += self._to_feed(decision, range(max(decision.frame, self.first_kept), frames.stop))
        missing = [i for i in missing if i not in self._unreadable]
        return missing[:-1] if missing[-1:] == [index] else missing

    def steady(self, follow: Follow, index: int, project: Project) -> float | None:
        """The object's disparity at a frame by the measurements around it, px; None where it is out of sight there.

        Raises KeyError where the frame was not looked at.
        """
        frames = project.stretch(index)
        around = range(max(frames.start, self.first_kept), min(frames.stop, self.ahead(index, project) + 1))
        known = self._steady.get((follow, index))
        if known is None or known[0] != around:
            known = self._steady[follow, index] = around, self._smoothed(follow, index, around)
        return known[1]

    def _smoothed(self, follow: Follow, index: int, around: range) -> float | None:
        here_s, here = self._source.timestamp_s(index), self._observed[follow, index].measured
        near = [*self._near(follow, range(index, around.start - 1, -1), here_s)][::-1]
        later = [*self._near(follow, range(index + 1, around.stop), here_s)]
        if here is None and not (near and later):
            return None
        times_s, values = zip(*near, *later, strict=True)
        return smoothed(times_s, values, here_s)

    def _near(self, follow: Follow, frames: range, here_s: float) -> Iterator[tuple[float, float]]:
        """What was measured at these frames, with its time, as far as they are near in time."""
        for index in frames:
            time_s = self._source.timestamp_s(index)
            if abs(time_s - here_s) > WINDOW_S:
                return
            seen = self._observed.get((follow, index))
            if seen is not None and seen.measured is not None:
                yield time_s, seen.measured

    def _run_to(self, frame: StereoFrame, follow: Follow, watch: Stopwatch) -> _Run:
        """The tracker that is to see this frame next: the one on its way there, else a new one."""
        step = -1 if frame.index < follow.frame else 1
        run = self._runs.get(step)
        if run is None or run.follow != follow or (run.index is not None and (frame.index - run.index) * step <= 0):
            run = self._runs[step] = _Run(follow, self._make_tracker())
            if step < 0 and follow.frame not in self._unreadable:
                start = self._recent.read(follow.frame)
                run.judge(start, self._recent.disparity(start, watch), _advance(run, start, watch))
        return run

    def _to_feed(self, follow: Follow, frames: range) -> range:
        """The frames the tracker must see, in this order, for all of them to be known; empty where they are."""
        missing = self._first_missing(follow, frames)
        if missing is None:
            return range(0)
        run = self._runs.get(frames.step)
        if run is None or run.follow != follow or run.index is None or (missing - run.index) * frames.step <= 0:
            return frames
        return range(run.index + frames.step, frames.stop, frames.step)

    def _first_missing(self, follow: Follow, frames: range) -> int | None:
        """The first of these frames that was not looked at; in an hour's video, most of them are known to be known."""
        known_to = self._known_to.get((follow, frames.step), frames.start)
        if (known_to - frames.start) * frames.step > 0:
            frames = range(known_to, frames.stop, frames.step)
        missing = next((i for i in frames if (follow, i) not in self._observed and i not in self._unreadable), None)
        if frames:
            self._known_to[follow, frames.step] = frames.stop if missing is None else missing
        return missing


def _advance(run: _Run, frame: StereoFrame, watch: Stopwatch) -> Track:
    """Move the tracker on to this frame; the first one it sees is where it starts."""
    with watch.stage("track"):
        first, run.index = run.index is None, frame.index
        return run.tracker.start(frame.left, run.follow.box) if first else run.tracker.update(frame.left)
