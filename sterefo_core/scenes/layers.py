"""Planar textured layers, and exact pictures of them from any viewpoint.

A scene is a list of flat, textured layers. The disparity of a flat surface is linear in the left image,
d = a x + b y + c, so moving the eye by (u, v) baselines, which takes (x, y) to (x - u d, y - v d), is an affine map of
the whole layer with no approximation: every view has its own true occlusion. Light is linear and may exceed 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

LEFT_EYE = (0.0, 0.0)
RIGHT_EYE = (1.0, 0.0)
_ONE_MINUS_ALPHA = np.array([[0, 0, 0, -1, 1]] * 4, dtype=np.float32)  # cv2.transform: RGBA -> (1 - A) four times


@dataclass(frozen=True, eq=False)
class Layer:
    """One flat surface.

    Attributes:
        texture: `(h, w, 4)` float32, linear RGB times alpha, and alpha 0..1. RGB without alpha adds light (a glow).
        to_left: `(3, 3)` homography from texture pixels to pixels of the left image; all of it lies before the camera.
        disparity: (a, b, c) of d = a x + b y + c, px, in pixels of the left image.
        object_id: which object it is part of; 0 for the surroundings.
    """

    texture: np.ndarray
    to_left: np.ndarray
    disparity: tuple[float, float, float]
    object_id: int = 0


@dataclass(frozen=True, eq=False)
class Scene:
    """Layers from far to near, in the order they are painted, and the names of the objects by their id (> 0)."""

    layers: tuple[Layer, ...]
    names: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class LeftView:
    """The left view and what is exactly known of it.

    Attributes:
        image: `(H, W, 3)` float32, linear light.
        disparity: `(H, W)` float32, px: that of the nearest layer that covers at least half of the pixel; 0 where none.
        object_ids: `(H, W)` int32, of the same layer.
    """

    image: np.ndarray
    disparity: np.ndarray
    object_ids: np.ndarray


def premultiplied(colour: np.ndarray, alpha: np.ndarray | float = 1.0) -> np.ndarray:
    """The `(h, w, 4)` float32 texture of a `(h, w, 3)` linear colour and a `(h, w)` alpha, or one alpha for all."""
    covered = np.broadcast_to(np.asarray(alpha, dtype=np.float32), colour.shape[:2])[..., None]
    return np.concatenate([colour * covered, covered], axis=2, dtype=np.float32)


def placed(texture: np.ndarray, x: float, y: float, disparity: tuple[float, float, float], object_id: int = 0) -> Layer:
    """A layer whose texture lies pixel for pixel on the left image, its first pixel at column x and row y."""
    return Layer(texture, np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]]), disparity, object_id)


def render_view(
    scene: Scene, viewpoint: tuple[float, float], size: tuple[int, int], focus_disparity: float = 0.0
) -> np.ndarray:
    """The scene from `viewpoint` as `(H, W, 3)` float32 linear light; black where no layer is.

    `viewpoint` is (u, v) in baselines: LEFT_EYE, RIGHT_EYE, or `aperture` times a point of the unit disk for a ray
    through a lens. `size` is (width, height). The view is shifted so that `focus_disparity` px stays where it is.
    """
    canvas = np.zeros((size[1], size[0], 4), dtype=np.float32)
    paint_view(scene, viewpoint, focus_disparity, canvas)
    return cv2.cvtColor(canvas, cv2.COLOR_RGBA2RGB)


def paint_view(scene: Scene, viewpoint: tuple[float, float], focus_disparity: float, canvas: np.ndarray) -> None:
    """Paint the view over `canvas`, `(H, W, 4)` float32 premultiplied; see `render_view`."""
    for _, region, warped in _warped_layers(scene, viewpoint, focus_disparity, canvas.shape[:2]):
        target = canvas[region]
        cv2.multiply(target, cv2.transform(warped, _ONE_MINUS_ALPHA), dst=target)
        cv2.add(target, warped, dst=target)


def render_left(scene: Scene, size: tuple[int, int]) -> LeftView:
    """The left view with its exact disparity and object ids; `size` is (width, height)."""
    disparity, object_ids = exact_maps(scene, size)
    return LeftView(render_view(scene, LEFT_EYE, size), disparity, object_ids)


def exact_maps(scene: Scene, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Disparity `(H, W)` float32 px and object ids `(H, W)` int32 of the left view, as in `LeftView`."""
    shape = (size[1], size[0])
    disparity, object_ids = np.zeros(shape, np.float32), np.zeros(shape, np.int32)
    for layer, region, warped in _warped_layers(scene, LEFT_EYE, 0.0, shape):
        covered = warped[..., 3] >= 0.5
        a, b, c = layer.disparity
        rows, columns = np.ogrid[region]
        np.copyto(disparity[region], (a * columns + b * rows + c).astype(np.float32), where=covered)
        object_ids[region][covered] = layer.object_id
    return disparity, object_ids


def _warped_layers(
    scene: Scene, viewpoint: tuple[float, float], focus_disparity: float, shape: tuple[int, ...]
) -> Iterator[tuple[Layer, tuple[slice, slice], np.ndarray]]:
    """Every layer that meets the picture, its rows and columns there, and its texture warped onto them."""
    for layer in scene.layers:
        to_view = _view_of_plane(layer.disparity, viewpoint, focus_disparity) @ layer.to_left
        region = _region(to_view, layer.texture.shape, shape)
        if region is not None:
            yield layer, region, _warp(layer.texture, to_view, region)


def _view_of_plane(
    disparity: tuple[float, float, float], viewpoint: tuple[float, float], focus_disparity: float
) -> np.ndarray:
    """`(3, 3)` affine map of left pixels to pixels of the view: (x - u (d - f), y - v (d - f))."""
    (u, v), (a, b, c) = viewpoint, disparity
    row = np.array([a, b, c - focus_disparity])
    return np.eye(3) - np.array([u * row, v * row, 0 * row])


def _region(to_view: np.ndarray, texture: tuple[int, ...], shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Rows and columns of the picture that the texture, with the soft edge outside its last pixels, can touch."""
    height, width = texture[:2]
    corners = np.array([[-1, width, width, -1], [-1, -1, height, height], [1, 1, 1, 1]])
    x, y, scale = to_view @ corners
    seen = list(zip((x / scale).tolist(), (y / scale).tolist(), strict=True))
    for axis, end in ((0, shape[1] - 1), (1, shape[0] - 1)):
        seen = _above(_above(seen, axis, 1, 0), axis, -1, -end)
    if not seen:
        return None
    columns, rows = zip(*seen, strict=True)
    return _whole(rows, shape[0]), _whole(columns, shape[1])


def _above(polygon: list[tuple[float, float]], axis: int, sign: int, limit: float) -> list[tuple[float, float]]:
    """The part of a convex polygon where `sign` times its x or y (axis 0 or 1) is at least `limit`."""
    kept = []
    for start, end in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        before, after = sign * start[axis] - limit, sign * end[axis] - limit
        if before >= 0:
            kept.append(start)
        if before * after < 0:
            share = before / (before - after)
            kept.append((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
    return kept


def _whole(along: tuple[float, ...], end: int) -> slice:
    """The pixels from the least to the greatest of these positions, and one more for rounding."""
    return slice(max(int(min(along)) - 1, 0), min(int(max(along)) + 3, end))


def _warp(texture: np.ndarray, to_view: np.ndarray, region: tuple[slice, slice]) -> np.ndarray:
    rows, columns = region
    to_region = np.array([[1.0, 0, -columns.start], [0, 1, -rows.start], [0, 0, 1]]) @ to_view
    size = (columns.stop - columns.start, rows.stop - rows.start)
    if not to_region[2, :2].any():
        return cv2.warpAffine(texture, to_region[:2] / to_region[2, 2], size)
    warped = cv2.warpPerspective(texture, to_region, size)
    cv2.patchNaNs(warped, 0.0)  # on the plane's vanishing line, where OpenCV computes with infinity, nothing is seen
    return warped
