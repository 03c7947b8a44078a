"""What live cameras cost: delay, skew, CPU, reconnecting and recording, over loopback: python -m benchmarks.camera.

The servers run in a process of their own, so that CPU time is that of the camera's side alone.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import monotonic, process_time

import cv2
import numpy as np

from benchmarks.machine import line, machine
from sterefo_core.recording import Recording
from sterefo_core.sources.camera import CameraSource, open_camera
from sterefo_core.sources.synthetic import SyntheticSource
from tests.core.streams import MjpegServer, RtspServer, StreamServer

SIZE, FPS, PICTURES, SECONDS = (1242, 376), 25.0, 8, 6.0
_BLOCK = 24  # px of the marks that number the pictures
SERVERS: dict[str, type[StreamServer]] = {"MJPEG over HTTP": MjpegServer, "H.264 over RTSP": RtspServer}


def numbered(picture: np.ndarray, number: int) -> np.ndarray:
    """The picture with its number (0 to 7) painted into its top left corner."""
    marked = picture.copy()
    for bit in range(3):
        marked[:_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = 255 * (number >> bit & 1)
    return marked


def number_of(picture: np.ndarray) -> int:
    """The number painted into it."""
    return sum((picture[_BLOCK // 2, _BLOCK // 2 + bit * _BLOCK].mean() > 127) << bit for bit in range(3))


def serve(kind: str, eyes: str, orders: Connection) -> None:
    """A server that follows orders; "log" is answered by when it sent each of its pictures last."""
    server_class, sent = SERVERS[kind], {}

    class Noting(server_class):  # type: ignore[misc, valid-type]
        def pictures_from_now(self):
            for shown, picture in super().pictures_from_now():
                sent[shown] = monotonic()
                yield shown, picture

    demo = SyntheticSource(SIZE)
    frames = [demo.read(index) for index in range(PICTURES)]
    views = {"both": lambda f: np.hstack([f.left, f.right]), "left": lambda f: f.left, "right": lambda f: f.right}
    pictures = [numbered(views[eyes](frame), number) for number, frame in enumerate(frames)]
    with Noting(pictures, FPS) as server:
        orders.send(server.url)
        while (order := orders.recv()) != "close":
            if order == "log":
                orders.send(dict(sent))
            else:
                getattr(server, order)()


@contextmanager
def served(kind: str, eyes: str = "both") -> Iterator[tuple[str, Connection]]:
    """The address of a server in another process, and the line to it."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(kind, eyes, there))
    process.start()
    try:
        yield here.recv(), here
    finally:
        here.send("close")
        process.join(10)


def watched(source: CameraSource, seconds: float) -> tuple[list[tuple[float, int]], float]:
    """When each frame was taken and its number; and the CPU time of this process as part of the time."""
    taken, began_s, began_cpu_s = [], monotonic(), process_time()
    while monotonic() - began_s < seconds:
        if frame := source.take(1):
            taken.append((monotonic(), number_of(frame.left)))
    return taken, (process_time() - began_cpu_s) / (monotonic() - began_s)


def delays_ms(taken: list[tuple[float, int]], sent: dict[int, float]) -> list[float]:
    """From the moment a server began to send a picture to the moment it was taken, decoded."""
    moments = [(at, shown % PICTURES) for shown, at in sent.items()]
    return [1000 * min(now - at for at, number in moments if number == seen and at <= now) for now, seen in taken]


def measure_one(kind: str) -> None:
    """Delay, CPU and reconnecting of one side-by-side camera, and what recording it takes."""
    with served(kind) as (url, line):
        began_s = monotonic()
        with closing(open_camera(f"{url}#layout=side-by-side&raw")) as source:
            print(f"{kind}: opened in {monotonic() - began_s:.2f} s")
            taken, busy = watched(source, SECONDS)
            line.send("log")
            delays = sorted(delays_ms(taken, line.recv()))
            ninth = delays[len(delays) * 9 // 10]
            print(f"  sent to taken: median {median(delays):.1f} ms, 90 % within {ninth:.1f} ms ({len(delays)} frames)")
            print(f"  CPU: {busy:.0%} of a core at {source.health.frames_per_s:.0f} pairs/s, all of them decoded")
            for outage_s in (0.1, 1.0, 4.0):
                print(f"  cut for {outage_s:g} s: pictures again {reconnected(source, line, outage_s):.2f} s later")
            measure_recording(source)


def reconnected(source: CameraSource, line: Connection, outage_s: float) -> float:
    """Seconds from the moment the server listens again to the first new frame."""
    line.send("cut")
    before, until_s = source.health.reconnects, monotonic() + outage_s
    while monotonic() < until_s:
        source.take(max(until_s - monotonic(), 0))
    line.send("listen")
    began_s = monotonic()
    while not (source.take(0.5) and source.health.reconnects > before):
        pass
    return monotonic() - began_s


def measure_recording(source: CameraSource) -> None:
    """CPU and bytes of a recording that nobody watches."""
    with tempfile.TemporaryDirectory() as folder:
        recording, began_s, began_cpu_s = Recording(source, Path(folder) / "take.mkv"), monotonic(), process_time()
        recording.wait(SECONDS)
        busy, done = (process_time() - began_cpu_s) / (monotonic() - began_s), recording.stop()
    megabytes = done.bytes_written / max(done.frames, 1) / 1e6
    print(f"  recording: {busy:.0%} of a core, {done.frames} pairs, {done.missed} missed, {megabytes:.2f} MB a pair")


def measure_two(kind: str) -> None:
    """Skew of the pairs of two cameras that run freely."""
    skews: list[float] = []
    with (
        served(kind, "left") as (left, _),
        served(kind, "right") as (right, _),
        closing(open_camera(f"camera:{left},{right}#raw")) as source,
    ):
        until_s = monotonic() + SECONDS
        while monotonic() < until_s:
            if source.take(1):
                skews.append(source.health.skew_ms)
    print(f"{kind}, two cameras: skew median {median(skews):.1f} ms, at most {max(skews):.1f} ms, {len(skews)} pairs")


def main() -> None:
    """Print every figure."""
    cv2.setNumThreads(1)
    width, height = SIZE
    print(line(machine("numpy", "opencv-contrib-python", "av")))
    print(f"two eyes of {width}x{height} at {FPS:g} pictures/s")
    for kind in SERVERS:
        measure_one(kind)
        measure_two(kind)


if __name__ == "__main__":
    main()
