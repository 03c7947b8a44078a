"""Videos of cameras as they are, rectified as they are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sterefo_core.calibration.rig_file import SUFFIX
from sterefo_core.live import Rectification
from sterefo_core.protocols import Source
from sterefo_core.sources.video import VideoSource
from sterefo_core.types import StereoFrame, Truth


def calibration_beside(video: Path) -> Path:
    """Where the calibration of a video lies: "take.mkv" has "take.calibration.json"; of two videos the left one's."""
    return video.with_name(video.stem + SUFFIX)


def rectified_if_needed(source: VideoSource, video: Path) -> Source:
    """The source, rectified by the calibration beside its file; a recording without one, by what it shows.

    Raises CalibrationError where the calibration is damaged or for another size; the source is closed then.
    """
    try:
        rectification = _rectification_of(source, calibration_beside(video))
    except BaseException:
        source.close()
        raise
    return RectifiedSource(source, rectification) if rectification else source


def _rectification_of(source: VideoSource, beside: Path) -> Rectification | None:
    if beside.exists():
        from sterefo_core.calibration.store import rectification_for

        return rectification_for(source.name, source.size, beside)
    if not source.is_raw:
        return None
    from sterefo_core.calibration.self_rectify import aligned_by_sight

    first = source.read(0)
    return aligned_by_sight(first.left, first.right)


class RectifiedSource:
    """Implements `Source`: another source, every pair of it rectified.

    Args:
        source: has pairs as the cameras gave them; closed by `close`.
        rectification: for pictures of its size.
    """

    def __init__(self, source: Source, rectification: Rectification) -> None:
        self._source, self._rectification = source, rectification
        self.name, self.audio = source.name, source.audio
        self.kind = f"{source.kind}, {rectification.told}"
        self.size, self.calibration = rectification.size, rectification.calibration

    @property
    def as_taken(self) -> Source:
        """The source itself: its pairs as the cameras gave them, which a calibration needs."""
        return self._source

    def __len__(self) -> int:
        return len(self._source)

    def read(self, index: int) -> StereoFrame:
        """Frame `index`, rectified; raises what reading it raises."""
        frame = self._source.read(index)
        left, right = self._rectification.apply(frame.left, frame.right)
        return replace(frame, left=left, right=right, calibration=self.calibration)

    def timestamp_s(self, index: int) -> float:
        """Seconds from frame 0 to frame `index`."""
        return self._source.timestamp_s(index)

    def truth(self, index: int) -> Truth:
        """What was known of the pictures before is not known of these."""
        self._source.truth(index)
        return Truth()

    def close(self) -> None:
        """Close the source."""
        self._source.close()
