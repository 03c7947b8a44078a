"""Pictures from disk, and the source that plays a list of picture pairs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from sterefo_core.errors import BadFrameError
from sterefo_core.types import Calibration, StereoFrame, Truth

PICTURE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
SMALLEST_SIDE_PX = 16
_PNG = b"\x89PNG\r\n\x1a\n"
_REMEDY = "copy it again, or export with --skip-bad"


def list_pictures(folder: Path) -> list[Path]:
    """The pictures in a folder, "2.png" before "10.png". Hidden files and other kinds of file are left out."""
    return natural_order(path for path in folder.iterdir() if is_picture(path))


def is_picture(path: Path) -> bool:
    """Whether the name is that of a picture file; nothing is opened."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def natural_order(paths: Iterable[Path]) -> list[Path]:
    """The paths sorted by name, numbers inside a name by value."""
    return sorted(paths, key=_text_and_numbers)


def _text_and_numbers(path: Path) -> list[str | int]:
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", path.name))]


def read_picture(path: Path) -> np.ndarray:
    """A picture as `(H, W, 3)` uint8 RGB; grey becomes three equal channels, 16 bits become 8, alpha is dropped.

    Raises:
        BadFrameError: the file is missing, cut off, damaged, or smaller than 16 x 16 pixels.
    """
    picture = decode(path, cv2.IMREAD_COLOR_RGB)
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST_SIDE_PX:
        smallest = f"{SMALLEST_SIDE_PX}x{SMALLEST_SIDE_PX}"
        raise BadFrameError(f"{path} is {width}x{height} pixels: pictures of at least {smallest} are needed")
    return picture


def decode(path: Path, flags: int) -> np.ndarray:
    """The picture as `cv2.imdecode` gives it with these `flags`. Raises BadFrameError naming the file."""
    return decode_bytes(_bytes(path), flags, str(path))


def decode_bytes(data: bytes, flags: int, name: str) -> np.ndarray:
    """The picture in `data` as `cv2.imdecode` gives it with these `flags`. Raises BadFrameError saying `name`."""
    if not data or _is_cut_off(data):
        raise BadFrameError(f"{name} is cut off: {_REMEDY}")
    try:
        picture = None if _is_damaged_png(data) else cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:  # for instance a header that claims more pixels than OpenCV accepts
        picture = None
    if picture is None:
        raise BadFrameError(f"{name} is damaged or no picture: {_REMEDY}")
    return picture


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadFrameError(f"{path} is missing: {_REMEDY}") from None
    except OSError as error:
        raise BadFrameError(f"{path} cannot be read ({error.strerror}): {_REMEDY}") from None
    if not data:
        raise BadFrameError(f"{path} is empty: {_REMEDY}")
    return data


def _is_damaged_png(data: bytes) -> bool:
    """Whether a part of a PNG does not fit its checksum. libpng would say so on stderr, past all that prints here."""
    if not data.startswith(_PNG):
        return False
    whole, place = memoryview(data), len(_PNG)
    while (kind := data[place + 4 : place + 8]) and kind != b"IEND":
        end = place + 8 + int.from_bytes(data[place : place + 4])
        if crc32(whole[place + 4 : end]) != int.from_bytes(data[end : end + 4]):
            return True
        place = end + 4
    return False


def _is_cut_off(data: bytes) -> bool:
    """Whether a PNG or JPEG ends early. Decoders say so on stderr only, and some return half a picture."""
    if data.startswith(_PNG):
        return data.rfind(b"IEND") < 0
    if data.startswith(b"\xff\xd8"):  # an embedded thumbnail ends too, but before the last scan starts
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return False


@dataclass(frozen=True)
class PicturePair:
    """Where the two pictures of one moment lie. Either may be absent: that shows when the pair is read."""

    left: Path
    right: Path
    timestamp_s: float
    calibration: Calibration | None = None


class PictureSource:
    """A source (see `protocols.Source`) that plays picture pairs from disk; every frame is decoded when asked for.

    Args:
        name, kind: for a person; see `protocols.Source`.
        pairs: at least one, in order of time, the first at 0 s.
        truth: what is known of the frame with this index.
        one_size: refuse a pair of another size than the first one: the pairs make a video. Benchmarks of unrelated
            pairs have several sizes.

    Raises:
        BadFrameError: there is not one readable left picture; it names the first.
    """

    audio: Path | None = None

    def __init__(
        self,
        name: str,
        kind: str,
        pairs: Sequence[PicturePair],
        truth: Callable[[int], Truth] = lambda index: Truth(),
        one_size: bool = True,
    ) -> None:
        self.name, self.kind = name, kind
        self._pairs, self._truth, self._one_size = pairs, truth, one_size
        self.calibration: Calibration | None = pairs[0].calibration
        self.size: tuple[int, int] = _first_size(pairs)

    def __len__(self) -> int:
        """Number of pairs, those that are absent included."""
        return len(self._pairs)

    def read(self, index: int) -> StereoFrame:
        """Decode pair `index`, one picture on a thread of its own: OpenCV lets go of the interpreter meanwhile."""
        pair = self._pair(index)
        with ThreadPoolExecutor(max_workers=1) as helper:
            reading = helper.submit(read_picture, pair.right)
            left = read_picture(pair.left)
            right = reading.result()
        if self._one_size and _size(left) != self.size:
            raise _odd_size(pair.left, left, "the sequence starts with", self.size)
        if _size(right) != _size(left):
            raise _odd_size(pair.right, right, f"its left picture {pair.left.name} has", _size(left))
        return StereoFrame(index, pair.timestamp_s, left, right, pair.calibration)

    def timestamp_s(self, index: int) -> float:
        """Seconds from frame 0 to frame `index`."""
        return self._pair(index).timestamp_s

    def truth(self, index: int) -> Truth:
        """What the data set says about frame `index`. Raises BadFrameError where its file is damaged."""
        self._pair(index)
        return self._truth(index)

    def close(self) -> None:
        """Nothing is kept open between two frames."""

    def _pair(self, index: int) -> PicturePair:
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} is outside 0..{len(self) - 1} of {self.name}")
        return self._pairs[index]


def _size(picture: np.ndarray) -> tuple[int, int]:
    height, width = picture.shape[:2]
    return width, height


def _first_size(pairs: Sequence[PicturePair]) -> tuple[int, int]:
    for pair in pairs:
        with suppress(BadFrameError):
            return _size(read_picture(pair.left))
    return _size(read_picture(pairs[0].left))  # none is good: say what is wrong with the first


def _odd_size(path: Path, picture: np.ndarray, other: str, expected: tuple[int, int]) -> BadFrameError:
    sizes = "{}x{} pixels but {} {}x{}".format(*_size(picture), other, *expected)
    return BadFrameError(f"{path} is {sizes}: {_REMEDY}")
