"""Data sets of stereo pairs, on tiny files in their real formats."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.learning.datasets import open_labelled, open_samples
from sterefo_core.learning.pfm import read_pfm, write_pfm
from tests.core import kitti_folders as made

HEIGHT, WIDTH = 20, 30


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image if image.ndim == 2 else image[..., ::-1])


def write_map(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_pfm(path, np.asarray(values, np.float32))


def ramp() -> np.ndarray:
    return np.linspace(0.25, 12, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)


def assert_shows(sample, seed: int) -> None:
    np.testing.assert_array_equal(sample.left, picture(seed).transpose(2, 0, 1))
    np.testing.assert_array_equal(sample.right, picture(seed + 100).transpose(2, 0, 1))


def write_pair(left, right, seed: int) -> None:
    write(left, picture(seed))
    write(right, picture(seed + 100))


def test_a_float_map_has_its_first_row_at_the_top_whatever_the_order_of_its_bytes(tmp_path):
    values = ramp()
    for order, scale in (("<", b"-1.0"), (">", b"1.0")):
        path = tmp_path / "map.pfm"
        path.write_bytes(b"Pf\n%d %d\n%s\n" % (WIDTH, HEIGHT, scale) + values[::-1].astype(order + "f4").tobytes())
        np.testing.assert_array_equal(read_pfm(path), values)


def test_of_a_coloured_float_map_the_first_channel_counts(tmp_path):
    stored = np.stack([ramp(), 0 * ramp(), 0 * ramp()], axis=2)
    (tmp_path / "map.pfm").write_bytes(b"PF\n%d %d\n-1\n" % (WIDTH, HEIGHT) + stored[::-1].astype("<f4").tobytes())
    np.testing.assert_array_equal(read_pfm(tmp_path / "map.pfm"), ramp())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"P6\n2 2\n255\n" + bytes(12),
        b"Pf\n2 2\n-1\n" + bytes(15),  # a byte too few
        b"Pf\n0 2\n-1\n",
        b"Pf\n9999999 9999999\n-1\n" + bytes(16),
        b"Pf\n-2 2\n-1\n" + bytes(16),
        b"Pf\n2 2\n",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_a_damaged_float_map_is_refused_by_name(tmp_path, data):
    (tmp_path / "map.pfm").write_bytes(data)
    with pytest.raises(BadFrameError, match=r"map\.pfm"):
        read_pfm(tmp_path / "map.pfm")


def test_nonsense_in_a_float_map_raises_only_our_errors(tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / "map.pfm"
    good = b"Pf\n4 3\n-1.0\n" + struct.pack("<12f", *range(12))
    for _ in range(400):
        data = bytearray(good[: rng.integers(0, len(good) + 1)])
        for place in rng.integers(0, max(len(data), 1), rng.integers(0, 6)):
            data[place : place + 1] = bytes([rng.integers(0, 256)])
        path.write_bytes(bytes(data))
        try:
            assert read_pfm(path).ndim == 2
        except BadFrameError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("frames", "place"),
    [
        ("frames_finalpass", "TRAIN/A/0000"),  # FlyingThings3D
        ("frames_cleanpass", "35mm_focallength/scene_forwards/fast"),  # Driving
        ("frames_cleanpass", "funnyworld_x2"),  # Monkaa
        ("frames_cleanpass_webp", "TRAIN/B/0001"),
    ],
)
def test_scene_flow(tmp_path, frames, place):
    for number in (6, 7):
        write_pair(
            tmp_path / frames / place / f"left/{number:04}.png",
            tmp_path / frames / place / f"right/{number:04}.png",
            number,
        )
        values = ramp()
        values[0, 0] = np.inf
        write_map(tmp_path / "disparity" / place / f"left/{number:04}.pfm", values)
    samples = open_samples(str(tmp_path))
    assert (samples.name, len(samples)) == (f"SceneFlow {tmp_path.name}", 2)
    assert_shows(samples[1], 7)
    assert not samples[0].valid[0, 0]
    assert samples[0].disparity[0, 0] == 0
    np.testing.assert_array_equal(samples[0].disparity[1:], ramp()[1:])
    assert samples[0].occluded is None


def test_scene_flow_tells_occlusion_by_the_truth_of_the_right_picture(tmp_path):
    write_pair(tmp_path / "frames_cleanpass/a/left/0001.png", tmp_path / "frames_cleanpass/a/right/0001.png", 1)
    left, right = np.full((HEIGHT, WIDTH), 2.0), np.full((HEIGHT, WIDTH), 2.0)
    left[:, 15:20], right[:, 9:14] = 6, 6  # a bar, 6 px nearer to the left in the right picture
    write_map(tmp_path / "disparity/a/left/0001.pfm", left)
    write_map(tmp_path / "disparity/a/right/0001.pfm", right)
    occluded = open_samples(str(tmp_path))[0].occluded
    assert occluded[3].nonzero()[0].tolist() == [0, 1, 11, 12, 13, 14]


def test_a_part_of_scene_flow_is_opened_by_the_folder_of_its_frames(tmp_path):
    for part in ("TRAIN", "TEST"):
        frames = tmp_path / "frames_finalpass" / part / "A/0000"
        write_pair(frames / "left/0006.png", frames / "right/0006.png", 6)
        write_map(tmp_path / "disparity" / part / "A/0000/left/0006.pfm", ramp())
    assert len(open_samples(str(tmp_path))) == 2
    assert len(open_samples(str(tmp_path / "frames_finalpass/TEST"))) == 1


@pytest.mark.parametrize(
    ("left", "right", "seen_or_not", "seen"),
    [("image_2", "image_3", "disp_occ_0", "disp_noc_0"), ("colored_0", "colored_1", "disp_occ", "disp_noc")],
)
def test_kitti_stereo(tmp_path, left, right, seen_or_not, seen):
    base = tmp_path / "training"
    write_pair(base / left / "000003_10.png", base / right / "000003_10.png", 3)
    write_pair(base / left / "000003_11.png", base / right / "000003_11.png", 4)  # the next frame has no truth
    stored = np.zeros((HEIGHT, WIDTH), np.uint16)
    stored[5, 6:9] = 256 * 7 + 128
    write(base / seen_or_not / "000003_10.png", stored)
    stored[5, 6] = 0
    write(base / seen / "000003_10.png", stored)
    objects = np.zeros((HEIGHT, WIDTH), np.uint8)
    objects[5, 8] = 2
    write(base / "obj_map/000003_10.png", objects)
    samples = open_samples(str(tmp_path))
    sample = samples[0]
    assert (samples.name, len(samples)) == (f"KITTI stereo {tmp_path.name}", 1)
    assert_shows(sample, 3)
    assert sample.disparity[5, 6:9].tolist() == [7.5, 7.5, 7.5]
    assert np.argwhere(sample.occluded).tolist() == [[5, 6]]
    assert np.argwhere(sample.foreground).tolist() == [[5, 8]]
    assert sample.valid.sum() == 3


def test_cityscapes_counts_from_one(tmp_path):
    name = "ulm_000000_000019"
    write_pair(
        tmp_path / f"leftImg8bit/train/ulm/{name}_leftImg8bit.png",
        tmp_path / f"rightImg8bit/train/ulm/{name}_rightImg8bit.png",
        5,
    )
    stored = np.zeros((HEIGHT, WIDTH), np.uint16)
    stored[2, 3], stored[2, 4] = 1 + 256 * 9, 1
    write(tmp_path / f"disparity/train/ulm/{name}_disparity.png", stored)
    samples = open_samples(str(tmp_path))
    assert samples.name == f"Cityscapes {tmp_path.name}"
    assert_shows(samples[0], 5)
    assert samples[0].disparity[2, 3:5].tolist() == [9, 0]
    assert np.argwhere(samples[0].valid).tolist() == [[2, 3], [2, 4]]
    assert len(open_samples(str(tmp_path / "leftImg8bit/train"))) == 1


@pytest.mark.parametrize(
    ("names", "scale"),
    [(("im2", "im6", "disp2_scale4"), 4), (("view1", "view5", "disp1"), 3), (("im0", "im1", "disp0_scale2"), 2)],
)
def test_middlebury_with_disparities_in_parts_of_a_pixel(tmp_path, names, scale):
    left, right, truth = (tmp_path / "cones" / f"{name}.png" for name in names)
    write_pair(left, right, 8)
    stored = np.zeros((HEIGHT, WIDTH), np.uint8)
    stored[4, 5] = 30
    write(truth, stored)
    for address in (tmp_path, tmp_path / "cones"):
        sample = open_samples(str(address))[0]
        assert_shows(sample, 8)
        assert sample.disparity[4, 5] == 30 / scale
        assert np.argwhere(sample.valid).tolist() == [[4, 5]]


@pytest.mark.parametrize(
    ("names", "scales"),
    [
        (("im2", "im6", "disp2"), {434: 8, 450: 4, 900: 2, 1800: 1}),
        (("view1", "view5", "disp1"), {427: 3, 641: 2, 1282: 1}),
    ],
)
def test_middlebury_sizes_are_told_apart_by_their_widths(tmp_path, names, scales):
    left, right, truth = (tmp_path / f"{name}.png" for name in names)
    for width, scale in scales.items():
        for path in (left, right):
            write(path, np.zeros((16, width, 3), np.uint8))
        write(truth, np.full((16, width), 60, np.uint8))
        assert open_samples(str(tmp_path))[0].disparity[0, 0] == 60 / scale


def test_middlebury_tells_occlusion_by_its_mask(tmp_path):
    write_pair(tmp_path / "im0.png", tmp_path / "im1.png", 9)
    values = ramp()
    values[3, 3] = np.inf
    write_map(tmp_path / "disp0GT.pfm", values)
    mask = np.full((HEIGHT, WIDTH), 255, np.uint8)
    mask[3, 3], mask[4, 5] = 0, 128  # unknown, hidden
    write(tmp_path / "mask0nocc.png", mask)
    assert np.argwhere(open_samples(str(tmp_path))[0].occluded).tolist() == [[4, 5]]
    write(tmp_path / "mask0nocc.png", mask[:-1])
    with pytest.raises(BadFrameError, match="another size"):
        open_samples(str(tmp_path))[0]


@pytest.mark.parametrize("name", ["disp0.pfm", "disp0GT.pfm"])
def test_middlebury_with_float_maps(tmp_path, name):
    write_pair(tmp_path / "im0.png", tmp_path / "im1.png", 9)
    values = ramp()
    values[3, 3] = np.inf
    write_map(tmp_path / name, values)
    (tmp_path / "calib.txt").write_text("cam0=[1 0 1; 0 1 1; 0 0 1]\ncam1=[1 0 1; 0 1 1; 0 0 1]\nbaseline=100\n")
    samples = open_samples(str(tmp_path))
    assert (samples.name, len(samples)) == (f"Middlebury {tmp_path.name}", 1)
    assert np.argwhere(~samples[0].valid).tolist() == [[3, 3]]


def test_pictures_without_truth_are_unlabelled_pairs(tmp_path):
    write_pair(tmp_path / "left/1.png", tmp_path / "right/1.png", 1)
    samples = open_samples(str(tmp_path))
    assert_shows(samples[0], 1)
    assert not samples[0].valid.any() and not samples.labelled
    with pytest.raises(SourceError, match="has no true disparities to compare with"):
        open_labelled(str(tmp_path))


def test_kitti_raw_is_unlabelled_pairs(tmp_path):
    drive = made.make_raw(tmp_path)
    samples = open_samples(str(drive))
    np.testing.assert_array_equal(samples[1].left, made.view(1, 0).transpose(2, 0, 1))
    assert not samples[1].valid.any()


def test_a_folder_with_nothing_known_is_refused(tmp_path):
    with pytest.raises(SourceError, match="no stereo data set"):
        open_samples(str(tmp_path))
    for address, said in (("absent", "does not exist"), ("a.mp4", "does not exist"), ("camera:0", "record it")):
        with pytest.raises(SourceError, match=said):
            open_samples(address)


def test_truth_of_another_size_than_its_picture_is_refused(tmp_path):
    write_pair(tmp_path / "im0.png", tmp_path / "im1.png", 9)
    write_map(tmp_path / "disp0.pfm", ramp()[:-1])
    with pytest.raises(BadFrameError, match="another size"):
        open_samples(str(tmp_path))[0]


def test_held_out_synthetic_pairs_are_the_same_every_time():
    samples = open_samples("synthetic")
    np.testing.assert_array_equal(samples[3].left, open_samples("synthetic")[3].left)
    with pytest.raises(IndexError):
        samples[len(samples)]


def test_real_kitti_and_middlebury(real_data):
    kitti = open_samples(str(real_data / "kitti2015"))
    assert len(kitti) == 14
    sample = kitti[0]
    assert sample.left.shape[1:] == sample.disparity.shape
    assert 1 < sample.disparity[sample.valid].min() < sample.disparity[sample.valid].max() < 200
    assert 0.1 < sample.valid.mean() < 0.5
    assert sample.foreground.any()
    middlebury = open_samples(str(real_data / "middlebury"))
    assert len(middlebury) == 2
    cones = middlebury[1]
    assert 5 < cones.disparity[cones.valid].min() < cones.disparity.max() < 64
    assert 0.02 < cones.occluded.mean() < 0.25
