"""Depth engines against plain StereoSGBM: `python -m benchmarks.depth --data PATH`, a folder with true disparities.

Accuracy is pooled over all pictures. Time is CPU time with one OpenCV thread: engines take turns on every picture, and
the median over the pictures of "yardstick's time / engine's time" is printed, for ratios hold on a busy machine.
"""

from __future__ import annotations

import argparse
from time import process_time

import cv2
import numpy as np

from sterefo_core.depth import ENGINES, REFOCUSING, make_depth_engine
from sterefo_core.evaluation.baselines import OpenCvDepth
from sterefo_core.evaluation.stereo_scores import stereo_scores
from sterefo_core.protocols import Source
from sterefo_core.sources import open_source

YARDSTICK = "StereoSGBM"


def measure(source: Source, rounds: int) -> dict[str, tuple[list, list[float]]]:
    """By engine: the scored pairs, and for each picture the least of its times in ms."""
    names = [name for name in ENGINES if name not in REFOCUSING]
    engines = {YARDSTICK: OpenCvDepth().compute} | {name: make_depth_engine(name).compute for name in names}
    results: dict[str, tuple[list, list[float]]] = {name: ([], []) for name in engines}
    for index in range(len(source)):
        frame, truth = source.read(index), source.truth(index).disparity
        times: dict[str, list[float]] = {name: [] for name in engines}
        for turn in range(rounds + 1):
            for name, compute in engines.items():
                began = process_time()
                disparity = compute(frame)
                if turn:  # the first warms up
                    times[name].append(1000 * (process_time() - began))
                elif truth:
                    results[name][0].append((disparity.values, truth))
        for name in engines:
            results[name][1].append(min(times[name]))
    return results


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a stereo data set with true disparity, such as KITTI 2015")
    parser.add_argument("--rounds", type=int, default=3, help="timed turns on every picture")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    results = measure(open_source(options.data), options.rounds)
    baseline = np.array(results[YARDSTICK][1])
    print(f"{'engine':12}  D1-all %  EPE px  bad-2 %  bad-2 near edges %  times as fast  (CPU ms)")
    for name, (pairs, milliseconds) in results.items():
        s, ms = stereo_scores(pairs), np.array(milliseconds)
        print(
            f"{name:12}  {s.d1_percent:8.2f}  {s.epe_px:6.2f}  {s.bad2_percent:7.2f}  {s.edge_bad2_percent:18.1f}"
            f"  {np.median(baseline / ms):13.1f}  ({np.median(ms):.0f})"
        )


if __name__ == "__main__":
    main()
