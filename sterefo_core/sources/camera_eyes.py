"""From a pair as it was grabbed to the pictures of two eyes, always of one size."""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.errors import SourceError
from sterefo_core.sources.camera_address import CameraAddress
from sterefo_core.sources.camera_pairs import Pair
from sterefo_core.sources.reading import SMALLEST_SIDE_PX
from sterefo_core.sources.video_layout import LAYOUTS, SIDE_BY_SIDE, TOP_BOTTOM, halves, recognise_layout

_SURELY_TWO_WIDE, _SURELY_TWO_HIGH = 2.2, 0.9  # width to height; pictures of one eye have 1.25 to 2


class Eyes:
    """Decodes pairs into left and right pictures, swapped where the address says so.

    A camera that changes its resolution goes on: its pictures are scaled to the size of the first pair.

    Args:
        address: how the pictures are to be understood.
        first: the pair that sets the size.
        layout: where the eyes lie in one picture, unless the address says so; "auto" looks at the picture.

    Attributes:
        layout: where the eyes lie in one picture; None where two devices take one each.
        size: width and height of either picture.
        changed: what the camera gives instead of the size it had, for a person; "" while it has that size.

    Raises:
        SourceError: the pictures do not look like stereo, or the two sizes differ.
        BadFrameError: the first pair is damaged.
    """

    def __init__(self, address: CameraAddress, first: Pair, layout: str = "auto") -> None:
        self._swap = address.swap
        self.layout: str | None = None
        if first.right is None:
            asked = layout if address.layout == "auto" else address.layout
            self.layout = _layout_of(first.left.decode(), address.name) if asked == "auto" else asked
        left, right = self._decoded(first)
        if left.shape != right.shape:
            sizes = "{}x{} pixels and the right one {}x{}".format(*left.shape[1::-1], *right.shape[1::-1])
            raise SourceError(f"{address.name}: the left camera gives {sizes}: choose one with #size=WIDTHxHEIGHT")
        height, width = left.shape[:2]
        self.size = width, height
        if min(self.size) < SMALLEST_SIDE_PX:
            raise SourceError(f"{address.name} gives each eye {width}x{height} pixels: that is too small")
        self.changed = ""

    def look(self, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
        """Left and right, `(H, W, 3)` uint8 RGB of `size`. Raises BadFrameError where a picture is damaged."""
        pictures = self._decoded(pair)
        odd = next((picture.shape[1::-1] for picture in pictures if picture.shape[1::-1] != self.size), None)
        self.changed = ""
        if odd:
            self.changed = "the camera now gives {}x{} pixels, scaled to {}x{}: ".format(*odd, *self.size)
            self.changed += "open it again to use them, or set its size back"
            pictures = tuple(cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA) for picture in pictures)
        left, right = pictures
        return left, right

    def _decoded(self, pair: Pair) -> tuple[np.ndarray, ...]:
        if pair.right is None:
            assert self.layout is not None
            eyes = halves(pair.left.decode(), self.layout)
        else:
            eyes = pair.left.decode(), pair.right.decode()
        return eyes[::-1] if self._swap else eyes


def _layout_of(picture: np.ndarray, name: str) -> str:
    """Where the eyes lie, by looking at the picture or, where it shows too little, by its proportions."""
    height, width = picture.shape[:2]
    if layout := recognise_layout([picture]):
        return layout
    if width / height > _SURELY_TWO_WIDE:
        return SIDE_BY_SIDE
    if width / height < _SURELY_TWO_HIGH:
        return TOP_BOTTOM
    raise SourceError(
        f"{name} looks like one eye: name two cameras as camera:LEFT,RIGHT, or say #layout={' or '.join(LAYOUTS)}"
    )
