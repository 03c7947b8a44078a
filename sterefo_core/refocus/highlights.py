"""Light that the sensor has cut off: small clipped spots are lamps and glints, brighter than the picture can say.

Spread by a lens, a lamp of the brightness of white paper all but vanishes; given back its energy it becomes the bright
disk that photographs show. Large clipped areas, such as the sky, are left alone: nothing says that they are brighter.
So are small ones in bright surroundings: blades of grass in the sun, the gaps of a white fence.
"""

from __future__ import annotations

import cv2
import numpy as np

CLIPPED = 254  # all three channels from here on: then the picture stays the same where it is in focus
_LARGEST_SHARE = 1 / 24  # of the picture's height: a wider spot is no lamp
_MOST_GAIN = 8.0
BRIGHT = 160
"""Surroundings above this byte hide lamps: in daylight what is white there is mostly an overexposed surface."""


def gain_of(strength: float) -> float:
    """By how much the light of clipped spots is multiplied, 1 at strength 0, 8 at 1."""
    return float(_MOST_GAIN**strength)


def largest_lamp(height: int) -> float:
    """Px that a lamp is wide and high at most, in pictures of this height."""
    return max(height * _LARGEST_SHARE, 2.0)


def clipped_spots(image: np.ndarray) -> np.ndarray:
    """`(H, W)` bool: the small clipped spots of a `(H, W, 3)` uint8 picture, but for those in bright surroundings.

    Those are the box around a spot and as much as the largest lamp, in whole px, on all its sides; how bright they are
    is the mean of the green byte.
    """
    height, width = image.shape[:2]
    clipped = cv2.inRange(image, (CLIPPED,) * 3, (255,) * 3)
    few = cv2.countNonZero(clipped) < 1 << 16  # short labels take a third of the time
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(clipped, ltype=cv2.CV_16U if few else cv2.CV_32S)
    left, top, across, down = boxes[:, :4].T
    reach = int(largest_lamp(height))
    right, bottom = np.minimum(left + across + reach, width), np.minimum(top + down + reach, height)
    left, top = np.maximum(left - reach, 0), np.maximum(top - reach, 0)
    sums = cv2.integral(cv2.extractChannel(image, 1))
    light = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    lamps = (np.maximum(across, down) <= largest_lamp(height)) & (light <= BRIGHT * (right - left) * (bottom - top))
    lamps[0] = False  # the background
    return lamps.take(labels)
