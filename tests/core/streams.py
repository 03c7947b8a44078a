"""Network cameras for the tests: real servers on loopback whose stream a test can stall, cut, delay and change."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from threading import Condition, Thread

import cv2
import numpy as np


class StreamServer:
    """Plays pictures round and round to everybody who connects. One thread plays, one for each client talks.

    Args:
        pictures: `(H, W, 3)` uint8 RGB.
        fps: pictures a second.
        listening: whether it can be connected to from the beginning.
    """

    def __init__(self, pictures: Sequence[np.ndarray], fps: float = 25.0, listening: bool = True) -> None:
        self._change = Condition()
        self._pictures, self._fps = list(pictures), fps
        self._shown = 0
        self._stalled = self._closed = False
        self._clients: list[socket.socket] = []
        self._threads: list[Thread] = []
        self._door: socket.socket | None = None
        self.connections = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        if listening:
            self.listen()
        self._spawn(self._play)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def listen(self) -> None:
        """Let clients in."""
        self._door = socket.create_server(("127.0.0.1", self.port))
        self._spawn(self._let_in, self._door)

    def cut(self) -> None:
        """Throw everybody out and close the door: the cable is pulled."""
        if self._door:
            with suppress(OSError):
                self._door.shutdown(socket.SHUT_RDWR)
            self._door.close()
            self._door = None
        with self._change:
            for client in self._clients:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def stall(self, stalled: bool = True) -> None:
        """Keep the connections but send nothing, or go on."""
        with self._change:
            self._stalled = stalled
            self._change.notify_all()

    def play(self, pictures: Sequence[np.ndarray]) -> None:
        """Play these from now on."""
        with self._change:
            self._pictures = list(pictures)
            self._change.notify_all()

    def close(self) -> None:
        """End everything; every thread is gone afterwards."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self.cut()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _spawn(self, work, *given) -> None:
        thread = Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _play(self) -> None:
        with self._change:
            while not self._closed:
                self._change.wait_for(lambda: self._closed, 1 / self._fps)
                if not self._stalled:
                    self._shown += 1
                    self._change.notify_all()

    def _let_in(self, door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            with self._change:
                self._clients.append(client)
                self.connections += 1
            self._spawn(self._talk_and_close, client)

    def _talk_and_close(self, client: socket.socket) -> None:
        with client, suppress(OSError, EOFError):
            self.talk(client)
        with self._change:
            self._clients.remove(client)

    def talk(self, client: socket.socket) -> None:
        """Answer one client until it leaves."""
        raise NotImplementedError

    def pictures_from_now(self, client: socket.socket):
        """The pictures as they are played, with their numbers; ends when the client was thrown out."""
        shown = -1
        while True:
            with self._change:
                self._change.wait_for(lambda: self._closed or self._shown != shown or client not in self._clients)
                if self._closed or client not in self._clients:
                    return
                shown = self._shown
                picture = self._pictures[shown % len(self._pictures)]
            yield shown, picture


class MjpegServer(StreamServer):
    """Motion JPEG over HTTP. `damage(jpeg)` changes what is sent, `with_length` says whether parts tell their length."""

    def __init__(self, pictures, fps=25.0, listening=True, with_length=True, user=None) -> None:
        self.damage = lambda jpeg: jpeg
        self._with_length, self._user = with_length, user
        super().__init__(pictures, fps, listening)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream.mjpg"

    def talk(self, client: socket.socket) -> None:
        asked = read_request(client)
        if self._user and self._user not in asked.get("authorization", ""):
            client.sendall(b'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"\r\n\r\n')
            return
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n")
        encoded: dict[int, bytes] = {}
        for _, picture in self.pictures_from_now(client):
            if id(picture) not in encoded:
                encoded[id(picture)] = as_jpeg(picture)
            jpeg = self.damage(encoded[id(picture)])
            length = b"Content-Length: %d\r\n" % len(jpeg) if self._with_length else b""
            client.sendall(b"--next\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + jpeg + b"\r\n")


def as_jpeg(picture: np.ndarray) -> bytes:
    """JPEG of good quality."""
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def read_request(client: socket.socket) -> dict[str, str]:
    """The header lines of the next request, names in lower case; "" is the first line. Raises EOFError at the end."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        if not byte:
            raise EOFError
        data += byte
    first, *lines = data.decode().strip().split("\r\n")
    return {"": first} | {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
