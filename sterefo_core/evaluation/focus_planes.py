"""The paper's protocol: what a disparity is worth for refocusing, by the same renderer on the true disparity.

Busam et al., "SteReFo: Efficient Image Refocusing with Stereo Vision" (2019), refocus every test pair on six planes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from sterefo_core.colour import linear_from_srgb
from sterefo_core.depth.edges import fill_from_background
from sterefo_core.evaluation.thin_lens import RefocusCase
from sterefo_core.learning.datasets import Samples
from sterefo_core.learning.samples import StereoSample
from sterefo_core.lens import Lens
from sterefo_core.protocols import Renderer

PLANES = 6
RADIUS_PX = 12.0
_NEAREST, _FARTHEST = 98, 2  # percentiles of the true disparity between which the planes lie, evenly spaced


def focus_plane_cases(samples: Samples, indices: Sequence[int], renderer: Renderer) -> Iterator[RefocusCase]:
    """Six cases of each pair that has a true disparity; its holes are filled and do not count."""
    for index in indices:
        sample = samples[index]
        if not sample.valid.any():
            continue
        left, right = (np.ascontiguousarray(image.transpose(1, 2, 0)) for image in (sample.left, sample.right))
        disparity = without_holes(sample)
        far, near = np.percentile(sample.disparity[sample.valid], (_FARTHEST, _NEAREST))
        for number, plane in enumerate(np.linspace(near, far, PLANES), start=1):
            widest = float(np.abs(sample.disparity[sample.valid] - plane).max())
            lens = Lens(aperture=RADIUS_PX / max(widest, 1.0), max_radius_px=RADIUS_PX)
            truth = renderer.render(left, disparity, float(plane), lens, right)
            yield RefocusCase(
                kind=samples.name,
                seed=index,
                left=linear_from_srgb(left),
                right=linear_from_srgb(right),
                disparity=disparity,
                object_ids=np.zeros(disparity.shape, np.int32),
                focus=f"plane {number}",
                focus_disparity=float(plane),
                radius_px=RADIUS_PX,
                aperture=lens.aperture,
                truth=linear_from_srgb(truth),
                known=sample.valid,
            )


def without_holes(sample: StereoSample) -> np.ndarray:
    """`(H, W)` float32 px: the truth, continued from the background of the row or, if that is farther, what is next.

    A laser measures nothing of the sky and, in some rows, one lamp post: all of the row is not as near as that.
    """
    disparity = sample.disparity.astype(np.float32)
    fill_from_background(disparity, sample.valid)
    hole = (~sample.valid).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(hole, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    known = np.zeros(nearest.max() + 1, np.float32)
    known[nearest[sample.valid]] = sample.disparity[sample.valid]
    return np.minimum(disparity, known[nearest])
