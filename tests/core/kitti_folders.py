"""Makes small folders in the formats of the KITTI data sets, with made-up pictures and known numbers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 64, 48
FOCAL_PX, BASELINE_M, CX_PX, CY_PX, OFFSET_PX = 700.0, 0.54, 31.5, 23.5, 2.0
DISPARITY_PX = 6


def view(number: int, camera: int) -> np.ndarray:
    """What camera 0 (left) or 1 (right) sees at this moment: `(H, W, 3)` uint8 RGB, a wall at DISPARITY_PX."""
    noise = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH + DISPARITY_PX, 3), dtype=np.uint8)
    wall = cv2.blur(noise, (3, 3))
    return wall[:, camera * DISPARITY_PX :][:, :WIDTH]


def write(path: Path, rgb: np.ndarray) -> Path:
    """Save RGB or grey, 8 or 16 bits, making the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[..., ::-1] if rgb.ndim == 3 else rgb)
    return path


def write_views(left: Path, right: Path, names: Iterable[str], grey: bool = False) -> None:
    """The pictures of both cameras; the n-th name shows `view(n)`."""
    for number, name in enumerate(names):
        for camera, folder in enumerate((left, right)):
            picture = view(number, camera)
            write(folder / name, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if grey else picture)


def projections(key: str = "P") -> str:
    """Lines P0..P3: cameras 1 and 3 are BASELINE_M to the right of 0 and 2, with OFFSET_PX; 2 is 6 cm left of 0."""
    rows = []
    for camera, to_the_right_m in enumerate((0.0, BASELINE_M, -0.06, BASELINE_M - 0.06)):
        cx = CX_PX + (OFFSET_PX if camera % 2 else 0)
        matrix = [FOCAL_PX, 0, cx, -FOCAL_PX * to_the_right_m, 0, FOCAL_PX, CY_PX, 0.1, 0, 0, 1, 0.003]
        rows.append(f"{key}{camera}: " + " ".join(f"{value:.12e}" for value in matrix))
    return "\n".join(rows) + "\n"


def write_text(path: Path, text: str) -> Path:
    """Save text, making the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def odometry_time_s(number: int) -> float:
    """When frame `number` of `make_odometry` was taken; the frames are not quite equally far apart."""
    return 0.1037 * number + 0.001 * number**2


def make_odometry(root: Path, frames: int = 5, grey: bool = False, colour: bool = True) -> Path:
    """`sequences/07` with `times.txt` two lines longer than the pictures; frame n is at `odometry_time_s(n)`."""
    sequence, names = root / "sequences" / "07", [f"{number:06d}.png" for number in range(frames)]
    if colour:
        write_views(sequence / "image_2", sequence / "image_3", names)
    if grey:
        write_views(sequence / "image_0", sequence / "image_1", names, grey=True)
    write_text(sequence / "calib.txt", projections())
    write_text(sequence / "times.txt", "".join(f"{odometry_time_s(number):e}\n" for number in range(frames + 2)))
    return sequence


RAW_NANOSECONDS = (998_900_001, 1_002_300_004, 1_108_000_000)
"""Of the three frames of `make_raw`, after 2011-09-26 13:02:25."""


def make_raw(root: Path, colour: bool = True, drive: int = 5) -> Path:
    """A drive of three frames, grey and perhaps colour, whose first second ends between its frames 0 and 1."""
    date = root / "2011_09_26"
    folder, names = date / f"2011_09_26_drive_{drive:04d}_sync", [f"{number:010d}.png" for number in range(3)]
    for left, right in (("image_00", "image_01"), ("image_02", "image_03"))[: 1 + colour]:
        write_views(folder / left / "data", folder / right / "data", names, grey=left == "image_00")
        for camera in (left, right):
            dates = (f"2011-09-26 13:02:{25 + ns // 10**9}.{ns % 10**9:09d}\n" for ns in RAW_NANOSECONDS)
            write_text(folder / camera / "timestamps.txt", "".join(dates))
    calibration = "calib_time: 09-Jan-2012 13:57:47\nS_rect_00: 1.242e+03 3.75e+02\n" + projections("P_rect_0")
    write_text(date / "calib_cam_to_cam.txt", calibration)
    return folder


def make_tracking(root: Path, sequences: Iterable[str] = ("0004",)) -> Path:
    """`training` with sequences of three frames; a car is in frames 0 and 1, a person in 1, DontCare in 0."""
    training = root / "training"
    for sequence in sequences:
        names = [f"{number:06d}.png" for number in range(3)]
        write_views(training / "image_02" / sequence, training / "image_03" / sequence, names)
        write_text(training / "calib" / f"{sequence}.txt", projections() + "R_rect 1 0 0 0 1 0 0 0 1\n")
        solid = "1.5 1.6 3.9 1.0 1.6 20.0 -1.5"
        labels = (
            "0 -1 DontCare -1 -1 -10 5.0 5.0 9.0 9.0 -1000 -1000 -1000 -10 -1 -1 -1",
            f"0 2 Car 0 0 -1.8 10.5 20.0 30.5 32.0 {solid}",
            f"1 2 Car 0 0 -1.8 12.5 20.0 34.5 34.0 {solid}",
            f"1 7 Pedestrian 0 1 -1.8 40.0 18.0 46.0 36.0 {solid}",
        )
        write_text(training / "label_02" / f"{sequence}.txt", "\n".join(labels) + "\n")
    return training


def make_stereo(root: Path, year: int = 2015) -> Path:
    """`training` with pairs 000003 and 000008; the truth's upper half is unknown, a car covers x 8..19, y 30..39."""
    training = root / "training"
    sides = {
        2015: [("image_2", "image_3", False)],
        2012: [("image_0", "image_1", True), ("colored_0", "colored_1", False)],
    }
    for number, name in enumerate(("000003_10.png", "000008_10.png")):
        for left, right, grey in sides[year]:
            write_views(training / left, training / right, [name], grey)
            write_views(training / left, training / right, [name.replace("_10", "_11")], grey)
        truth = np.full((HEIGHT, WIDTH), DISPARITY_PX * 256 + 64, np.uint16)
        truth[: HEIGHT // 2] = 0
        write(training / ("disp_occ_0" if year == 2015 else "disp_occ") / name, truth)
        folder, key = ("calib_cam_to_cam", "P_rect_0") if year == 2015 else ("calib", "P")
        text = projections(key).replace(f"{FOCAL_PX:.12e}", f"{FOCAL_PX + number:.12e}")
        write_text(training / folder / f"{name[:6]}.txt", text)
        if year == 2015:
            mask = np.zeros((HEIGHT, WIDTH), np.uint8)
            mask[30:40, 8:20] = 5
            write(training / "obj_map" / name, mask)
    return training
