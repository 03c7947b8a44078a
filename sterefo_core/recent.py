"""The latest pictures of a source with their disparity, kept so that nothing is decoded or matched twice.

Who plays a range again and again, or goes back and forth in it, may have the disparity of more frames kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from sterefo_core.measuring import checked_disparity, checked_frame
from sterefo_core.protocols import DepthEngine, Source
from sterefo_core.types import DisparityMap, StereoFrame


class Stopwatch(dict[str, float]):
    """Milliseconds by stage. Stages run side by side: they may add up to more than the time that passed."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block as part of this stage."""
        began = perf_counter()
        yield
        self[name] = self.get(name, 0.0) + (perf_counter() - began) * 1000


class Recent:
    """Frames of one source and their disparity. Not thread-safe.

    Args:
        source: where frames come from; it stays the caller's to close.
        depth: stereo engine.
    """

    def __init__(self, source: Source, depth: DepthEngine) -> None:
        self._source, self._depth = source, depth
        self._kept: list[tuple[StereoFrame, DisparityMap]] = []
        self._wanted, self._room = range(1), 1
        self._passed: dict[int, DisparityMap] = {}
        self._passed_bytes = 0

    def want(self, frames: range) -> None:
        """From now on keep these frames, and those nearest to them: one more, or as many as were wanted before."""
        self._wanted, self._room = frames, max(len(frames) + 1, self._room)

    def keep_disparity(self, most_bytes: int) -> None:
        """From now on keep the disparity of so much more, of frames near to those that are wanted, without pictures."""
        self._passed_bytes = most_bytes

    def read(self, index: int) -> StereoFrame:
        """A frame of the source, decoded unless its disparity is kept. Raises BadFrameError."""
        known = next((frame for frame, _ in self._kept if frame.index == index), None)
        return checked_frame(self._source.read(index)) if known is None else known

    def disparity(self, frame: StereoFrame, watch: Stopwatch) -> DisparityMap:
        """The frame's disparity, computed once as long as it is kept."""
        for known, disparity in self._kept:
            if known.left is frame.left:
                return disparity
        computed = self._passed.get(frame.index)
        if computed is None:
            with watch.stage("depth"):
                computed = checked_disparity(self._depth.compute(frame), frame)
            self._pass_on(frame.index, computed)
        others = [kept for kept in self._kept if kept[0].index != frame.index]
        others.sort(key=lambda kept: self._distance(kept[0].index))
        self._kept = [(frame, computed), *others[: self._room - 1]]
        return computed

    def _pass_on(self, index: int, disparity: DisparityMap) -> None:
        """Keep it longer than its pictures, as far as there is room."""
        self._passed[index] = disparity
        while sum(kept.values.nbytes + kept.valid.nbytes for kept in self._passed.values()) > self._passed_bytes:
            del self._passed[max(self._passed, key=self._distance)]

    def _distance(self, index: int) -> int:
        """How many frames away from those that are wanted, 0 for these."""
        return max(self._wanted.start - index, index - self._wanted[-1], 0)
