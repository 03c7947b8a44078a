"""The kinds of video file that can be written, and how FFmpeg is asked for them."""

from __future__ import annotations

from dataclasses import dataclass, field

THREADS = 2
"""Threads of every encoder, on every machine: their number changes the encoded bytes."""


@dataclass(frozen=True)
class Codec:
    """How one kind of video file is made.

    Attributes:
        encoder: FFmpeg's name of the encoder.
        pixel_format: FFmpeg's name of the pixels it is given.
        suffixes: what the file's name may end in.
        options: the encoder's settings.
        quality: default and worst constant rate factor, 0 being the best; None where the encoder has none.
        tag: the four letters in the file that players look for, where the usual ones are not understood by all.
        smallest_px: no side of a picture may be shorter.
    """

    encoder: str
    pixel_format: str
    suffixes: tuple[str, ...]
    options: dict[str, str] = field(default_factory=dict)
    quality: tuple[int, int] | None = None
    tag: str | None = None
    smallest_px: int = 1

    def options_at(self, quality: int | None) -> dict[str, str]:
        """The encoder's settings at this constant rate factor, or at the default one where it has one."""
        if self.quality is None:
            return self.options
        return self.options | {"crf": str(self.quality[0] if quality is None else quality)}


@dataclass(frozen=True)
class Container:
    """FFmpeg's name of a file format, how finely it stores times, and how it is to be written."""

    name: str
    ticks_per_s: int
    options: dict[str, str] = field(default_factory=dict)


CODECS = {
    "h264": Codec(
        "libx264",
        "yuv420p",
        (".mp4", ".mov", ".mkv"),
        # veryfast saves 20 % of the bytes, but loses 0.2 to 1 dB and takes 1.6 times as long: longer than playing.
        # mbtree would save 6 %, but on processors with AVX-512 x264 then writes other bytes in every run.
        {"preset": "superfast", "x264-params": "mbtree=0"},
        (18, 51),
    ),
    "hevc": Codec(
        "libx265",
        "yuv420p",
        (".mp4", ".mov", ".mkv"),
        # bframes=0: with them x265 makes up the decoding times of videos shorter than its reordering, at random.
        {"preset": "veryfast", "x265-params": f"log-level=none:pools={THREADS}:frame-threads=1:bframes=0"},
        (20, 51),
        tag="hvc1",  # QuickTime ignores the usual hev1
        smallest_px=64,  # x265 overruns its buffers on less, and takes the process down
    ),
    "av1": Codec(
        "libsvtav1",
        "yuv420p",
        (".mp4", ".mkv"),
        {"preset": "8", "svtav1-params": f"lp={THREADS}"},
        (24, 63),
        smallest_px=16,
    ),
    "ffv1": Codec("ffv1", "bgr0", (".mkv",), {"level": "3", "slicecrc": "1"}),
    "prores": Codec("prores_ks", "yuv422p10le", (".mov",), {"profile": "hq"}),
}

# 1/720000 s holds 24, 25, 30, 50 and 60 pictures a second and their NTSC kin exactly. Matroska stores milliseconds.
CONTAINERS = {
    ".mp4": Container("mp4", 720_000),
    ".mov": Container("mov", 720_000),
    ".mkv": Container("matroska", 1000),
}
