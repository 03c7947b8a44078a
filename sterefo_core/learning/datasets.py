"""Data sets of stereo pairs by number: those in folders, recognised by their layout, and our synthetic pairs.

samples = open_samples("../FlyingThings3D")    or a folder of KITTI, Cityscapes, Middlebury, or any stereo source
sample = samples[0]
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.learning.augment import photographed
from sterefo_core.learning.dataset_layouts import Pair, recognised
from sterefo_core.learning.samples import StereoSample
from sterefo_core.learning.synthetic import HELD_OUT, make_pair
from sterefo_core.sources import open_source
from sterefo_core.sources.camera_address import is_camera, redacted
from sterefo_core.sources.reading import read_picture

SYNTHETIC = "synthetic"
_SYNTHETIC_PAIRS, _SYNTHETIC_SIZE, _SYNTHETIC_REACH = 50, (384, 768), 160.0


class Samples(Protocol):
    """A data set; sample i is the same every time. Pictures need not have one size.

    Attributes:
        labelled: whether true disparities are known, if only of some samples.
    """

    name: str
    labelled: bool

    def __len__(self) -> int:
        """Number of samples."""

    def __getitem__(self, index: int) -> StereoSample:
        """Read or make one. Raises BadFrameError where a file of it is missing or damaged."""


class PairFiles:
    """Pairs in files. Those without truth have no valid pixel."""

    def __init__(self, name: str, pairs: list[Pair]) -> None:
        self.name, self._pairs = name, pairs
        self.labelled = any(pair.truth for pair in pairs)

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self._pairs)

    def __getitem__(self, index: int) -> StereoSample:
        """Read one pair and its truth."""
        pair = self._pairs[index]
        left, right = read_picture(pair.left), read_picture(pair.right)
        if left.shape != right.shape:
            raise BadFrameError(f"{pair.right} has another size than its left picture: copy both again")
        if pair.truth is None:
            return unlabelled(left, right)
        known = pair.truth()
        for plane in known:
            if plane is not None and plane.shape != left.shape[:2]:
                raise BadFrameError(f"the truth of {pair.left} has another size than the picture: copy both again")
        planes = known.disparity.astype(np.float32), known.occluded, known.valid, known.foreground
        return StereoSample(_channels_first(left), _channels_first(right), *planes)


class SourcePairs:
    """The pairs of anything that can be played, for learning without truth: KITTI raw, videos, two folders."""

    labelled = False

    def __init__(self, address: str) -> None:
        if is_camera(address):
            raise SourceError(f"{redacted(address)} is a running camera: record it, and give the recording")
        self._source = open_source(address)
        self.name = self._source.name

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._source)

    def __getitem__(self, index: int) -> StereoSample:
        """Read one pair."""
        frame = self._source.read(index)
        return unlabelled(frame.left, frame.right)


class SyntheticPairs:
    """Our own pairs, as two cameras would take them; none of them is ever trained on."""

    name = SYNTHETIC
    labelled = True

    def __len__(self) -> int:
        """Number of pairs."""
        return _SYNTHETIC_PAIRS

    def __getitem__(self, index: int) -> StereoSample:
        """Make one pair."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        pair = make_pair(HELD_OUT + index, *_SYNTHETIC_SIZE, _SYNTHETIC_REACH)
        return photographed(pair, np.random.default_rng((HELD_OUT, index)))


def unlabelled(left: np.ndarray, right: np.ndarray) -> StereoSample:
    """A sample of two `(H, W, 3)` pictures of which nothing is known."""
    size = left.shape[:2]
    return StereoSample(
        _channels_first(left), _channels_first(right), np.zeros(size, np.float32), None, np.zeros(size, bool)
    )


def open_samples(address: str) -> Samples:
    """The data set at an address: "synthetic", a folder of a known data set, or any source of pairs, without truth.

    Raises SourceError where there is nothing that could be opened.
    """
    if address == SYNTHETIC:
        return SyntheticPairs()
    folder = Path(address).expanduser()
    if not folder.is_dir():
        return SourcePairs(address)
    try:
        return PairFiles(*recognised(folder))
    except SourceError as unknown:
        try:
            return SourcePairs(address)
        except SourceError:
            raise unknown from None


def open_labelled(address: str) -> Samples:
    """The same, where there are true disparities to compare with. Raises SourceError where there are none."""
    samples = open_samples(address)
    if not samples.labelled:
        raise SourceError(f"{address} has no true disparities to compare with: give a data set that has them")
    return samples


def _channels_first(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture.transpose(2, 0, 1))
