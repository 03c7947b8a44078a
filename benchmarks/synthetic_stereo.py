"""Synthetic training pairs: how fast and how exact. `python -m benchmarks.synthetic_stereo`.

Time is CPU time of one thread for pairs of 256 x 512 px, beside that of plain StereoSGBM on such a pair, for ratios
hold on a busy machine. Exactness is how far the right picture, fetched to where the truth says, is from the left one
where both eyes see; most of that is the interpolation's, and at outlines two surfaces mix.
"""

from __future__ import annotations

import argparse
from time import thread_time

import cv2
import numpy as np

from sterefo_core.evaluation.baselines import OpenCvDepth
from sterefo_core.learning.augment import photographed
from sterefo_core.learning.samples import StereoSample
from sterefo_core.learning.synthetic import make_pair
from sterefo_core.types import StereoFrame

_SIZE, _REACH = (256, 512), 128.0


def differences(sample: StereoSample) -> np.ndarray:
    """Mean difference over the channels, in levels of 255, of the pixels that both eyes see."""
    left, right = (image.transpose(1, 2, 0).astype(np.float32) for image in (sample.left, sample.right))
    rows, columns = np.mgrid[: _SIZE[0], : _SIZE[1]].astype(np.float32)
    fetched = cv2.remap(right, columns - sample.disparity, rows, cv2.INTER_CUBIC)
    return np.abs(fetched - left).mean(axis=2)[~np.asarray(sample.occluded)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40)
    pairs = parser.parse_args().pairs
    cv2.setNumThreads(1)
    yardstick, times, errors = OpenCvDepth(), [], []
    for seed in range(pairs):
        errors.append(differences(make_pair(seed, *_SIZE, _REACH)))  # draws the textures, too
    for seed in range(pairs):
        began = thread_time()
        sample = make_pair(seed, *_SIZE, _REACH)
        made = thread_time()
        photographed(sample, np.random.default_rng(seed))
        taken = thread_time()
        left, right = (np.ascontiguousarray(image.transpose(1, 2, 0)) for image in (sample.left, sample.right))
        yardstick.compute(StereoFrame(seed, 0.0, left, right))
        times.append((made - began, taken - made, thread_time() - taken))
    make, photograph, match = (1000 * float(np.mean(column)) for column in zip(*times, strict=True))
    print(f"{make:.1f} ms a pair and {photograph:.1f} ms to photograph it, {make / match:.2f} of StereoSGBM's time")
    every = np.concatenate(errors)
    shares = ", ".join(f"{100 * (every < limit).mean():.1f} % within {limit}" for limit in (1, 2, 4))
    print(f"difference between the eyes in levels of 255: median {np.median(every):.2f}, {shares}")


if __name__ == "__main__":
    main()
