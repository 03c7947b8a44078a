"""The CUDA twin as a renderer: 8-bit sRGB in and out, with memory that is kept from frame to frame."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor

from sterefo_core.lens import Lens
from sterefo_core.refocus.checks import check_pictures
from sterefo_core.refocus.cuda_frame import LOWEST, Frame, Needs
from sterefo_core.refocus.highlights import largest_lamp
from sterefo_core.refocus.rules import SMOOTHING_STEPS


def tried_out() -> CudaRenderer:
    """A renderer that has rendered a small picture, its kernels compiled. Raises whatever keeps them from running.

    Frames are recorded as CUDA graphs where that gives the same picture as without.
    """
    small, depth = np.arange(192, dtype=np.uint8).reshape(8, 8, 3), np.eye(8, dtype=np.float32) * 40
    pictures = {}
    for graphs in (False, True):
        renderer = CudaRenderer(graphs=graphs)
        for _ in range(3):  # compiled, recorded, replayed
            pictures[graphs] = renderer.render(small, depth, 0.0, Lens(), small)
    return renderer if np.array_equal(pictures[False], pictures[True]) else CudaRenderer(graphs=False)


class CudaRenderer:
    """Renders on one CUDA device with memory that is kept from frame to frame.

    Frames are uploaded, computed and downloaded on a stream of their own, which is waited for once, at a frame's end.
    Calls from several threads wait for each other. The Renderer protocol says what `render` takes.
    """

    def __init__(self, device: str | torch.device = "cuda", parts: int = 1, graphs: bool = True) -> None:
        """`parts` > 1 renders pictures in as many strips one after the other, in less memory."""
        self._device = torch.device(device)
        on_gpu = self._device.type == "cuda"
        self._stream = torch.cuda.Stream(self._device) if on_gpu else None
        self._parts, self._graphs = parts, graphs and on_gpu and parts == 1
        self._frame: Frame | None = None
        self._pinned: dict[str, Tensor] = {}
        self._alone = threading.Lock()

    @torch.no_grad()
    def render(
        self, image: np.ndarray, disparity: np.ndarray, focus_disparity: float, lens: Lens, right: np.ndarray | None
    ) -> np.ndarray:
        """`(H, W, 3)` uint8 RGB, focused at `focus_disparity` px.

        Raises:
            ValueError: shapes or types that do not fit, a disparity that is not finite, a negative aperture.
            torch.OutOfMemoryError: the device's memory is full.
        """
        check_pictures(image, disparity, focus_disparity, lens, right)
        result = np.empty_like(image)
        nearest = LOWEST if self._parts == 1 else float(disparity.max())
        given = {"image": image, "disparity": disparity} | ({} if right is None else {"right": right})
        if self._stream:
            self._stream.wait_stream(torch.cuda.current_stream(self._device))  # for `render_on_device`
        with self._alone, torch.cuda.stream(self._stream) if self._stream else nullcontext():
            for rows, wanted in self._strips(image.shape[0], lens):
                frame = self._frame_for(rows, (image.shape[0], image.shape[1]), lens)
                for name, array in given.items():
                    self._upload(array[rows.start : rows.stop], name, getattr(frame, name))
                frame.refocus(focus_disparity, lens, right is not None, nearest)
                result[wanted.start : wanted.stop] = self._downloaded(frame)[wanted.start - rows.start :][: len(wanted)]
        return result

    @torch.no_grad()
    def render_on_device(
        self, image: Tensor, disparity: Tensor, focus_disparity: float, lens: Lens, right: Tensor | None = None
    ) -> Tensor:
        """`render` for pictures that are on the device already, and stay there: on the current stream, without waiting.

        A disparity that is not finite counts as 0, for nobody looks at it.

        Args:
            image, right: `(H, W, 3)` uint8 RGB. disparity: `(H, W)` float32, px.

        Returns:
            `(H, W, 3)` uint8, the same memory in every call: the next one overwrites it.
        """
        with self._alone:
            frame = self._frame_for(range(image.shape[0]), (image.shape[0], image.shape[1]), lens)
            frame.image.copy_(image)
            frame.disparity.copy_(disparity)
            if right is not None:
                frame.right.copy_(right)
            return frame.refocus(focus_disparity, lens, right is not None)

    def _strips(self, height: int, lens: Lens) -> Iterator[tuple[range, range]]:
        """Rows to compute, always as many, and those of them that are wanted: all light that reaches those is there.

        The lens looks behind nearer surfaces by twice the largest radius; rims, smoothing and lamps reach farther.
        """
        around = math.ceil(3 * lens.max_radius_px + 2 * largest_lamp(height)) + sum(SMOOTHING_STEPS) + 4
        each = math.ceil(height / self._parts)
        computed = min(each + 2 * around, height)
        for top in range(0, height, each):
            start = min(max(top - around, 0), height - computed)
            yield range(start, start + computed), range(top, min(top + each, height))

    def _frame_for(self, rows: range, size: tuple[int, int], lens: Lens) -> Frame:
        needs = Needs.of(rows, size, lens)
        if self._frame is None or self._frame.needs != needs:
            self._frame = None  # its memory is free before more is asked for
            self._frame = Frame(needs, lens, self._device, self._graphs)
        return self._frame

    def _upload(self, given: np.ndarray, name: str, to: Tensor) -> None:
        host = self._pinned_like(name, to)
        np.copyto(host.numpy(), given)
        to.copy_(host, non_blocking=True)

    def _downloaded(self, frame: Frame) -> np.ndarray:
        """The frame's result, in memory that the next one overwrites. Waits for the device."""
        picture, broken = self._pinned_like("result", frame.result), self._pinned_like("broken", frame.broken)
        picture.copy_(frame.result, non_blocking=True)
        broken.copy_(frame.broken, non_blocking=True)
        if self._stream:
            self._stream.synchronize()
        if broken.item():
            raise ValueError("disparity has values that are not finite (NaN or infinity)")
        return picture.numpy()

    def _pinned_like(self, name: str, tensor: Tensor) -> Tensor:
        """Host memory of a tensor's shape, kept by name."""
        kept = self._pinned.get(name)
        if kept is None or kept.shape != tensor.shape:
            kept = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=self._device.type == "cuda")
            self._pinned[name] = kept
        return kept
