"""The boards that cameras are calibrated with: what is on them, in metres, and where their corners are in a picture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from sterefo_core.errors import CalibrationError

_DICTIONARY = cv2.aruco.DICT_4X4_250  # the fewest bits: they can be read from far away
_MARKER_CELLS = 6  # 4 x 4 bits and a black border
_MOST_MARKERS = 250
_SIDES = range(3, 41)
_LARGEST_SQUARE_M = 1.0


class BoardKind(StrEnum):
    """CHARUCO: a chessboard with markers in it, of which a part is enough. CHESSBOARD: must be seen as a whole."""

    CHARUCO = "charuco"
    CHESSBOARD = "chessboard"


class Patch(NamedTuple):
    """An upright rectangle of the board, metres from its top left corner, x right and y down."""

    x: float
    y: float
    width: float
    height: float
    white: bool = False


@dataclass(frozen=True, eq=False)
class Corners:
    """Inner corners of a board in one picture: `ids` `(n,)`, row by row from 0, and `pixels` `(n, 2)` float32."""

    ids: np.ndarray
    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def chosen(self, ids: np.ndarray) -> np.ndarray:
        """The pixels `(n, 2)` of these ids, all of which are there; both in rising order."""
        return self.pixels[np.isin(self.ids, ids)]


NO_CORNERS = Corners(np.empty(0, np.int32), np.empty((0, 2), np.float32))


@dataclass(frozen=True)
class Board:
    """A board of `columns` x `rows` squares, `square_m` wide; the markers of a ChArUco board are `marker_m` wide.

    Raises:
        CalibrationError: no such board can be made.
    """

    kind: BoardKind = BoardKind.CHARUCO
    columns: int = 9
    rows: int = 6
    square_m: float = 0.025
    marker_m: float = 0.01875

    def __post_init__(self) -> None:
        if self.columns not in _SIDES or self.rows not in _SIDES:
            raise CalibrationError(f"a board of {self.columns}x{self.rows} squares: each side takes {_SIDES[0]} to 40")
        if not 0 < self.square_m <= _LARGEST_SQUARE_M:
            raise CalibrationError("the squares of a board are above 0 and up to 1000 mm wide: measure them")
        if self.kind is BoardKind.CHARUCO and not 0.3 * self.square_m <= self.marker_m <= 0.95 * self.square_m:
            raise CalibrationError("the markers are 0.3 to 0.95 times as wide as the squares: measure both")
        if self.kind is BoardKind.CHARUCO and self.columns * self.rows > 2 * _MOST_MARKERS:
            raise CalibrationError(f"a ChArUco board has {2 * _MOST_MARKERS} squares at most: give fewer")

    def __str__(self) -> str:
        name = "ChArUco" if self.kind is BoardKind.CHARUCO else "chessboard"
        return f"{name} {self.columns}x{self.rows}, squares of {self.square_m * 1000:g} mm"

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of all squares together."""
        return self.columns * self.square_m, self.rows * self.square_m

    @property
    def corner_count(self) -> int:
        """Number of inner corners, where four squares meet."""
        return (self.columns - 1) * (self.rows - 1)

    def points_m(self, ids: np.ndarray) -> np.ndarray:
        """`(n, 3)` float32 places of these corners on the board; z is 0."""
        row, column = np.divmod(np.asarray(ids).reshape(-1), self.columns - 1)
        flat = np.stack([column + 1, row + 1, np.zeros_like(row)], axis=1)
        return (flat * self.square_m).astype(np.float32)

    def patches(self) -> list[Patch]:
        """What to paint on white paper, in this order: black squares and markers, then the markers' white bits."""
        side, patches = self.square_m, []
        for row in range(self.rows):
            for column in range(self.columns):
                if (row + column) % 2 == 0:  # OpenCV's ChArUco boards have a black square at the top left
                    patches.append(Patch(column * side, row * side, side, side))
        if self.kind is BoardKind.CHARUCO:
            for marker, corners in zip(self._charuco.getIds(), self._charuco.getObjPoints(), strict=True):
                patches += self._marker(int(marker), *map(float, np.asarray(corners)[0, :2]))
        return patches

    def _marker(self, marker: int, x: float, y: float) -> list[Patch]:
        cells = cv2.aruco.generateImageMarker(self._charuco.getDictionary(), marker, _MARKER_CELLS)
        cell = self.marker_m / _MARKER_CELLS
        bits = [Patch(x + column * cell, y + row * cell, cell, cell, True) for row, column in np.argwhere(cells > 0)]
        return [Patch(x, y, self.marker_m, self.marker_m), *bits]

    def painted(self, pixels_per_square: int, margin_px: int) -> np.ndarray:
        """The board as a `(H, W)` uint8 picture with a white margin, all edges rounded to whole pixels."""
        scale = pixels_per_square / self.square_m
        shape = (self.rows * pixels_per_square + 2 * margin_px, self.columns * pixels_per_square + 2 * margin_px)
        picture = np.full(shape, 255, np.uint8)
        for x, y, width, height, white in self.patches():
            left, top = round(x * scale) + margin_px, round(y * scale) + margin_px
            right, bottom = round((x + width) * scale) + margin_px, round((y + height) * scale) + margin_px
            picture[top:bottom, left:right] = 255 if white else 0
        return picture

    def find(self, picture: np.ndarray) -> Corners:
        """The corners in an `(H, W, 3)` or `(H, W)` uint8 picture, to a fraction of a pixel; none where not seen."""
        grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        try:
            return self._find_charuco(grey) if self.kind is BoardKind.CHARUCO else self._find_chessboard(grey)
        except cv2.error:  # what a few false markers can lead its geometry to
            return NO_CORNERS

    def find_both(self, left: np.ndarray, right: np.ndarray) -> tuple[Corners, Corners]:
        """The corners in the two pictures of a pair; an id means the same corner in both."""
        seen_left, seen_right = self.find(left), self.find(right)
        if self.kind is BoardKind.CHESSBOARD and len(seen_left) and len(seen_right):
            seen_right = _turned_as(seen_right, seen_left)
        return seen_left, seen_right

    @cached_property
    def _charuco(self) -> cv2.aruco.CharucoBoard:
        dictionary = cv2.aruco.getPredefinedDictionary(_DICTIONARY)
        return cv2.aruco.CharucoBoard((self.columns, self.rows), self.square_m, self.marker_m, dictionary)

    @cached_property
    def _detector(self) -> cv2.aruco.CharucoDetector:
        parameters = cv2.aruco.CharucoParameters()
        parameters.tryRefineMarkers = True  # 1.6 times as many corners in small or blurred views
        return cv2.aruco.CharucoDetector(self._charuco, parameters)

    def _find_charuco(self, grey: np.ndarray) -> Corners:
        pixels, ids, _, _ = self._detector.detectBoard(grey)
        if ids is None or len(ids) == 0:
            return NO_CORNERS
        order = np.argsort(ids.ravel())
        return Corners(ids.ravel()[order], pixels.reshape(-1, 2)[order])

    def _find_chessboard(self, grey: np.ndarray) -> Corners:
        inner = (self.columns - 1, self.rows - 1)
        found, pixels = cv2.findChessboardCornersSB(grey, inner)
        if not found or pixels is None or len(pixels) != self.corner_count:
            return NO_CORNERS
        return Corners(np.arange(self.corner_count, dtype=np.int32), pixels.reshape(-1, 2))


def _turned_as(corners: Corners, other: Corners) -> Corners:
    """The corners counted from the end that `other` is counted from: a chessboard looks the same upside down."""
    across, other_across = (seen.pixels[-1] - seen.pixels[0] for seen in (corners, other))
    return corners if float(across @ other_across) > 0 else Corners(corners.ids, corners.pixels[::-1])
