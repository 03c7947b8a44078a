"""Rendered calibration sessions: a board in many poses, as two known real lenses see it. The truth is exact.

Every picture is integrated from rays: 4 x 4 of them in each pixel are bent as the lens bends them, meet the plane of
the board, and see what is painted there; light is added up, blurred by the lens, gets noise, and is encoded as sRGB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from sterefo_core.calibration.board import Board
from sterefo_core.calibration.rig import CameraModel, StereoRig
from sterefo_core.colour import srgb_from_linear

_RAYS = 4  # along each side of a pixel
_PIXELS_PER_SQUARE = 96  # of the painted board: a multiple of 8, so that its markers have whole pixels
_INK, _PAPER, _WALL = 0.02, 0.8, 0.25  # linear light
_SOFTNESS_PX = 0.7
_NOISE = 0.004


@dataclass(frozen=True, eq=False)
class BoardPose:
    """Where the board is: its point X is at `rotation @ X + place_m` of the left eye; `moved_m` while exposed."""

    rotation: np.ndarray
    place_m: np.ndarray
    moved_m: tuple[float, float, float] = (0.0, 0.0, 0.0)


def known_rig(size: tuple[int, int] = (640, 480)) -> StereoRig:
    """Two webcams of different focal lengths and distortions, 62 mm apart and a little crooked."""
    width, height = size
    turn = cv2.Rodrigues(np.radians([0.5, 1.5, -0.7]))[0]
    return StereoRig(
        size=size,
        left=_lens(0.86 * width, 0.506 * width, 0.49 * height, (-0.21, 0.07, 8e-4, -4e-4, 0.0)),
        right=_lens(0.88 * width, 0.492 * width, 0.512 * height, (-0.18, 0.05, -6e-4, 5e-4, 0.0)),
        rotation=turn,
        translation_m=turn @ np.array([-0.062, 0.0007, 0.0015]),
        made_from="rendered",
    )


def _lens(focal_px: float, cx: float, cy: float, distortion: tuple[float, ...]) -> CameraModel:
    return CameraModel(np.array([[focal_px, 0, cx], [0, focal_px, cy], [0, 0, 1.0]]), np.array(distortion))


def session_poses(rig: StereoRig, board: Board, count: int, seed: int = 0) -> Iterator[BoardPose]:
    """Poses as a careful person holds the board: all over the pictures, near and far, tilted every way."""
    random = np.random.default_rng(seed)
    width, height = rig.size
    for number in range(count):
        column, row = number % 3, number // 3 % 3
        share = random.uniform(0.35, 0.6)  # of the picture's width
        distance_m = rig.left.focal_px * board.size_m[0] / (share * width)
        tilts = np.radians([random.uniform(12, 32) * (-1) ** number, random.uniform(12, 32) * (-1) ** (number // 2)])
        rotation = cv2.Rodrigues(np.array([*tilts, np.radians(random.uniform(-12, 12))]))[0]
        reach = np.array([0.5 - share / 2.1, 0.5 - share / 2.1 * board.rows / board.columns * width / height])
        spot = np.array([0.5, 0.5]) + (np.array([column, row]) - 1) * np.clip(reach, 0.05, None)
        pixel = spot * (width, height) + random.normal(0, 0.01 * width, 2)
        middle = np.linalg.inv(rig.left.matrix) @ (*pixel, 1.0) * distance_m + (rig.baseline_m / 2, 0, 0)
        yield BoardPose(rotation, middle - rotation @ (*np.array(board.size_m) / 2, 0.0))


def board_views(rig: StereoRig, board: Board, pose: BoardPose, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """What the two eyes of the rig see of the board: two `(H, W, 3)` uint8 sRGB pictures."""
    random = np.random.default_rng(seed)
    steps = np.linspace(-0.5, 0.5, 9 if any(pose.moved_m) else 1)
    pictures = []
    for eye, turn, shift in ((rig.left, np.eye(3), np.zeros(3)), (rig.right, rig.rotation, rig.translation_m)):
        light: np.ndarray = np.zeros(rig.size[::-1], np.float32)
        for step in steps if len(steps) > 1 else (0.0,):
            place = pose.place_m + step * np.array(pose.moved_m)
            light += _light(eye, rig.size, board, turn @ pose.rotation, turn @ place + shift) / len(steps)
        light = cv2.GaussianBlur(light, (0, 0), _SOFTNESS_PX)
        light += random.normal(0, _NOISE, light.shape).astype(np.float32)
        pictures.append(cv2.cvtColor(srgb_from_linear(light), cv2.COLOR_GRAY2RGB))
    return pictures[0], pictures[1]


def _light(eye: CameraModel, size: tuple[int, int], board: Board, turn: np.ndarray, place: np.ndarray) -> np.ndarray:
    """`(H, W)` linear light of a board at `turn`, `place` as this eye sees it."""
    rays = _rays(eye, size)
    to_board = np.linalg.inv(np.column_stack([turn[:, 0], turn[:, 1], place])).astype(np.float32)
    x, y, scale = (row[0] * rays[..., 0] + row[1] * rays[..., 1] + row[2] for row in to_board)
    texels = _PIXELS_PER_SQUARE / board.square_m
    margin = _PIXELS_PER_SQUARE // 2
    columns, rows = (texels * axis / scale + (margin - 0.5) for axis in (x, y))
    seen = cv2.remap(
        _painted(board, margin), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=_WALL
    )
    seen[scale <= 0] = _WALL
    return cv2.resize(seen, size, interpolation=cv2.INTER_AREA)


@lru_cache(maxsize=2)
def _painted(board: Board, margin: int) -> np.ndarray:
    """`(H, W)` float32 linear light."""
    return (_INK + (_PAPER - _INK) / 255.0 * board.painted(_PIXELS_PER_SQUARE, margin)).astype(np.float32)


@lru_cache(maxsize=2)
def _rays(eye: CameraModel, size: tuple[int, int]) -> np.ndarray:
    """`(4 H, 4 W, 2)` float32 directions x / z, y / z of every ray.

    They are computed for whole pixels; between these, a line is exact to a thousandth of a pixel.
    """
    pixels = np.stack(np.meshgrid(*(np.arange(-1.0, side + 1) for side in size)), axis=-1)
    ideal = eye.undistorted(pixels.reshape(-1, 2), np.eye(3), np.eye(3)).astype(np.float32).reshape(pixels.shape)
    columns, rows = np.meshgrid(*(((np.arange(side * _RAYS) + 0.5) / _RAYS + 0.5).astype(np.float32) for side in size))
    return cv2.remap(ideal, columns, rows, cv2.INTER_LINEAR)
