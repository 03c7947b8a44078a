"""What trackers are judged on: pictures, and what is known of one object in each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sterefo_core.errors import SourceError
from sterefo_core.protocols import Source
from sterefo_core.sources import open_source
from sterefo_core.sources.reading import list_pictures, read_picture
from sterefo_core.types import Box, StereoFrame


@dataclass(frozen=True)
class Target:
    """What is known of the followed object in one frame; None is unknown.

    Attributes:
        box: its true box, where it is at least partly in the picture.
        visible: how much of it is seen, 0 (covered or gone) to 1.
        disparity: its true median disparity, px.
    """

    box: Box | None = None
    visible: float | None = None
    disparity: float | None = None


@dataclass(frozen=True, eq=False)
class TrackingSequence:
    """Pictures and one object in them. `targets[i]` is of `read(i)`; the first one has a box, where tracking starts.

    `stereo` is False where there is one eye only and the right picture is the left one.
    """

    name: str
    read: Callable[[int], StereoFrame]
    targets: tuple[Target, ...]
    stereo: bool = True


def drawn_sequences(path: Path) -> Iterator[TrackingSequence]:
    """Objects whose boxes somebody drew: a JSON file of `{folder: {object: {frame: [x, y, width, height]}}}`.

    Folders are said from where the file is; " (...)" after one is a note. What is no such entry is passed over, as are
    objects with a single box. Raises SourceError for a file that is not like this, and for a folder that is no source.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        drawn = {
            (folder.partition(" (")[0], name): {int(frame): _box(box) for frame, box in boxes.items()}
            for folder, objects in document.items()
            if isinstance(objects, dict)
            for name, boxes in objects.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise SourceError(f"{path} has no drawn boxes: give {{folder: {{object: {{frame: [x, y, w, h]}}}}}}") from None
    for (folder, name), boxes in drawn.items():
        if len(boxes) > 1:
            with closing(open_source(str(path.parent / folder))) as source:
                if not 0 <= min(boxes) < len(source):
                    raise SourceError(f"{path}: {folder} has no frame {min(boxes)}, where {name} is drawn")
                yield drawn_sequence(f"{source.name} {name}", source, boxes)


def _box(numbers: Iterable[str | float]) -> Box:
    """Raises ValueError, TypeError or OverflowError where these are not a left, a top, a width and a height."""
    x, y, width, height = map(float, numbers)
    if not np.isfinite([x, y, width, height]).all():
        raise ValueError("not finite")
    return Box(x, y, width, height)


def drawn_sequence(name: str, source: Source, boxes: Mapping[int, Box]) -> TrackingSequence:
    """An object of `source` whose boxes are known at some frames, from the first of these on."""
    first = min(boxes)
    targets = tuple(Target(boxes.get(i), 1.0 if i in boxes else None) for i in range(first, len(source)))
    return TrackingSequence(name, lambda index: source.read(first + index), targets)


def labelled_sequences(source: Source) -> list[TrackingSequence]:
    """Every object that the source's truth labels, from its first frame to the end; where it has no label, it is gone.

    Of a KITTI tracking folder, say, or of the demo. The true disparity is the median in the middle of the box.
    """
    seen: dict[int, dict[int, Target]] = {}
    names: dict[int, str] = {}
    for index in range(len(source)):
        truth = source.truth(index)
        for label in truth.boxes:
            names[label.object_id] = label.name
            disparity = None
            if truth.disparity is not None:
                inside = label.box.central(0.5).clipped(*source.size).slices()
                values = truth.disparity.values[inside][truth.disparity.valid[inside]]
                disparity = float(np.median(values)) if values.size else None
            seen.setdefault(label.object_id, {})[index] = Target(label.box, None, disparity)
    return [_from_first(f"{source.name} {names[number]} {number}", source, targets) for number, targets in seen.items()]


def _from_first(name: str, source: Source, targets: Mapping[int, Target]) -> TrackingSequence:
    first, gone = min(targets), Target(None, 0.0)
    return TrackingSequence(
        name,
        lambda index: source.read(first + index),
        tuple(targets.get(index, gone) for index in range(first, len(source))),
    )


def otb_sequence(folder: Path) -> TrackingSequence:
    """A folder as the Object Tracking Benchmark has it: pictures in `img/`, and `groundtruth_rect.txt`, 1-based.

    It has one eye only. Raises SourceError where a part of it is missing.
    """
    truth = folder / "groundtruth_rect.txt"
    images = folder / "img"
    pictures = list_pictures(images) if images.is_dir() else []
    if not truth.is_file() or not pictures:
        raise SourceError(f"{folder} needs groundtruth_rect.txt and pictures in img to be a tracking sequence")
    try:
        rows = [line.replace(",", " ").split() for line in truth.read_text("utf-8").splitlines() if line.strip()]
        boxes = [replace(box, x=box.x - 1, y=box.y - 1) for box in map(_box, rows)]
    except (OSError, ValueError):
        raise SourceError(f"{truth} has no boxes: give x, y, width and height on every line") from None
    if not boxes:
        raise SourceError(f"{truth} is empty: give x, y, width and height on every line")

    def read(index: int) -> StereoFrame:
        picture = read_picture(pictures[index])
        return StereoFrame(index, index / 30, picture, picture)

    return TrackingSequence(folder.name, read, tuple(Target(box) for box in boxes[: len(pictures)]), stereo=False)
