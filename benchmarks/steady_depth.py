"""How much less disparity flickers when it is averaged over frames, what that costs, and whether it errs more.

`python -m benchmarks.steady_depth [FOLDER ...]`: the demo, against its exact truth, and sequences without one, where
flicker is the change along the motion of the picture beyond that of the neighbourhood.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from time import process_time

import cv2
import numpy as np

from sterefo_core.depth import make_depth_engine, steadied
from sterefo_core.protocols import DepthEngine, Source
from sterefo_core.sources import open_source

_FRAMES = 18
_SETTLED = 3  # frames before figures are taken
_CALM_PX = 3.0  # larger changes are other surfaces


def main() -> None:
    """Print a row for each source and engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", help="sequences beside the demo")
    folders = parser.parse_args().folders
    cv2.setNumThreads(1)
    print(f"{'source':28} {'depth':8} {'flicker px':>10} {'error px':>9} {'cpu ms':>7}")
    for address in ["demo", *folders]:
        with closing(open_source(address)) as source:
            engine = make_depth_engine("sgm")
            for name, depth in (("alone", engine), ("steady", steadied(engine, source))):
                flicker, error, ms = _measured(source, depth)
                print(f"{source.name[-28:]:28} {name:8} {flicker:10.3f} {error:9.3f} {ms:7.1f}")


def _measured(source: Source, depth: DepthEngine) -> tuple[float, float, float]:
    """Mean flicker, mean error (nan without truth) and median processor time of a frame."""
    flickers, errors, spent = [], [], []
    before, picture = None, None
    for index in range(min(_FRAMES, len(source))):
        frame, truth = source.read(index), source.truth(index).disparity
        began = process_time()
        values = depth.compute(frame).values
        spent.append((process_time() - began) * 1000)
        wrong = values if truth is None else values - truth.values
        grey = cv2.cvtColor(frame.left, cv2.COLOR_RGB2GRAY)
        if index > _SETTLED and before is not None and picture is not None:
            flickers.append(_flicker(wrong, before, grey, picture))
            errors.append(np.nan if truth is None else float(np.abs(wrong).mean()))
        before, picture = wrong, grey
    return float(np.mean(flickers)), float(np.mean(errors)), float(np.median(spent[_SETTLED:]))


def _flicker(now: np.ndarray, before: np.ndarray, grey: np.ndarray, grey_before: np.ndarray) -> float:
    """Mean change of a place from frame to frame where it looks alike, beyond what its neighbourhood changes, px."""
    height, width = grey.shape
    engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = np.asarray(engine.calc(grey, grey_before, np.zeros((height, width, 2), np.float32)))
    there = flow + np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    moved = cv2.remap(grey_before, there, None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
    change = now - cv2.remap(before, there, None, cv2.INTER_NEAREST, borderValue=np.inf)  # type: ignore[call-overload]
    calm = ((cv2.absdiff(moved, grey) < 8) & (np.abs(change) < _CALM_PX)).astype(np.float32)
    change = np.where(calm > 0, change, 0).astype(np.float32)
    nearer = cv2.blur(change, (41, 41)) / np.maximum(cv2.blur(calm, (41, 41)), 0.05)
    return float(np.abs(change - nearer)[calm > 0].mean())


if __name__ == "__main__":
    main()
