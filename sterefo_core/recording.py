"""Recording a running camera: both eyes as they come, side by side, in one file that survives whatever happens."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from time import monotonic

import numpy as np

from sterefo_core.calibration.rectify import Rectifier
from sterefo_core.calibration.rig_file import save_rig
from sterefo_core.errors import BadFrameError, ExportError
from sterefo_core.part_file import writing
from sterefo_core.sources.camera import CameraSource
from sterefo_core.sources.camera_pairs import Pair
from sterefo_core.sources.rectified import calibration_beside
from sterefo_core.sources.video_layout import RAW_TITLE, SIDE_BY_SIDE, STEREO_MODES
from sterefo_core.video_codecs import Codec, Container
from sterefo_core.video_encoder import VideoEncoder

# H.264 that keeps every bit of RGB, each picture by itself: 15 ms of CPU and 1.4 MB a pair of 1242x375. FFV1 makes
# 0.8 MB of it, but its 46 ms are more than two cores have to spare beside a preview at 25 pairs a second.
_CODEC = Codec("libx264rgb", "rgb24", (".mkv",), {"preset": "ultrafast", "qp": "0", "g": "1", "tune": "zerolatency"})
# What is written reaches the disk at least twice a second, so a killed recording lacks its last half second only.
_CONTAINER = Container("matroska", 1000, {"cluster_time_limit": "500", "fflags": "+bitexact+flush_packets"})
_WAITING_BYTES = 512 << 20  # of decoded pairs that may wait for the encoder before one is missed: seconds of them
_FEWEST_WAITING = 8
RESERVE_BYTES = 512 << 20
"""What is left free on the disk."""
_CHECK_S = 0.5


@dataclass(frozen=True)
class RecordingProgress:
    """How a recording is getting on.

    Attributes:
        frames: pairs written. missed: pairs that came but could not be encoded in time.
        seconds: length so far. bytes_written: size of the file.
        bytes_left: free on the disk beyond what is kept free. minutes_left: what they last for, None while not known.
        running: whether it goes on.
        message: what went wrong or ended it, for a person; "" while all is well.
    """

    frames: int = 0
    missed: int = 0
    seconds: float = 0.0
    bytes_written: int = 0
    bytes_left: int = 0
    minutes_left: float | None = None
    running: bool = True
    message: str = ""


class Recording:
    """Writes every pair of a camera to a file, whatever becomes of the preview, until it is stopped.

    The pairs come from the capturing threads and are encoded on a thread of its own. The calibration, where there is
    one, is written beside the file, so that `open_source` rectifies it as the live pictures were.

    Args:
        source: a running camera. The recording does not close it.
        path: a new file, "take.mkv".
        reserve_bytes: so much is left free on the disk.

    Raises:
        ExportError: the file exists, is of another kind or cannot be written, or the disk is nearly full.
    """

    def __init__(self, source: CameraSource, path: Path, reserve_bytes: int = RESERVE_BYTES) -> None:
        self._source, self._path, self._reserve = source, path, reserve_bytes
        self._check_place()
        with writing(path):
            path.open("xb").close()
            self._encoder = VideoEncoder(path, _CODEC, _CONTAINER, None)
            self._encoder.mark(stereo_mode=STEREO_MODES[SIDE_BY_SIDE], title=RAW_TITLE)
        if isinstance(source.rectification, Rectifier):
            save_rig(source.rectification.rig, calibration_beside(path))
        self._frames = self._missed = 0
        self._ticks = -1
        self._start_s: float | None = None
        self._message = ""
        width, height = source.raw_size
        self._queue: Queue[Pair] = Queue(max(_WAITING_BYTES // (2 * 3 * width * height), _FEWEST_WAITING))
        self._ending = Event()
        self._thread = Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()
        source.listen(self._offer)

    @property
    def progress(self) -> RecordingProgress:
        """How it is getting on at this moment."""
        seconds = max(self._ticks, 0) / _CONTAINER.ticks_per_s
        written, left = self._bytes_written(), self._bytes_left()
        minutes = left / (written / seconds) / 60 if written and seconds > 1 else None
        missed = (
            f"this computer is too slow for the camera: {self._missed} pictures are missing" if self._missed else ""
        )
        running = self._thread.is_alive()
        return RecordingProgress(
            self._frames, self._missed, seconds, written, left, minutes, running, self._message or missed
        )

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end, so long at most; whether it still goes on."""
        self._thread.join(timeout_s)
        return self._thread.is_alive()

    def stop(self) -> RecordingProgress:
        """Write what is still waiting, complete the file and say how it went. May be called twice."""
        self._source.ignore(self._offer)
        self._ending.set()
        self._thread.join()
        return self.progress

    def _check_place(self) -> None:
        if self._path.suffix.lower() not in _CODEC.suffixes:
            raise ExportError(f"cannot record to {self._path}: a recording's name ends in {_CODEC.suffixes[0]}")
        if self._path.exists():
            raise ExportError(f"cannot record to {self._path}: it exists; choose another name")
        with writing(self._path):
            if self._bytes_left() == 0:
                raise ExportError(f"cannot record to {self._path}: the disk is nearly full; choose another one")

    def _offer(self, pair: Pair) -> None:
        """Called on a capturing thread."""
        try:
            self._queue.put_nowait(pair)
        except Full:
            self._missed += 1

    def _run(self) -> None:
        try:
            with writing(self._path):
                self._write_all()
        except ExportError as error:
            self._message = f"the recording stopped: {error}"
        finally:
            self._source.ignore(self._offer)
            self._complete()

    def _write_all(self) -> None:
        checked_s = monotonic()
        while True:
            try:
                pair = self._queue.get(timeout=_CHECK_S / 5)
            except Empty:
                if self._ending.is_set():
                    return
            else:
                self._write(pair)
            if monotonic() - checked_s > _CHECK_S:
                checked_s = monotonic()
                if self._bytes_left() == 0:
                    self._message = "the recording stopped because the disk is nearly full; what was recorded is whole"
                    return

    def _write(self, pair: Pair) -> None:
        try:
            picture = np.hstack(self._source.look(pair))
        except BadFrameError:
            return  # the camera says so
        self._start_s = pair.captured_s if self._start_s is None else self._start_s
        self._ticks = max(round((pair.captured_s - self._start_s) * _CONTAINER.ticks_per_s), self._ticks + 1)
        self._encoder.write(picture, self._ticks)
        self._frames += 1

    def _complete(self) -> None:
        """What was written is worth keeping, even where the disk takes no more."""
        if not self._frames:
            self._encoder.abandon()
            calibration_beside(self._path).unlink(missing_ok=True)
            self._message = self._message or "nothing was recorded: no pictures came"
            return
        try:
            with writing(self._path):
                self._encoder.finish()
        except ExportError as error:
            self._message = self._message or f"the recording stopped: {error}"

    def _bytes_written(self) -> int:
        with suppress(OSError):
            return self._path.stat().st_size
        return 0

    def _bytes_left(self) -> int:
        return max(shutil.disk_usage(self._path.parent).free - self._reserve, 0)
