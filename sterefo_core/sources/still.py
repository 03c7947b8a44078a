"""One moment of a source, held for a while: what a focus sweep over a picture is rendered from."""

from __future__ import annotations

from dataclasses import replace

from sterefo_core.protocols import Source
from sterefo_core.types import StereoFrame, Truth


class StillSource:
    """Implements `Source`: `count` frames that all show frame `index` of `source`, `rate` of them a second.

    Raises what reading that frame raises. The source stays the caller's to close.
    """

    audio = None

    def __init__(self, source: Source, index: int, count: int, rate: float) -> None:
        self._frame = source.read(index)
        self._truth = source.truth(index)
        self._count, self._rate = count, rate
        self.name, self.kind = source.name, f"a still of {source.kind}"
        self.size, self.calibration = source.size, source.calibration

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> StereoFrame:
        """The still at another time; its pictures are the very same arrays."""
        return replace(self._frame, index=index, timestamp_s=self.timestamp_s(index))

    def timestamp_s(self, index: int) -> float:
        """Seconds from the first frame, evenly spaced."""
        return index / self._rate

    def truth(self, index: int) -> Truth:
        """What is known of the still."""
        return self._truth

    def close(self) -> None:
        """Nothing to give back."""
