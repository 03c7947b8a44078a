"""What live cameras cost besides: rectifying a pair, watching for drift. `python -m benchmarks.rectification`.

CPU time with one OpenCV thread, the least of the rounds; parts take turns. `sgm` on the same pair is the yardstick, for
ratios hold on a busy machine.
"""

from __future__ import annotations

import argparse
from time import process_time

import cv2

from sterefo_core.calibration.drift import row_offsets
from sterefo_core.calibration.rectify import Rectifier
from sterefo_core.calibration.self_rectify import SelfRectification
from sterefo_core.depth import make_depth_engine
from sterefo_core.evaluation.board_views import known_rig
from sterefo_core.sources.synthetic import SyntheticSource

SIZES = ((1242, 375), (1280, 720))
YARDSTICK = "depth, sgm"


def measure(size: tuple[int, int], rounds: int) -> dict[str, float]:
    """The least CPU time in ms of each part, for pictures of this size."""
    frame, rectifier, depth = SyntheticSource(size).read(0), Rectifier(known_rig(size)), make_depth_engine("sgm")
    left, right = frame.left, frame.right
    parts = {
        YARDSTICK: lambda: depth.compute(frame),
        "rectifying a pair": lambda: rectifier.apply(left, right),
        "a look for drift": lambda: row_offsets(left, right),
        "aligning by sight, once": lambda: SelfRectification([(left, right)]),
    }
    best = dict.fromkeys(parts, float("inf"))
    for _ in range(rounds):
        for name, run in parts.items():
            began = process_time()
            run()
            best[name] = min(best[name], 1000 * (process_time() - began))
    return best


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for size in SIZES:
        times = measure(size, options.rounds)
        print("{}x{}".format(*size))
        for name, ms in times.items():
            print(f"  {name:24} {ms:7.1f} ms  {ms / times[YARDSTICK]:6.2f} of {YARDSTICK}")


if __name__ == "__main__":
    main()
