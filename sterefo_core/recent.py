"""The latest pictures of a source with their disparity, kept so that nothing is decoded or matched twice."""

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

    def want(self, frames: range) -> None:
        """From now on keep these frames, and those nearest to them: one more, or as many as were wanted before."""
        self._wanted, self._room = frames, max(len(frames) + 1, self._room)

    def read(self, index: int) -> StereoFrame:
        """A frame of the source, decoded unless its disparity is kept. Raises BadFrameError."""
        known = next((frame for frame, _ in self._kept if frame.index == index), None)
        return checked_frame(self._source.read(index)) if known is None else known

    def disparity(self, frame: StereoFrame, watch: Stopwatch) -> DisparityMap:
        """The frame's disparity, computed once as long as it is kept."""
        for known, disparity in self._kept:
            if known.left is frame.left:
                return disparity
        with watch.stage("depth"):
            computed = checked_disparity(self._depth.compute(frame), frame)
        others = [kept for kept in self._kept if kept[0].index != frame.index]
        others.sort(key=lambda kept: self._distance(kept[0].index))
        self._kept = [(frame, computed), *others[: self._room - 1]]
        return computed

    def _distance(self, index: int) -> int:
        """How many frames away from those that are wanted, 0 for these."""
        return max(self._wanted.start - index, index - self._wanted[-1], 0)
