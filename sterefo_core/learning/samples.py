"""What networks learn from: a rectified pair and what is known of its left picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class StereoSample:
    """One training or test example of `H` x `W` pixels.

    Attributes:
        left, right: `(3, H, W)` uint8 RGB, sRGB-encoded.
        disparity: `(H, W)` float32 px of the left picture, >= 0; anything finite where it is not valid.
        occluded: `(H, W)` bool, True where the right camera does not see what the left one does, be it hidden or
            outside the picture. None where that is not known.
        valid: `(H, W)` bool, True where the disparity is known.
        foreground: `(H, W)` bool, True on objects that the data set marks, such as cars; None where it marks none.
    """

    left: np.ndarray
    right: np.ndarray
    disparity: np.ndarray
    occluded: np.ndarray | None
    valid: np.ndarray
    foreground: np.ndarray | None = None

    def changed(self, change: Callable[[np.ndarray], np.ndarray]) -> Self:
        """The same change made to all pictures and maps; rows and columns are their last two axes."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        planes = {name: np.ascontiguousarray(change(array)) for name, array in known.items() if array is not None}
        return replace(self, **planes)
