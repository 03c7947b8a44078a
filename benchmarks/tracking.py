"""What following an object costs beside plain CSRT, and what it gains: python -m benchmarks.tracking [seeds]."""

from __future__ import annotations

import sys

import cv2

from sterefo_core.depth import make_depth_engine
from sterefo_core.evaluation.tracking_scenes import KINDS, rendered_sequence
from sterefo_core.evaluation.tracking_scores import evaluate_tracking, tracking_table
from trackers import make_tracker

COMPARED = ("opencv-csrt", "csrt", "stereo")


def main(seeds: range) -> None:
    """Print the table of the rendered sequences of these seeds, and the costs as ratios to OpenCV's CSRT."""
    cv2.setNumThreads(1)
    makers = {name: (lambda name=name: make_tracker(name)) for name in COMPARED}
    sequences = (rendered_sequence(kind, seed) for kind in KINDS for seed in seeds)
    scores = evaluate_tracking(makers, sequences, make_depth_engine("sgm"))
    print(tracking_table(scores))
    plain = {score.sequence: score.milliseconds for score in scores if score.tracker == COMPARED[0]}
    for name in COMPARED[1:]:
        ratios = sorted(score.milliseconds / plain[score.sequence] for score in scores if score.tracker == name)
        print(f"{name} takes {ratios[len(ratios) // 2]:.2f} times as long as {COMPARED[0]} (median of {len(ratios)})")


if __name__ == "__main__":
    main(range(int(sys.argv[1]) if len(sys.argv) > 1 else 2))
