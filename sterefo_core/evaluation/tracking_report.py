"""What trackers scored, as text: a row for each sequence, and a line for each tracker against plain CSRT."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from sterefo_core.evaluation.tracking_scores import TrackingScore

NOTICE_FRAMES, RETURN_FRAMES = 5, 10
"""A loss should be noticed, and an object found again, within so many frames."""
PLAIN = "opencv-csrt"
"""The tracker that the others are compared with."""
_APPROACHING = 2.0  # times as large as it was at first

Scores = Sequence[TrackingScore]


def tracking_table(scores: Scores) -> str:
    """A row for each sequence and tracker, then one for each tracker over all sequences; "-" where nothing is known."""
    head = f"{'sequence':22} {'tracker':12} success precise  false alarms  noticed    back  focus px  jitter px     ms"
    rows = [_row(score.sequence, [score]) for score in scores]
    return "\n".join([head, *rows, *(_row("all", own) for own in _by_tracker(scores))])


def tracking_summary(scores: Scores) -> str:
    """A line for each tracker: losses noticed, false alarms, returns; overlap and cost beside PLAIN's if that ran."""
    return "\n".join(_line(own, {s.sequence: s for s in scores if s.tracker == PLAIN}) for own in _by_tracker(scores))


def _by_tracker(scores: Scores) -> list[list[TrackingScore]]:
    return [[s for s in scores if s.tracker == name] for name in dict.fromkeys(s.tracker for s in scores)]


def _row(name: str, scores: Scores) -> str:
    return (
        f"{name:22} {scores[0].tracker[:12]:12} {_mean(scores, lambda s: s.success, 3):>7} "
        f"{_mean(scores, lambda s: s.precision, 3):>7} {_alarms(scores):>13} {_noticed(scores):>8} {_back(scores):>7} "
        f"{_mean(scores, lambda s: s.focus_error_px, 2):>9} {_mean(scores, lambda s: s.jitter_px, 2):>10} "
        f"{_mean(scores, lambda s: s.milliseconds, 1):>6}"
    )


def _line(scores: Scores, plain: dict[str, TrackingScore]) -> str:
    seen, alarms = sum(s.seen for s in scores), sum(s.false_alarms for s in scores)
    told = [
        f"LOST within {NOTICE_FRAMES} frames {_noticed(scores)}",
        f"false alarms {100 * alarms / max(seen, 1):.1f} %",
        f"back within {RETURN_FRAMES} frames {_back(scores)}",
    ]
    if plain and scores[0].tracker != PLAIN:
        told += _compared(scores, plain)
    return f"{scores[0].tracker}: {', '.join(told)}"


def _compared(scores: Scores, plain: dict[str, TrackingScore]) -> list[str]:
    """Gains of overlap, and the cost as the median of the ratios."""
    both = [(s, plain[s.sequence]) for s in scores if s.sequence in plain]
    gains = [(s.success - p.success, s) for s, p in both if s.success is not None and p.success is not None]
    costs = [s.milliseconds / p.milliseconds for s, p in both if p.milliseconds]
    told = []
    if gains:
        told.append(f"overlap {np.mean([gain for gain, _ in gains]):+.2f}")
        worst, where = min(gains, key=lambda pair: pair[0])
        near = [gain for gain, score in gains if score.growth >= _APPROACHING]
        told += [f"{np.mean(near):+.2f} on {len(near)} approaching"] if near else []
        told.append(f"at worst {worst:+.2f} on {where.sequence}")
    return [*told, f"{np.median(costs):.2f} times plain CSRT's time"] if costs else told


def _alarms(scores: Scores) -> str:
    return f"{sum(s.false_alarms for s in scores)}/{sum(s.seen for s in scores)}"


def _noticed(scores: Scores) -> str:
    return _within((delay for s in scores for delay in s.notices), NOTICE_FRAMES)


def _back(scores: Scores) -> str:
    return _within((delay for s in scores for delay in s.returns), RETURN_FRAMES)


def _within(delays: Iterable[int | None], limit: int) -> str:
    known = list(delays)
    return f"{sum(d is not None and d <= limit for d in known)}/{len(known)}"


def _mean(scores: Scores, of: Callable[[TrackingScore], float | None], digits: int) -> str:
    known = [value for value in map(of, scores) if value is not None]
    return f"{np.mean(known):.{digits}f}" if known else "-"
