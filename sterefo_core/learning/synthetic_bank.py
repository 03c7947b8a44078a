"""Large sets of drawn things, each drawn when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

import numpy as np


class Bank:
    """Rows of one large array, each made by `draw` from a seed of its own when it is first needed.

    Args:
        count: number of rows. shape, kind: of one row.
        draw: makes row `index`, the same one every time.
    """

    def __init__(self, count: int, shape: tuple[int, ...], kind: type, draw: Callable[[int], np.ndarray]) -> None:
        self.rows: np.ndarray = np.zeros((count, *shape), kind)
        self._draw, self._drawn, self._lock = draw, np.zeros(count, bool), Lock()

    def having(self, indices: Iterable[int]) -> np.ndarray:
        """All rows, of which at least those with these indices are drawn."""
        for index in sorted(set(indices)):
            if not self._drawn[index]:
                with self._lock:
                    if not self._drawn[index]:
                        self.rows[index] = self._draw(index)
                        self._drawn[index] = True
        return self.rows
