"""From one click to the box of what was clicked: connected surface of similar disparity that stands above the ground.

The ground touches everything's foot, so it is found first, as the plane d = a y + b x + c that the lower picture agrees
on; how far a pixel's disparity exceeds the plane's is its height as a share of the camera's. What is left is grown from
the click over small steps of disparity. An object is hardly deeper than it is wide, which bounds its disparities.
"""

from __future__ import annotations

import cv2
import numpy as np

from sterefo_core.ground import FLAT, NOISE_PX, SKY_PX, Ground, find_ground
from sterefo_core.types import Box, DisparityMap

MIN_SIDE_PX = 12.0  # a smaller box says too little about what to follow
_LARGEST = (0.5, 0.8)  # of the picture's width and height: what fills more is surroundings
_NEIGHBOURHOOD = 2  # px around the click where a nearer surface counts as clicked: thin things are hard to hit
_STEP = 0.02, 0.3  # of the disparity and px: between neighbouring pixels of one surface
_DEPTHS = 0.1, 0.3  # an object's disparities differ at least and at most by this share either way
_MEASURED = 0.2  # with a smaller share of measured pixels around the click, colour decides
_THINNEST = 0.15  # a row or column with less than this share of the fullest one is a stray
_TALLEST = 3.5  # heights of the camera: people and vehicles are no larger
_FILLED = 2  # mark of flood filling


def box_at(image: np.ndarray, disparity: DisparityMap, x: float, y: float) -> Box:
    """The box of the object at (x, y) of the left image, within the picture; positions outside count as its border.

    On the ground, the sky and other surfaces without an end it is a modest box around the click, on the ground of about
    the size of a thing that stands there.

    Args:
        image: `(H, W, 3)` uint8 RGB.
        disparity: of the same picture; where little of it is measured around the click, colour decides instead.
        x, y: position in px.
    """
    height, width = disparity.values.shape
    column, row = int(np.clip(round(x), 0, width - 1)), int(np.clip(round(y), 0, height - 1))
    ground = find_ground(disparity)
    barred = _barred(disparity, ground)
    seed = _seed(disparity, barred, column, row)
    if seed is not None:
        mask = _grown(disparity.values, barred, seed)
        if ground is not None:
            mask = _object_sized(mask, seed, _TALLEST * float(disparity.values[seed[1], seed[0]]) / ground.a)
    elif ground is not None and ground.at(column, row) > SKY_PX:
        return _modest(column, row, ground.thing_height(column, row) / 2, width, height)
    else:
        mask = _grown_by_colour(image, column, row)
    box = _trimmed(mask)
    if box.width > _LARGEST[0] * width or box.height > _LARGEST[1] * height:
        return _modest(column, row, height / 8, width, height)
    if ground is not None:
        box = _down_to(ground, box, float(np.median(disparity.values[mask])))
    return _at_least(box, MIN_SIDE_PX).clipped(width, height)


def _barred(disparity: DisparityMap, ground: Ground | None) -> np.ndarray:
    """`(H, W)` bool: pixels that belong to no object: the ground, what lies below it, and the sky."""
    values = disparity.values
    if ground is None:
        return values <= SKY_PX
    x, y = (np.arange(side, dtype=np.float32) for side in (values.shape[1], values.shape[0]))
    plane = np.maximum(ground.at(x, y[:, None]).astype(np.float32), 0)
    return np.minimum((1 - FLAT) * values, values - NOISE_PX) <= plane


def _seed(disparity: DisparityMap, barred: np.ndarray, column: int, row: int) -> tuple[int, int] | None:
    """The pixel that was meant: the clicked one, or a clearly nearer one beside it; None where none is an object's."""
    reach = max(_NEIGHBOURHOOD, disparity.values.shape[0] // 100)
    rows, columns = slice(max(row - reach, 0), row + reach + 1), slice(max(column - reach, 0), column + reach + 1)
    if disparity.valid[rows, columns].mean() < _MEASURED:
        return None
    near = np.where(barred[rows, columns], 0, disparity.values[rows, columns])
    down, across = np.unravel_index(int(near.argmax()), near.shape)
    here = float(disparity.values[row, column])
    if not barred[row, column] and near.max() < here + max(_DEPTHS[0] * here, NOISE_PX):
        return column, row
    return (columns.start + int(across), rows.start + int(down)) if near.max() > 0 else None


def _grown(values: np.ndarray, barred: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    """`(H, W)` bool: the surface around the seed."""
    depth = _DEPTHS[0]
    mask = _flooded(values, barred, seed, depth)
    for _ in range(2):
        depth = float(np.clip(2 * mask.any(axis=0).sum() / values.shape[1], *_DEPTHS))
        mask = _flooded(values, barred, seed, depth)
    return _opened(mask, seed)


def _flooded(values: np.ndarray, barred: np.ndarray, seed: tuple[int, int], depth: float) -> np.ndarray:
    """Pixels connected with the seed by small steps whose disparity is within a share of `depth` of the seed's."""
    here = float(values[seed[1], seed[0]])
    reach, step = max(depth * here, NOISE_PX), max(_STEP[0] * here, _STEP[1])
    closed = cv2.bitwise_not(cv2.inRange(values, here - reach, here + reach)) | barred.view(np.uint8)
    closed[seed[1], seed[0]] = 0
    mask = cv2.copyMakeBorder(closed, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    cv2.floodFill(values, mask, seed, 0, step, step, cv2.FLOODFILL_MASK_ONLY | (_FILLED << 8) | 4)
    return mask[1:-1, 1:-1] == _FILLED


def _opened(mask: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    """`mask` without what hangs on it by a thin bridge, unless it is thin itself."""
    kept = _cut_loose(mask, seed, int(mask.any(axis=1).sum()) // 12 * 2 + 1)
    return kept if kept.sum() > 0.5 * mask.sum() else mask


def _cut_loose(mask: np.ndarray, seed: tuple[int, int], side: int) -> np.ndarray:
    """The part around the seed of what is at least `side` px thick; nothing where the seed is in no such part."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    _, labels = cv2.connectedComponents(opened, connectivity=4)
    label = labels[seed[1], seed[0]]
    return (labels == label) & (label > 0)


def _object_sized(mask: np.ndarray, seed: tuple[int, int], largest_px: float) -> np.ndarray:
    """`mask` cut off from what hangs on it by ever wider bridges, until it is as large as people and vehicles are."""
    for side in range(3, int(largest_px / 3), 4):
        if max(mask.any(axis=0).sum(), mask.any(axis=1).sum()) <= largest_px:
            break
        part = _cut_loose(mask, seed, side)
        if not part.any():
            break
        mask = part
    return mask


def _grown_by_colour(image: np.ndarray, column: int, row: int) -> np.ndarray:
    """`(H, W)` bool: the surface of one colour around the click."""
    smooth = cv2.medianBlur(image, 5)
    mask = np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.uint8)
    cv2.floodFill(smooth, mask, (column, row), 0, (4,) * 3, (4,) * 3, cv2.FLOODFILL_MASK_ONLY | (_FILLED << 8) | 4)
    return mask[1:-1, 1:-1] == _FILLED


def _trimmed(mask: np.ndarray) -> Box:
    """The box of the mask without its stray rows and columns."""
    edges = []
    for axis in (0, 1):
        counts = mask.sum(axis=axis)
        full = np.flatnonzero(counts >= _THINNEST * counts.max())
        edges.append((float(full[0]), float(full[-1] + 1)))
    (left, right), (top, bottom) = edges
    return Box(left, top, right - left, bottom - top)


def _down_to(ground: Ground, box: Box, disparity: float) -> Box:
    """The box with its foot on the ground, where it ends a little above it."""
    foot = ground.foot(disparity, box.centre[0])
    bottom = box.y + box.height
    if bottom < foot < bottom + max(2 * FLAT * box.height, 4.0):
        return Box(box.x, box.y, box.width, foot - box.y)
    return box


def _modest(column: int, row: int, side: float, width: int, height: int) -> Box:
    side = float(np.clip(side, MIN_SIDE_PX, max(height / 5, MIN_SIDE_PX)))
    return Box(column - side / 2, row - side / 2, side, side).clipped(width, height)


def _at_least(box: Box, side: float) -> Box:
    (cx, cy), width, height = box.centre, max(box.width, side), max(box.height, side)
    return Box(cx - width / 2, cy - height / 2, width, height)
