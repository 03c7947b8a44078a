"""What makes clean or few pairs look like many: two unlike cameras, crops, scales. The truth stays exact."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from sterefo_core.learning.samples import StereoSample

_NOISE_SIDE = 1024
_LARGEST_PATCH = 0.3  # of the picture's sides
_MOST_PATCHES = 3
_SHIFT_PX, _TURN_PX = 0.35, 0.2  # how badly pairs are rectified: rows too high or low, and more so at one side

Image = np.ndarray


def photographed(sample: StereoSample, rng: np.random.Generator) -> StereoSample:
    """The pair as two cameras of some make, age and setting would have taken it; each change happens to some pairs.

    Both eyes share exposure, white balance, gamma, blur, compression and lack of colour, up to what two cameras of a
    kind differ by. The right one is also rectified with small errors, and parts of it are covered.
    """
    left, right = (np.ascontiguousarray(image.transpose(1, 2, 0)) for image in (sample.left, sample.right))
    if rng.random() < 0.5:
        right = _badly_rectified(right, rng)
    curve, unlike = _curve(rng, 0.2) * np.exp(rng.normal(0.05, 0.25)), rng.random() < 0.6  # sunlit roads burn out
    blur = rng.uniform(0.3, 1.2) if rng.random() < 0.25 else 0.0
    noise = rng.uniform(0.5, 7) if rng.random() < 0.6 else 0.0
    quality = int(rng.integers(25, 96)) if rng.random() < 0.3 else None
    grey = rng.random() < 0.1
    if rng.random() < 0.35:
        _cover_parts(right, rng)
    eyes = []
    for image in (left, right):
        own = curve * _curve(rng, 0.06) / np.linspace(1, 255, 256)[:, None] if unlike else curve
        seen = cv2.LUT(image, np.clip(own, 0, 255).astype(np.uint8)[None])
        softness = blur + (abs(rng.normal(0, 0.35)) if unlike and rng.random() < 0.3 else 0)
        seen = cv2.GaussianBlur(seen, (0, 0), softness) if softness > 0.15 else seen
        seen = _noisy(seen, noise, rng) if noise else seen
        seen = _compressed(seen, quality) if quality else seen
        seen = cv2.cvtColor(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) if grey else seen
        eyes.append(np.ascontiguousarray(seen.transpose(2, 0, 1)))
    return replace(sample, left=eyes[0], right=eyes[1])


def _curve(rng: np.random.Generator, spread: float) -> np.ndarray:
    """`(256, 3)` float level of each byte and channel: gamma, exposure, white balance and black level."""
    gamma = np.exp(rng.normal(0, spread))
    gain = np.exp(rng.normal(0, 0.6 * spread) + rng.normal(0, 0.25 * spread, 3))
    return 255 * (np.linspace(1, 255, 256)[:, None] / 255) ** gamma * gain + rng.normal(0, 12 * spread)


def _badly_rectified(image: Image, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    shift, tilt = rng.normal(0, _SHIFT_PX / 2), rng.normal(0, _TURN_PX / 2) / width
    matrix = np.array([[1, 0, 0], [tilt, 1, shift - tilt * width / 2]])
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _cover_parts(image: Image, rng: np.random.Generator) -> None:
    """Paint over some boxes with their mean colour, in place: matching has to live with reflections, dirt, wipers."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(1, _MOST_PATCHES + 1)):
        h, w = (int(rng.uniform(0.05, _LARGEST_PATCH) * side) + 1 for side in (height, width))
        y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
        patch = image[y : y + h, x : x + w]
        patch[:] = patch.mean(axis=(0, 1)).astype(np.uint8)


@cache
def _noise_field() -> np.ndarray:
    """Gaussian noise of deviation 1; drawing it anew for each picture would cost as much as the picture."""
    return np.random.default_rng(7).standard_normal((_NOISE_SIDE, _NOISE_SIDE, 3)).astype(np.float32)


def _noisy(image: Image, deviation: float, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    field = _noise_field()
    if max(height, width) > _NOISE_SIDE:
        field = np.tile(field, (-(-height // _NOISE_SIDE), -(-width // _NOISE_SIDE), 1))
    y, x = (int(rng.integers(0, there - side + 1)) for there, side in zip(field.shape, (height, width), strict=False))
    return cv2.add(image, deviation * field[y : y + height, x : x + width], dtype=cv2.CV_8U)


def _compressed(image: Image, quality: int) -> Image:
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))


def cropped(sample: StereoSample, rng: np.random.Generator, height: int, width: int) -> StereoSample:
    """A random part of `height` x `width` px, at 0.7 to 1.4 times the size, one in ten upside down.

    A picture that is too small is continued at its right and lower border, where nothing is valid.
    """
    sample = scaled(sample, float(np.exp(rng.uniform(np.log(0.7), np.log(1.4)))))
    sample = _padded(sample, height, width)
    room = sample.disparity.shape
    top, left = int(rng.integers(0, room[0] - height + 1)), int(rng.integers(0, room[1] - width + 1))
    flip = -1 if rng.random() < 0.1 else 1
    part = sample.changed(lambda values: values[..., top : top + height, left : left + width][..., ::flip, :])
    seen = np.arange(width) - part.disparity
    outside = part.valid & ((seen < 0) | (seen > width - 1))
    return part if part.occluded is None else replace(part, occluded=part.occluded | outside)


def _padded(sample: StereoSample, height: int, width: int) -> StereoSample:
    """The pair with its last row and column repeated where it is smaller than this."""
    missing = [(0, max(wanted - there, 0)) for wanted, there in zip((height, width), sample.valid.shape, strict=True)]
    if not any(after for _, after in missing):
        return sample
    padded = sample.changed(lambda values: np.pad(values, [(0, 0)] * (values.ndim - 2) + missing, mode="edge"))
    return replace(padded, valid=np.pad(sample.valid, missing))


def scaled(sample: StereoSample, factor: float) -> StereoSample:
    """The pair at `factor` times its size; disparities are of pixels of the new size and never interpolated."""
    old = sample.valid.shape
    height, width = (max(round(side * factor), 1) for side in old)
    rows, columns = (
        ((np.arange(new) + 0.5) * there / new).astype(int) for new, there in zip((height, width), old, strict=True)
    )

    def resized(values: np.ndarray) -> np.ndarray:
        if values.ndim == 2:
            return values[rows[:, None], columns]
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        return cv2.resize(values.transpose(1, 2, 0), (width, height), interpolation=method).transpose(2, 0, 1)

    changed = sample.changed(resized)
    return replace(changed, disparity=changed.disparity * np.float32(width / old[1]))
