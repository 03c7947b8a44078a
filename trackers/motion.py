"""Where a thing will be in the next picture, and how large, if it goes on as it does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sterefo_core.types import Box


@dataclass(frozen=True)
class Subject:
    """What is believed of the object that is followed.

    Attributes:
        box: where it is.
        size: of its box at disparity 1; it is in proportion to it.
        depth: log of its disparity; rate: its change per picture.
        speed: of the box's middle, px per picture.
    """

    box: Box
    size: tuple[float, float]
    depth: float
    rate: float = 0.0
    speed: tuple[float, float] = (0.0, 0.0)

    @property
    def disparity(self) -> float:
        """In px."""
        return float(np.exp(self.depth))

    def placed(self, centre: tuple[float, float]) -> Subject:
        """With its box around `centre`, in the size that its depth gives."""
        width, height = self.size[0] * self.disparity, self.size[1] * self.disparity
        return replace(self, box=Box(centre[0] - width / 2, centre[1] - height / 2, width, height))

    def ahead(self, pictures: int = 1) -> Subject:
        """As it will be if it goes on like this.

        At constant speed in space a thing moves away from where it came from in proportion to its disparity, so its
        speed in the picture changes like the square of that.
        """
        (x, y), faster = self.box.centre, float(np.exp(2 * self.rate))
        dx, dy = self.speed[0] * faster, self.speed[1] * faster
        later = replace(self, depth=self.depth + self.rate * pictures, speed=(dx, dy))
        return later.placed((x + dx * pictures, y + dy * pictures))
