"""Light that the sensor has cut off: small clipped spots are lamps and glints, brighter than the picture can say.

Spread by a lens, a lamp of the brightness of white paper all but vanishes; given back its energy it becomes the bright
disk that photographs show. Large clipped areas, such as the sky, are left alone: nothing says that they are brighter.
"""

from __future__ import annotations

import cv2
import numpy as np

CLIPPED = 254  # all three channels from here on: then the picture stays the same where it is in focus
_LARGEST_SHARE = 1 / 24  # of the picture's height: a wider spot is no lamp
_MOST_GAIN = 8.0


def gain_of(strength: float) -> float:
    """By how much the light of clipped spots is multiplied, 1 at strength 0, 8 at 1."""
    return float(_MOST_GAIN**strength)


def largest_lamp(height: int) -> float:
    """Px that a lamp is wide and high at most, in pictures of this height."""
    return max(height * _LARGEST_SHARE, 2.0)


def clipped_spots(image: np.ndarray) -> np.ndarray:
    """`(H, W)` bool: the small clipped spots of a `(H, W, 3)` uint8 picture."""
    clipped = cv2.inRange(image, (CLIPPED,) * 3, (255,) * 3)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(clipped)
    sides = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    small = sides <= largest_lamp(image.shape[0])
    small[0] = False  # the background
    return small[labels] if count > 1 else np.zeros(labels.shape, bool)
