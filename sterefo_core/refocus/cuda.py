"""Refocusing on CUDA: the same function as `functional.refocus`, made fast with Triton, forward and backward.

Light is gathered, so that every run gives the same picture. A small pass notes in every tile the largest disk of every
slice, and widens that to the tiles which those disks reach. A warp then computes a block of pixels: from the nearest
slice to the farthest it adds up the light within reach in registers, and stops where nothing behind shows through.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from sterefo_core.lens import Lens
from sterefo_core.refocus.cats_eye import parts_of, shapes_of
from sterefo_core.refocus.cuda_plan import Plan, plan_for
from sterefo_core.refocus.cuda_spread import Light, Shape, Slices
from sterefo_core.refocus.functional import check_input, signed_radius, surfaces_of
from sterefo_core.refocus.layers import over


def refocus(
    image: Tensor, disparity: Tensor, focus_disparity: float | Tensor, lens: Lens, right: Tensor | None = None
) -> Tensor:
    """`functional.refocus` with the spreading of light, and its derivative, done by Triton in float32.

    Takes, returns and raises the same. Float64 is computed as float32.
    """
    check_input(image, disparity, lens, right)
    batch, _, height, width = image.shape
    depth, other = disparity.float(), None if right is None else right.float()
    light, radii = surfaces_of(image.float(), signed_radius(depth, focus_disparity, lens), depth, other)
    plan = plan_for(float(lens.max_radius_px), shapes_of(lens, height, width), image.device)
    if torch.is_grad_enabled() and (light.requires_grad or radii.requires_grad):
        return _differentiable(light, radii, lens, plan).to(image.dtype)
    spread = Light(Shape.of(batch, radii.shape[1], height, width, plan), plan)
    spread.fill(light, radii)
    out = torch.empty(image.shape, dtype=torch.float32, device=image.device)
    return spread.spread(out, "light").to(image.dtype)


def _differentiable(light: Tensor, radii: Tensor, lens: Lens, plan: Plan) -> Tensor:
    """The picture `(B, 3, H, W)`, mixed of its parts as the definition does it; all slices of a part are kept."""
    (batch, surfaces, height, width), margin = radii.shape, plan.margin_px
    light, radii = (pad(tensor, (margin,) * 4, mode="replicate") for tensor in (light, radii))
    result = torch.zeros(batch, 3, height, width, device=light.device)
    for rows, columns, iris, weight in parts_of(lens, height, width):
        shape = Shape.of(batch, surfaces, rows.stop - rows.start, columns.stop - columns.start, plan)
        around = ..., slice(rows.start, rows.stop + 2 * margin), slice(columns.start, columns.stop + 2 * margin)
        rest = shape.border_beyond(margin)
        padded = (pad(tensor[around], rest, mode="replicate") for tensor in (light, radii))
        seen = _composited(Slices.apply(*padded, shape, plan.with_only(iris)))
        result[..., rows, columns] += weight.to(result) * seen
    return result


def _composited(slices: Tensor) -> Tensor:
    """Slices `(B, S, 4, H, W)` put over each other; `(B, 3, H, W)`."""
    behind = torch.zeros_like(slices[:, 0])
    nothing = torch.zeros_like(slices[:, 0, 3:])
    for index in range(slices.shape[1]):
        last = index + 1 == slices.shape[1]
        behind = over(slices[:, index], nothing if last else slices[:, index + 1, 3:], behind)
    return behind[:, :3] / behind[:, 3:].clamp(min=1e-6)
