"""Values on the command line: decisions, apertures, ranges. Each parser says in one line what it would accept."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path

from sterefo_core.depth import ENGINES, OWN_WEIGHTS
from sterefo_core.errors import TrackerError
from sterefo_core.project_file import SUFFIX
from sterefo_core.types import Box, Follow, Hold, Release
from trackers import make_tracker

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


def add_device(parser: argparse.ArgumentParser | argparse._ArgumentGroup, default: str = "auto") -> None:
    """Add `--device`."""
    about = "what computes; auto is CUDA where there is one (default: %(default)s)"
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default=default, help=about)


def add_size(parser: argparse.ArgumentParser, default: str = "1242x375") -> None:
    """Add `--size`."""
    parser.add_argument("--size", type=size, default=default, metavar="WxH", help="of pictures (default: %(default)s)")


def add_seeds(parser: argparse.ArgumentParser, seeds: list[int], what: str) -> None:
    """Add `--seeds`, those of `what` is looked at unless others are given."""
    about = f"which {what} (default: {' '.join(map(str, seeds))})"
    parser.add_argument("--seeds", nargs="+", type=int, default=seeds, metavar="N", help=about)


def add_layout(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add `--layout`, None where it is not given."""
    layouts = ["auto", "side-by-side", "top-bottom"]
    parser.add_argument("--layout", choices=layouts, help="how a video holds both eyes (default: auto, by looking)")


def track(text: str) -> Follow:
    """`F:x,y,w,h` as a Follow."""
    match = re.fullmatch(rf"(\d+):({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not FRAME:x,y,width,height, such as 0:579,176,22,21")
    x, y, width, height = (float(side) for side in match.groups()[1:])
    if width <= 0 or height <= 0:
        raise argparse.ArgumentTypeError(f"the box of {text!r} is empty: width and height must be above 0")
    return Follow(int(match[1]), Box(x, y, width, height))


def track_both(text: str) -> Follow:
    """`F:x,y,w,h` as a Follow that holds before its frame, too."""
    return replace(track(text), backward=True)


def focus(text: str) -> Hold:
    """`F:px` or `F:metres m` as a Hold."""
    match = re.fullmatch(rf"(\d+):({_NUMBER})\s*(px|m)?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not FRAME:disparity or FRAME:metres m, such as 0:35 or 0:12.5m")
    frame, value = int(match[1]), float(match[2])
    return Hold(frame, metres=value) if match[3] == "m" else Hold(frame, disparity=value)


def release(text: str) -> Release:
    """`F` as a Release."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a frame number")
    return Release(int(text))


def aperture(text: str) -> tuple[float | None, float | None]:
    """`120mm` or a blur radius per px of disparity, as (mm or None, ratio or None)."""
    match = re.fullmatch(rf"({_NUMBER})\s*(mm)?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is neither millimetres, such as 120mm, nor a number such as 0.15")
    value = float(match[1])
    if value <= 0:
        raise argparse.ArgumentTypeError(f"an aperture of {text} cannot blur anything: give one above 0")
    return (value, None) if match[2] else (None, value)


def frame_range(text: str) -> tuple[int, int | None]:
    """`A..B`, `A..`, `..B` or `A`, both ends included."""
    match = re.fullmatch(r"(\d*)\.\.(\d*)|(\d+)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of frames such as 10..50, 10.. or ..50")
    if match[3]:
        return int(match[3]), int(match[3])
    return int(match[1] or 0), int(match[2]) if match[2] else None


def size(text: str) -> tuple[int, int]:
    """`WxH` in pixels."""
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if not match or min(int(match[1]), int(match[2])) < 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT of at least 64x64, such as 1242x375")
    return int(match[1]), int(match[2])


def count(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def project_file(text: str) -> Path:
    """The name of a project to save."""
    if not text.endswith(SUFFIX):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME{SUFFIX}")
    return Path(text)


def ray_cluster(text: str) -> str:
    """Where a Ray cluster is: HOST:PORT, ray://HOST:PORT, or auto."""
    if not re.fullmatch(r"auto|(ray://)?[^:/\s]+:\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT of a Ray cluster: addresses come before --ray")
    return text


def engine(text: str) -> str:
    """The name of a depth engine, or net=FILE with a file that is there."""
    if text.startswith(OWN_WEIGHTS) and Path(text.removeprefix(OWN_WEIGHTS)).is_file():
        return text
    if text not in ENGINES:
        raise argparse.ArgumentTypeError(f'there is no engine "{text}": choose {", ".join(ENGINES)} or net=FILE')
    return text


def tracker(text: str) -> str:
    """The name of a tracker, with the files that it needs."""
    try:
        make_tracker(text)
    except TrackerError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
