"""Trackers scored against the truth: how well the box fits, how honest the state is, and what it costs.

Success and precision are those of the Object Tracking Benchmark (Wu 2013). A frame counts as seen where at least half
of the object is visible or nothing is said of that, and as hidden where less than a twentieth is. Between hidden and
found again, LOST is no false alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter

import numpy as np

from sterefo_core.evaluation.tracking_sequences import Target, TrackingSequence
from sterefo_core.measuring import measure_disparity
from sterefo_core.protocols import DepthAidedTracker, DepthEngine, Tracker
from sterefo_core.types import Box, DisparityMap, Track, TrackState

_SEEN, _HIDDEN, _FOUND = 0.5, 0.05, 0.3  # shares of visibility; overlap of an object found again
_PRECISE_PX = 20.0
_THRESHOLDS = np.linspace(0, 1, 21)


@dataclass(frozen=True)
class TrackingScore:
    """How one tracker did on one sequence; None where the sequence has nothing to measure it by.

    Attributes:
        success: area under the success curve, 0..1: about the mean overlap, a lost object counting as 0.
        precision: share of seen frames whose box is centred within 20 px.
        false_alarms, seen: frames that are LOST though the object is seen, and frames in which it is.
        notices: frames from each time the object got hidden until LOST; None where that never came.
        returns: frames from each time it was seen again until the box was on it; None where that never came.
        focus_error_px: mean distance of the measured from the true disparity.
        jitter_px: mean change of the box's distance from its true place from frame to frame.
        milliseconds: median of the tracker's own work on a frame, depth excluded.
        growth: how many times as large as at first the object's true sides become.
    """

    tracker: str
    sequence: str
    success: float | None
    precision: float | None
    false_alarms: int
    seen: int
    notices: tuple[int | None, ...]
    returns: tuple[int | None, ...]
    focus_error_px: float | None
    jitter_px: float | None
    milliseconds: float
    growth: float


Told = tuple[Track, float | None, float]
"""Of one frame: the track, the disparity measured in its box, and the milliseconds it took."""


def evaluate_tracking(
    trackers: Mapping[str, Callable[[], Tracker]],
    sequences: Iterable[TrackingSequence],
    depth: DepthEngine,
    progress: Callable[[TrackingScore], None] = lambda score: None,
) -> list[TrackingScore]:
    """Run every tracker over every sequence from its first true box on, all beside each other on the same frames.

    Errors of the trackers and of reading are passed on. `progress` is told of each score.
    """
    scores = []
    for sequence in sequences:
        for score in _scored(trackers, sequence, depth):
            progress(score)
            scores.append(score)
    return scores


def _scored(
    trackers: Mapping[str, Callable[[], Tracker]], sequence: TrackingSequence, depth: DepthEngine
) -> Iterator[TrackingScore]:
    made = {name: make() for name, make in trackers.items()}
    seen: dict[str, list[Told]] = {name: [] for name in made}
    start = sequence.targets[0].box
    assert start is not None
    for index in range(len(sequence.targets)):
        frame = sequence.read(index)
        disparity = depth.compute(frame) if sequence.stereo else None
        for name, tracker in made.items():
            began = perf_counter()
            track = tracker.update(frame.left) if index else tracker.start(frame.left, start)
            if disparity is not None and isinstance(tracker, DepthAidedTracker):
                track = tracker.refine(frame.left, disparity)
            spent = (perf_counter() - began) * 1000
            seen[name].append((track, _focus(disparity, track), spent))
    for name, told in seen.items():
        yield _score(name, sequence, told)


def _focus(disparity: DisparityMap | None, track: Track) -> float | None:
    return measure_disparity(disparity, track.box) if disparity is not None and track.box is not None else None


def _score(name: str, sequence: TrackingSequence, told: Sequence[Told]) -> TrackingScore:
    tracks, focus, spent_ms = [row[0] for row in told], [row[1] for row in told], [row[2] for row in told]
    pairs = list(zip(tracks, sequence.targets, strict=True))
    seen = [(track, target) for track, target in pairs[1:] if _is_seen(target)]
    overlaps = np.array([_overlap(track, target) for track, target in seen])
    errors = [_away(track, target) for track, target in seen]
    trusted = list(_trusted(pairs))
    wrong = [
        abs(at - target.disparity)
        for at, target in zip(focus, sequence.targets, strict=True)
        if at is not None and target.disparity is not None and _is_seen(target)
    ]
    return TrackingScore(
        tracker=name,
        sequence=sequence.name,
        success=float((overlaps[:, None] > _THRESHOLDS).mean()) if seen else None,
        precision=float(np.mean([np.hypot(*error) < _PRECISE_PX for error in errors])) if seen else None,
        false_alarms=sum(track.state is TrackState.LOST for track in trusted),
        seen=len(trusted),
        notices=tuple(_delays(pairs, _is_hidden, lambda track, target: track.state is TrackState.LOST)),
        returns=tuple(_delays(pairs[_first_hidden(pairs) :], _is_seen, _is_found)),
        focus_error_px=float(np.mean(wrong)) if wrong else None,
        jitter_px=_jitter(pairs),
        milliseconds=float(np.median(spent_ms[1:])) if len(spent_ms) > 1 else 0.0,
        growth=_growth([target.box for target in sequence.targets if target.box is not None]),
    )


def _growth(boxes: Sequence[Box]) -> float:
    return float(np.sqrt(max(box.area for box in boxes) / boxes[0].area))


Pair = tuple[Track, Target]


def _is_seen(target: Target) -> bool:
    return target.box is not None and (target.visible is None or target.visible >= _SEEN)


def _is_hidden(target: Target) -> bool:
    return target.visible is not None and target.visible < _HIDDEN


def _is_found(track: Track, target: Target) -> bool:
    return _overlap(track, target) > _FOUND


def _overlap(track: Track, target: Target) -> float:
    return track.box.overlap(target.box) if track.box is not None and target.box is not None else 0.0


def _away(track: Track, target: Target) -> tuple[float, float]:
    """From the true middle to that of the box, px; infinite without a box."""
    if track.box is None or target.box is None:
        return np.inf, np.inf
    return track.box.centre[0] - target.box.centre[0], track.box.centre[1] - target.box.centre[1]


def _trusted(pairs: Sequence[Pair]) -> Iterator[Track]:
    """The tracks of frames where the object is seen, but for those between hidden and found again."""
    searching = False
    for track, target in pairs:
        searching = _is_hidden(target) or (searching and not _is_found(track, target))
        if _is_seen(target) and not searching:
            yield track


def _first_hidden(pairs: Sequence[Pair]) -> int:
    return next((i for i, (_, target) in enumerate(pairs) if _is_hidden(target)), len(pairs))


def _delays(
    pairs: Sequence[Pair], begins: Callable[[Target], bool], done: Callable[[Track, Target], bool]
) -> Iterator[int | None]:
    """For each run of frames of a kind, the frames until the track is as it should be; None if never in it."""
    for is_kind, run in groupby(pairs, key=lambda pair: begins(pair[1])):
        if is_kind:
            yield next((delay for delay, (track, target) in enumerate(run) if done(track, target)), None)


def _jitter(pairs: Sequence[Pair]) -> float | None:
    errors = np.array([_away(track, target) if _is_seen(target) else (np.inf, np.inf) for track, target in pairs])
    both = np.isfinite(errors[1:, 0]) & np.isfinite(errors[:-1, 0])
    return float(np.hypot(*(errors[1:][both] - errors[:-1][both]).T).mean()) if both.any() else None
