"""The refocusing stage, defined: a picture and its disparity, as a lens of finite aperture would have seen them.

The algorithm, which the fast twins repeat:

1. Every pixel has a signed blur radius s = aperture * (disparity - focus), capped at the largest radius; positive is
   nearer than the focal plane. The picture is continued beyond its border by repeating its outermost pixels.
2. Behind every depth edge the farther surface is continued (`hidden.py`), as far as the lens can look around the rim.
   These hidden pixels are further pixels with their own colour and radius.
3. All pixels spread their light. Disks are drawn at fixed radii, the rungs (`layers.radius_rungs`); a pixel shares its
   light between the two rungs around its radius, linearly in s * |s|, so a disk's edge moves smoothly.
4. Neighbouring rungs form a slice, a few pixels of radius thick; what is in focus has a slice of its own. Within a
   slice light and coverage add up.
5. The slices are composited from far to near, premultiplied, each with the opacity c / max(c, 1 - c_nearer), where c is
   its own coverage and c_nearer that of the next nearer slice (`layers.over` says why). What coverage is missing
   from one in the end is divided out.

All of it is linear light.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint

from sterefo_core.refocus.hidden import hidden_surface
from sterefo_core.refocus.layers import over, radius_rungs, slices_of, spread
from sterefo_core.types import Lens


def refocus(
    image: Tensor, disparity: Tensor, focus_disparity: float | Tensor, lens: Lens, right: Tensor | None = None
) -> Tensor:
    """The picture as `lens`, focused on `focus_disparity`, would have seen it.

    Differentiable with respect to image, disparity, focus disparity and aperture, on any device. Memory of a training
    step does not grow with the number of slices: they are computed again on the way back.

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
    _check(image, disparity, lens, right)
    working = torch.promote_types(image.dtype, torch.float32)
    colour, depth = image.to(working), disparity.to(working)
    radius = signed_radius(depth, focus_disparity, lens)  # (B, 1, H, W)
    margin = math.ceil(lens.max_radius_px)
    height, width = image.shape[-2:]
    border = (
        margin,
        _good_length(width + 2 * margin) - width - margin,
        margin,
        _good_length(height + 2 * margin) - height - margin,
    )
    colour, radius = pad(colour, border, mode="replicate"), pad(radius, border, mode="replicate")
    behind, behind_radius, present = hidden_surface(colour, radius, 2 * lens.max_radius_px)
    front = torch.cat((colour, torch.ones_like(radius)), dim=1)  # (B, 4, H, W)
    hidden = torch.cat((behind, torch.ones_like(radius)), dim=1) * present
    result = _composite(front, radius, hidden, behind_radius, radius_rungs(lens.max_radius_px))
    inside = result[..., margin : margin + height, margin : margin + width]
    return (inside[:, :3] / inside[:, 3:].clamp(min=1e-6)).to(image.dtype)


def signed_radius(disparity: Tensor, focus_disparity: float | Tensor, lens: Lens) -> Tensor:
    """Blur radius in px, positive in front of the focal plane, capped at the lens's largest; shape of `disparity`."""
    focus = torch.as_tensor(focus_disparity).to(disparity).reshape(-1, 1, 1, 1)
    aperture = torch.as_tensor(lens.aperture).to(disparity).reshape(-1, 1, 1, 1)
    return (aperture * (disparity - focus)).clamp(-lens.max_radius_px, lens.max_radius_px)


def _composite(front: Tensor, radius: Tensor, hidden: Tensor, hidden_radius: Tensor, rungs: list[float]) -> Tensor:
    """Spread slice after slice and put them over each other, far to near; premultiplied `(B, 4, H, W)`."""
    recompute = torch.is_grad_enabled() and (front.requires_grad or radius.requires_grad)
    run = partial(checkpoint, use_reentrant=False) if recompute else lambda function, *given: function(*given)

    def one_slice(front, radius, hidden, hidden_radius, members):
        return spread([(front, radius), (hidden, hidden_radius)], rungs, members)

    behind, pending = torch.zeros_like(front), torch.zeros_like(front)
    for members in slices_of(rungs):
        nearer = run(one_slice, front, radius, hidden, hidden_radius, members)
        behind = run(over, pending, nearer[:, 3:], behind)
        pending = nearer
    return over(pending, torch.zeros_like(pending[:, 3:]), behind)


def _good_length(least: int) -> int:
    """The next length from `least` on that a fast Fourier transform likes: a product of 2, 3 and 5 only, even."""
    length = least + least % 2
    while length // math.gcd(length, 2**30 * 3**19 * 5**13) > 1:
        length += 2
    return length


def _check(image: Tensor, disparity: Tensor, lens: Lens, right: Tensor | None) -> None:
    if image.ndim != 4 or image.shape[1] != 3 or 0 in image.shape:
        raise ValueError(f"image has shape {tuple(image.shape)}; refocus needs (B, 3, H, W), none of them 0")
    if disparity.shape != (image.shape[0], 1, *image.shape[2:]):
        raise ValueError(
            f"disparity has shape {tuple(disparity.shape)}; the image needs {(image.shape[0], 1, *image.shape[2:])}"
        )
    if right is not None and right.shape != image.shape:
        raise ValueError(f"the right image has shape {tuple(right.shape)}, the left one {tuple(image.shape)}")
    if not image.is_floating_point():
        raise ValueError("image must hold linear light as floating point numbers, not bytes")
    for name, tensor in (("image", image), ("disparity", disparity), ("right image", right)):
        if tensor is not None and not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"{name} has values that are not finite (NaN or infinity)")
    if bool((torch.as_tensor(lens.aperture) < 0).any()) or not 0 <= lens.max_radius_px < math.inf:
        raise ValueError("aperture and largest radius of the lens must be finite and not below 0")
