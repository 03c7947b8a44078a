"""A tiny real sequence: a textured square moves to the right before a textured wall; KITTI odometry layout."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from sterefo_core.types import Box, Follow

WIDTH, HEIGHT, FRAMES = 160, 97, 5
WALL_PX, SQUARE_PX = 9, 20
"""Disparity of the wall and of the square."""
TRACK = "0:60,30,40,36"
FOLLOW = Follow(0, Box(60, 30, 40, 36))
_CAMERAS = "P0: 100 0 80 0 0 100 48 0 0 0 1 0\nP1: 100 0 80 -54 0 100 48 0 0 0 1 0\n"


def make_sequence(folder: Path, frames: int = FRAMES) -> Path:
    """Write the pictures, `calib.txt` (focal length 100 px, baseline 0.54 m) and `times.txt` (10 Hz)."""
    rng = np.random.default_rng(7)
    wall = cv2.GaussianBlur(rng.integers(0, 255, (HEIGHT, WIDTH + 60, 3), np.uint8), (0, 0), 1.2)
    square = cv2.GaussianBlur(rng.integers(0, 255, (36, 40, 3), np.uint8), (0, 0), 1.5)
    for eye, offset, x in (("image_2", 0, 60), ("image_3", WALL_PX, 60 - SQUARE_PX)):
        (folder / eye).mkdir(parents=True)
        for index in range(frames):
            picture = wall[:, offset : offset + WIDTH].copy()
            picture[30:66, x + index : x + index + 40] = square
            cv2.imwrite(str(folder / eye / f"{index:06d}.png"), picture)
    (folder / "calib.txt").write_text(_CAMERAS + _CAMERAS.replace("P0", "P2").replace("P1", "P3"))
    (folder / "times.txt").write_text("".join(f"{0.1 * index:e}\n" for index in range(frames + 3)))
    return folder
