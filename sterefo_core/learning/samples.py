"""What networks learn from: a rectified pair and what is known of its left picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class StereoSample:
    """One training or test example of `H` x `W` pixels.

    Attributes:
        left, right: `(3, H, W)` uint8 RGB, sRGB-encoded.
        disparity: `(H, W)` float32 px of the left picture, >= 0; 0 where it is not valid.
        occluded: `(H, W)` bool, True where the right camera does not see what the left one does, be it hidden or
            outside the picture. None where that is not known.
        valid: `(H, W)` bool, True where the disparity is known.
    """

    left: np.ndarray
    right: np.ndarray
    disparity: np.ndarray
    occluded: np.ndarray | None
    valid: np.ndarray
