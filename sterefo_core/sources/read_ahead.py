"""A recorded source whose next frame is decoded while the caller works on the one it has."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock

from sterefo_core.protocols import Source
from sterefo_core.types import StereoFrame, Truth


class ReadAhead:
    """Implements `Source` by reading another one ahead by one frame, where frames are read one after the other.

    That is forward from the first frame on, and wherever two steps of one frame in the same direction were made; so
    nothing is read in vain while some frames are skipped.

    Frames and errors are those of the source, which is never asked for two things at once; so several threads may use
    this one.

    Args:
        source: a recorded one; closed by `close`.
    """

    def __init__(self, source: Source) -> None:
        self.name, self.kind, self.size = source.name, source.kind, source.size
        self.calibration, self.audio = source.calibration, source.audio
        self._source = source
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._alone = Lock()
        self._latest, self._step, self._ahead_by = -1, 1, 0
        self._ahead: tuple[int, Future[StereoFrame]] | None = None

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._source)

    def read(self, index: int) -> StereoFrame:
        """As the protocol says; a frame that was read ahead is there at once."""
        with self._alone:
            step, self._latest = index - self._latest, index
            if step:
                self._ahead_by = step if step == self._step and abs(step) == 1 else 0
                self._step = step
            try:
                return self._taken(index)
            finally:
                self._read_ahead(index + self._ahead_by)

    def timestamp_s(self, index: int) -> float:
        """As the protocol says: nothing is decoded for it."""
        return self._source.timestamp_s(index)

    def truth(self, index: int) -> Truth:
        """As the protocol says."""
        with self._alone:
            self._wait()
            return self._source.truth(index)

    def close(self) -> None:
        """Close the source, once nothing is read any more. May be called twice."""
        self._reader.shutdown()
        self._source.close()

    def _taken(self, index: int) -> StereoFrame:
        if self._ahead and self._ahead[0] == index:
            (_, reading), self._ahead = self._ahead, None
            return reading.result()
        self._wait()
        return self._source.read(index)

    def _read_ahead(self, index: int) -> None:
        if index != self._latest and index in range(len(self)) and not (self._ahead and self._ahead[0] == index):
            self._ahead = index, self._reader.submit(self._source.read, index)

    def _wait(self) -> None:
        if self._ahead:
            wait([self._ahead[1]])
