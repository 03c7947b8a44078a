"""Writing a sequence of pictures: a folder of 000000.png, 000001.png, ..."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np


class PictureWriter:
    """Writes each picture as the next numbered PNG of an existing folder; the times are not kept."""

    time_base = Fraction(1, 1_000_000)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = 0

    def write(self, image: np.ndarray, ticks: int) -> None:
        """Append `(H, W, 3)` uint8 RGB."""
        _, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        (self._folder / f"{self._written:06d}.png").write_bytes(data.tobytes())
        self._written += 1
