"""From a processed frame to pictures that can be painted as they are. No Qt."""

from __future__ import annotations

import cv2
import numpy as np

from app.preview_state import Plate, PreviewLook, View
from sterefo_core.colour import disparity_colours
from sterefo_core.export import DISPARITY_RANGE_PX
from sterefo_core.lens import Lens
from sterefo_core.optics import blur_radius_px
from sterefo_core.project import Project
from sterefo_core.types import Refocused, StereoFrame

# In front of, in and behind the focal plane. The second set stays three different greys and hues for every common kind
# of colour blindness (Okabe and Ito, "Color Universal Design", 2008: vermillion, yellow, blue).
FOCAL_COLOURS = ((229, 57, 53), (67, 190, 90), (66, 120, 245))
SAFE_COLOURS = ((213, 94, 0), (240, 228, 66), (0, 114, 178))
SHARP_RADIUS_PX = 0.75
"""A blur of at most this radius cannot be told from none at the size of a pixel."""


def still(frame: StereoFrame, captured_s: float) -> Plate:
    """The plate of a frame that is not computed yet."""
    return Plate(frame.index, frame.timestamp_s, paintable(frame.left), captured_s)


def plate(done: Refocused, captured_s: float, look: PreviewLook, project: Project) -> Plate:
    """The plate of a frame, with the analysis that the view asks for."""
    original = paintable(done.frame.left)
    refocused = original if done.image is done.frame.left else paintable(done.image)
    analysis = _analysis(done, look, project)
    return Plate(done.frame.index, done.frame.timestamp_s, original, captured_s, refocused, analysis, done)


def paintable(image: np.ndarray) -> np.ndarray:
    """`(H, W, 4)` uint8 blue, green, red, 255 of an RGB picture: what Qt calls RGB32."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGRA)


def focal_plane(done: Refocused, lens: Lens, safe_colours: bool) -> np.ndarray:
    """The grey picture, tinted by what lies in front of, in and behind the focal plane; `(H, W, 3)` uint8 RGB.

    The in-focus band is where the blur radius stays below `SHARP_RADIUS_PX`. Without a focus the picture is only grey.
    """
    grey = cv2.cvtColor(cv2.cvtColor(done.frame.left, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if done.focus.disparity is None:
        return grey
    disparity, focus = done.disparity.values, done.focus.disparity
    blurred = blur_radius_px(disparity, focus, lens) > SHARP_RADIUS_PX
    zone = np.where(blurred, np.where(disparity > focus, 0, 2), 1)
    tints = np.array(SAFE_COLOURS if safe_colours else FOCAL_COLOURS, dtype=np.uint8)[zone]
    return cv2.addWeighted(grey, 0.55, tints, 0.45, 0)


def _analysis(done: Refocused, look: PreviewLook, project: Project) -> np.ndarray | None:
    match look.view:
        case View.DISPARITY:
            return paintable(disparity_colours(done.disparity.values, DISPARITY_RANGE_PX))
        case View.FOCAL_PLANE:
            lens = project.resolved_lens(done.frame.calibration)
            return paintable(focal_plane(done, lens, look.safe_colours))
    return None
