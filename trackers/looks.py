"""How alike a remembered thing and a place in a picture look."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sterefo_core.types import Box

_BLUR_PX = 0.8  # makes up for places and sizes between those tried
_COLOUR_APART = 40.0  # levels by which the mean colour may change, for which likeness falls to 0.6
_NOISE = 3.0  # levels: so much texture says nothing


@dataclass(frozen=True, eq=False)
class Look:
    """A thing as it once looked.

    Attributes:
        picture: `(h, w, 3)` uint8; `cut` makes it.
        mask: `(h, w)` float32: how far each pixel is its own, 0..1.
    """

    picture: np.ndarray
    mask: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.mask.shape[1], self.mask.shape[0]

    def matched(self, picture: np.ndarray) -> np.ndarray:
        """Likeness at every place of `picture`, -1..1; what surrounds the thing does not count.

        It is structural similarity (Wang 2004): correlation, times how near contrasts and mean colours are. Contrast
        counts because fine texture vanishes with distance, and what is left of it correlates with anything.
        """
        weights = self.mask / max(float(self.mask.sum()), 1e-6)
        seen, own = (side.astype(np.float32) - 128 for side in (picture, self.picture))
        colour = (own * weights[..., None]).sum(axis=(0, 1))
        rest = (own - colour) * weights[..., None]
        common = cv2.matchTemplate(seen, np.ascontiguousarray(rest), cv2.TM_CCORR)
        means = [cv2.matchTemplate(np.ascontiguousarray(c), weights, cv2.TM_CCORR) for c in np.moveaxis(seen, 2, 0)]
        power = cv2.matchTemplate((seen**2).sum(axis=2), weights, cv2.TM_CCORR) - sum(mean**2 for mean in means)
        noise, own_power = 3 * _NOISE**2, float(((own - colour) * rest).sum())
        alike = (2 * common + noise) / (np.maximum(power, 0) + own_power + noise)
        apart = sum((mean - mine) ** 2 for mean, mine in zip(means, colour, strict=True))
        return np.clip(alike, -1, 1) * np.exp(-apart / (2 * _COLOUR_APART**2))


def patch(picture: np.ndarray, box: Box) -> np.ndarray:
    """The content of the box; the picture's border is continued outwards."""
    size = (max(round(box.width), 1), max(round(box.height), 1))
    return cv2.getRectSubPix(picture, size, (box.centre[0] - 0.5, box.centre[1] - 0.5))


def cut(image: np.ndarray, box: Box, size: tuple[int, int]) -> np.ndarray:
    """What is in the box of `(H, W, 3)` uint8, resized for comparison."""
    return smoothed(cv2.resize(patch(image, box), size, interpolation=cv2.INTER_AREA))


def smoothed(picture: np.ndarray) -> np.ndarray:
    """A picture in the size of comparison, without what is finer than the steps of the search."""
    return cv2.GaussianBlur(picture, (0, 0), _BLUR_PX)
