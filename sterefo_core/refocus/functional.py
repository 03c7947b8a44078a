"""The refocusing stage, defined: a picture and its disparity, as a lens of finite aperture would have seen them.

The algorithm, which the fast twins repeat, in linear light:

1. Every pixel has a signed blur radius s = aperture * (disparity - focus), capped at the largest radius; positive is
   nearer than the focal plane, and there is none within the sharp range. Neighbours whose s differ by more than 1 px
   belong to different surfaces.
2. Outlines are unmixed (`rims.py`): the light of a nearer surface in the outermost pixels of a farther one becomes
   light of its own, with the nearer surface's radius.
3. Behind every depth edge the farther surface is continued as far as the lens can look around the rim (`hidden.py`),
   with the right image's colours where it shows them (`second_view.py`). So a pixel has light of up to three surfaces:
   visible, hidden, and its neighbour's share. All are continued beyond the border by repeating the outermost pixels.
4. All light is spread over disks, or the shape that the lens's aperture has (`iris.py`). They are drawn at fixed
   radii, the rungs (`layers.radius_rungs`); light is shared between the two rungs around its radius, linearly in
   s * |s|, so a disk's edge moves smoothly.
5. Neighbouring rungs form a slice, about two pixels of radius thick and more far out of focus; what is in focus has a
   slice of its own. Within a slice light and coverage add up.
6. The slices are composited from far to near, premultiplied, each with the opacity c / max(c, 1 - c_nearer), where c is
   its own coverage and c_nearer that of the next nearer slice (`layers.over` says why). What coverage is missing
   from one in the end is divided out.

Where the aperture's shape changes across the picture (`cats_eye.py`) steps 4 to 6 are done for every shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint

from sterefo_core.lens import Lens, unusable
from sterefo_core.refocus.cats_eye import parts_of
from sterefo_core.refocus.hidden import hidden_surface
from sterefo_core.refocus.iris import Iris
from sterefo_core.refocus.layers import over, spread
from sterefo_core.refocus.rims import unmix_rims
from sterefo_core.refocus.rules import radius_rungs, slices_of


def refocus(
    image: Tensor, disparity: Tensor, focus_disparity: float | Tensor, lens: Lens, right: Tensor | None = None
) -> Tensor:
    """The picture as `lens`, focused on `focus_disparity`, would have seen it.

    Differentiable with respect to both images, disparity, focus disparity and aperture, on any device. Memory of a
    training step hardly grows with the number of slices: they are computed again on the way back.

    Args:
        image: `(B, 3, H, W)` linear light, any float type.
        disparity: `(B, 1, H, W)` px, finite, of any sign.
        focus_disparity: px; a number or a tensor `(B,)`.
        lens: its `aperture` may be a number or a tensor, scalar or `(B,)`.
        right: `(B, 3, H, W)` linear light of the right camera: shows much of what nearer surfaces hide.

    Returns:
        `(B, 3, H, W)` linear light, type and device of `image`.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, a negative aperture or largest radius.
    """
    check_input(image, disparity, lens, right)
    working = torch.promote_types(image.dtype, torch.float32)
    depth = disparity.to(working)
    radius = signed_radius(depth, focus_disparity, lens)  # (B, 1, H, W)
    run = _recomputing if torch.is_grad_enabled() else _plainly
    other = None if right is None else right.to(working)
    light, radii = run(surfaces_of, image.to(working), radius, depth, other)
    reach = math.ceil(lens.max_radius_px)
    light, radii = (pad(tensor, (reach,) * 4, mode="replicate") for tensor in (light, radii))
    rungs, result = radius_rungs(lens.max_radius_px), torch.zeros_like(image, dtype=working)
    for rows, columns, iris, weight in parts_of(lens, *image.shape[-2:]):
        around = ..., slice(rows.start, rows.stop + 2 * reach), slice(columns.start, columns.stop + 2 * reach)
        seen = _composite(light[around], radii[around], rungs, iris, run)[..., reach:, reach:]
        seen = seen[..., : rows.stop - rows.start, : columns.stop - columns.start]
        result[..., rows, columns] += weight.to(result) * seen[:, :3] / seen[:, 3:].clamp(min=1e-6)
    return result.to(image.dtype)


def signed_radius(disparity: Tensor, focus_disparity: float | Tensor, lens: Lens) -> Tensor:
    """Blur radius in px, positive in front of the focal plane, capped at the lens's largest; shape of `disparity`."""
    focus = torch.as_tensor(focus_disparity).to(disparity).reshape(-1, 1, 1, 1)
    aperture = torch.as_tensor(lens.aperture).to(disparity).reshape(-1, 1, 1, 1)
    away = disparity - focus
    away = away - away.clamp(-lens.sharp_px, lens.sharp_px)
    return (aperture * away).clamp(-lens.max_radius_px, lens.max_radius_px)


def surfaces_of(image: Tensor, radius: Tensor, disparity: Tensor, right: Tensor | None) -> tuple[Tensor, Tensor]:
    """Light `(B, 12, H, W)` and signed radii `(B, 3, H, W)` of the visible and hidden surfaces and of the rims' shares.

    Light is premultiplied colour and coverage, four channels for each surface.
    """
    clean, share, share_radius = unmix_rims(image, radius)
    hidden, hidden_radius = hidden_surface(clean, radius, disparity, right)
    light = torch.cat((clean, torch.ones_like(radius), hidden, share), dim=1)
    return light, torch.cat((radius, hidden_radius, share_radius), dim=1)


def _composite(light: Tensor, radii: Tensor, rungs: Sequence[float], iris: Iris, run: Callable) -> Tensor:
    """Spread slice after slice and put them over each other, far to near; premultiplied `(B, 4, H, W)` or larger."""
    height, width = light.shape[-2:]
    border = 0, _good_length(width) - width, 0, _good_length(height) - height
    light, radii = pad(light, border, mode="replicate"), pad(radii, border, mode="replicate")
    behind = slice_light = torch.zeros_like(light[:, :4])
    for members in slices_of(rungs):
        nearer = run(spread, light, radii, rungs, members, iris)
        behind = run(over, slice_light, nearer[:, 3:], behind)
        slice_light = nearer
    return over(slice_light, torch.zeros_like(slice_light[:, 3:]), behind)


_recomputing = partial(checkpoint, use_reentrant=False)


def _plainly(function: Callable, *given: object) -> Tensor:
    return function(*given)


def _good_length(least: int) -> int:
    """The next even length from `least` on that has no prime factor above 5: Fourier transforms like those."""
    length = least + least % 2
    while (2**30 * 3**20 * 5**14) % length:
        length += 2
    return length


def check_input(image: Tensor, disparity: Tensor, lens: Lens, right: Tensor | None) -> None:
    """Raises ValueError, saying which, where `refocus` cannot work on what it is given."""
    if image.ndim != 4 or image.shape[1] != 3 or 0 in image.shape:
        raise ValueError(f"image has shape {tuple(image.shape)}; refocus needs (B, 3, H, W), none of them 0")
    expected = (image.shape[0], 1, *image.shape[2:])
    if disparity.shape != expected:
        raise ValueError(f"disparity has shape {tuple(disparity.shape)}; the image needs {expected}")
    if right is not None and right.shape != image.shape:
        raise ValueError(f"the right image has shape {tuple(right.shape)}, the left one {tuple(image.shape)}")
    if not image.is_floating_point():
        raise ValueError("image must hold linear light as floating point numbers, not bytes")
    for name, tensor in (("image", image), ("disparity", disparity), ("right image", right)):
        if tensor is not None and not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"{name} has values that are not finite (NaN or infinity)")
    if wrong := unusable(lens):
        raise ValueError(wrong)
    if bool((torch.as_tensor(lens.aperture) < 0).any()) or not 0 <= lens.max_radius_px < math.inf:
        raise ValueError("aperture and largest radius of the lens must be finite and not below 0")
