"""How far a picture is from the true one: PSNR, SSIM and FLIP, each as a map so that it can be averaged by region.

All take two `(H, W, 3)` uint8 sRGB-encoded pictures of the same size.
"""

from __future__ import annotations

import cv2
import numpy as np

_WINDOW, _SIGMA = (11, 11), 1.5
_C1, _C2 = 0.01**2, 0.03**2


def squared_error(picture: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """`(H, W)` float32 mean squared difference over the channels, 1 being the whole range."""
    difference = (picture.astype(np.float32) - truth.astype(np.float32)) / 255
    return np.square(difference).mean(axis=2)


def psnr(mean_squared_error: float) -> float:
    """Peak signal to noise ratio in dB of a mean squared error on the range 0..1; 100 where nothing differs."""
    return float(-10 * np.log10(max(mean_squared_error, 1e-10)))


def ssim(picture: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """`(H, W)` float32 structural similarity, mean over the channels; 1 where both look the same.

    Gaussian window of 11 x 11 and sigma 1.5, mirrored at the border (Wang, Bovik, Sheikh and Simoncelli 2004).
    """
    x, y = picture.astype(np.float32) / 255, truth.astype(np.float32) / 255
    mean_x, mean_y = _window(x), _window(y)
    variance_x, variance_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    return (likeness / ((mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2))).mean(axis=2)


def flip(picture: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """`(H, W)` float32 difference that a viewer perceives when flipping between the two, 0..1 (Andersson et al. 2020).

    Viewed at the package's default of 67 pixels per degree.
    """
    from flip_evaluator import evaluate

    reference, test = (np.ascontiguousarray(image, dtype=np.float32) / 255 for image in (truth, picture))
    errors, _, _ = evaluate(reference, test, "LDR", inputsRGB=True, applyMagma=False, computeMeanError=False)
    return errors[..., 0]


def _window(image: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(image, _WINDOW, _SIGMA, borderType=cv2.BORDER_REFLECT_101)
