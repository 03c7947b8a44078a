"""CSRT that looks through a zoom: the object always keeps its place and its size in what it sees.

CSRT loses an object that grows quickly or moves far between two pictures. Where motion and size are expected from
elsewhere, it needs to find the small rest only. It reports where the content of a box went; the box may be moved
relative to that content, by whoever knows better.
"""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.types import Box
from trackers.csrt import bgr, make_csrt

_SIDE_PX = 64  # geometric mean of the object's sides in the view
_VIEW_PX = 5 * _SIDE_PX
_RECENTRE_PX = 2.0  # a step by which the object may be brought back to the middle of the view in one picture
_FARTHEST, _MOST_OTHER = 0.3, 1.35  # of its size: how far the box may leave what CSRT has learnt before it starts anew


class SteadyCsrt:
    """Follows the content of a box through a view that moves and zooms with it."""

    def start(self, image: np.ndarray, box: Box) -> None:
        """Begin on `(H, W, 3)` uint8 RGB with a box that may reach out of the picture."""
        self._offset = np.zeros(2)  # of CSRT's centre from the box's, in sides of the box
        self._ratio = 1.0  # of CSRT's side to the box's, in the picture
        self._centre = np.full(2, _VIEW_PX / 2)  # of CSRT's box in the view
        scale = _SIDE_PX / _side(box)
        view, self._to_view, self._corner = _view(image, np.array(box.centre), self._centre, scale)
        sides = np.maximum(np.rint(np.array([box.width, box.height]) * self._to_view), 6)
        corner = np.rint((np.array(box.centre) - self._corner) * self._to_view - sides / 2)
        self._centre = corner + sides / 2
        self._seen_side = float(np.sqrt(sides.prod()))
        self._csrt = make_csrt()
        self._csrt.init(bgr(view), [int(v) for v in (*corner, *sides)])

    def update(self, image: np.ndarray, expected: Box) -> tuple[Box, float] | None:
        """Where the content of `expected` is, which keeps its size, and how much larger it seems; None if not found."""
        side = _side(expected)
        at = np.array(expected.centre) + self._offset * side
        scale = self._seen_side / (self._ratio * side)
        middle = self._centre + np.clip(_VIEW_PX / 2 - self._centre, -_RECENTRE_PX, _RECENTRE_PX)
        view, self._to_view, self._corner = _view(image, at, middle, scale)
        found, (x, y, width, height) = self._csrt.update(bgr(view))
        if not found:
            return None
        self._centre = np.array([x + width / 2, y + height / 2])
        seen_side = float(np.sqrt(width * height))
        growth, self._seen_side = seen_side / self._seen_side, seen_side
        dx, dy = self._centre / self._to_view + self._corner - at
        return Box(expected.x + dx, expected.y + dy, expected.width, expected.height), growth

    def rebase(self, before: Box, after: Box) -> bool:
        """Tell that the box was moved and resized over the same content. False: too far from it, start anew."""
        side = _side(after)
        self._offset = (self._offset * _side(before) + before.centre - np.array(after.centre)) / side
        self._ratio *= _side(before) / side
        return bool(np.hypot(*self._offset) < _FARTHEST and 1 / _MOST_OTHER < self._ratio < _MOST_OTHER)


def _side(box: Box) -> float:
    return float(np.sqrt(max(box.area, 1.0)))


def _view(image: np.ndarray, at: np.ndarray, middle: np.ndarray, scale: float) -> tuple[np.ndarray, float, np.ndarray]:
    """The square view in which `at` of the picture is (nearly) at `middle`; its true scale and its corner there."""
    reach = max(round(_VIEW_PX / scale), 8)
    scale = _VIEW_PX / reach
    left, top = (int(v) for v in np.rint(at - middle / scale))
    height, width = image.shape[:2]
    above, before = (min(max(-start, 0), reach - 1) for start in (top, left))
    below, after = (min(max(start + reach - end, 0), reach - 1) for start, end in ((top, height), (left, width)))
    rows = slice(min(max(top, 0), height - 1), max(min(top + reach, height), 1))
    columns = slice(min(max(left, 0), width - 1), max(min(left + reach, width), 1))
    whole = cv2.copyMakeBorder(image[rows, columns], above, below, before, after, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(whole, (_VIEW_PX, _VIEW_PX), interpolation=how), scale, np.array([left, top], float)
