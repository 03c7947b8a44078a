"""Network cameras for the tests: real servers on loopback whose stream a test can stall, cut, delay and change."""

from __future__ import annotations

import socket
import struct
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import partial
from threading import Condition, Thread

import av
import cv2
import numpy as np
from av.codec.context import CodecContext
from av.packet import Packet

from sterefo_core.video_pixels import frame_from_rgb
from tests.threads import PATIENCE_S


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
        self._stalled = self._halting = self._closed = False
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
        """Keep the connections but take and send nothing, or go on."""
        with self._change:
            self._stalled = stalled
            self._change.notify_all()

    def halt(self, halting: bool = True) -> None:
        """Go on taking pictures, but send half of the next packet only, or the rest."""
        with self._change:
            self._halting = halting
            self._change.notify_all()

    def send(self, client: socket.socket, packet: bytes) -> None:
        """Send what belongs together."""
        half = len(packet) // 2
        client.sendall(packet[:half])
        with self._change:
            self._change.wait_for(lambda: self._closed or not self._halting)
        client.sendall(packet[half:])

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
            thread.join(PATIENCE_S)
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

    def pictures_from_now(self):
        """The pictures as they are played, with their numbers; ends when the server closes."""
        shown = -1
        while True:
            with self._change:
                while self._shown == shown and not self._closed:
                    self._change.wait()
                if self._closed:
                    return
                shown = self._shown
                picture = self._pictures[shown % len(self._pictures)]
            yield shown, picture


class MjpegServer(StreamServer):
    """Motion JPEG over HTTP.

    Args:
        with_length: whether parts tell their length.
        user: "name:password" of the one whom the camera lets in; None for everybody.

    Attributes:
        damage: changes the JPEG that is sent.
    """

    def __init__(self, pictures, fps=25.0, listening=True, with_length=True, user=None) -> None:
        self.damage = lambda jpeg: jpeg
        self._with_length, self._user = with_length, user
        super().__init__(pictures, fps, listening)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream.mjpg"

    def talk(self, client: socket.socket) -> None:
        asked = read_request(client)
        if self._user and asked.get("authorization") != "Basic " + b64encode(self._user.encode()).decode():
            client.sendall(b'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"\r\n\r\n')
            return
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n")
        encoded: dict[int, tuple[np.ndarray, bytes]] = {}  # with the picture: once it is gone, another may have its id
        for _, picture in self.pictures_from_now():
            if id(picture) not in encoded:
                encoded[id(picture)] = picture, as_jpeg(picture)
            jpeg = self.damage(encoded[id(picture)][1])
            length = b"Content-Length: %d\r\n" % len(jpeg) if self._with_length else b""
            self.send(client, b"--next\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + jpeg + b"\r\n")


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


class RtspServer(StreamServer):
    """H.264 over RTSP, the packets interleaved in the one TCP connection (RFC 2326, 10.12)."""

    _GOP = 4

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/stream"

    def talk(self, client: socket.socket) -> None:
        while True:
            asked = read_request(client)
            method = asked[""].split()[0]
            answer, body = "", ""
            if method == "OPTIONS":
                answer = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
            elif method == "DESCRIBE":
                body = _SDP
                answer = (
                    f"Content-Base: {self.url}/\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
                )
            elif method == "SETUP":
                answer = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1;timeout=60\r\n"
            head = f"RTSP/1.0 200 OK\r\nCSeq: {asked['cseq']}\r\n{answer}\r\n{body}"
            client.sendall(head.encode())
            if method == "PLAY":
                self._send_all(client)
                return

    def _send_all(self, client: socket.socket) -> None:
        wire = _Interleaved(partial(self.send, client))
        played, encoded, sent = [], [], None
        with av.open(wire, "w", format="rtp", buffer_size=1400) as output:
            stream = output.add_mux_stream("h264", rate=90_000)
            stream.time_base = Fraction(1, 90_000)
            for shown, _ in self.pictures_from_now():
                if self._pictures is not played:
                    played, sent = self._pictures, None
                    encoded = as_h264(played, self._GOP)
                number = shown % len(encoded)
                if sent != shown - 1 and number % self._GOP:
                    continue  # too late for a picture, a camera drops what could not be decoded without it, too
                sent, packet = shown, Packet(encoded[number])
                packet.pts = packet.dts = round(shown / self._fps * 90_000)
                packet.time_base, packet.stream = stream.time_base, stream
                output.mux(packet)
                if wire.gone:
                    return


_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track0\r\n"
)


class _Wire:
    """A file whose writes go over a connection."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send, self.gone = send, False

    def write(self, packet: bytes) -> int:
        try:
            self._send(self._framed(packet))
        except OSError:  # libav would keep it until it is closed
            self.gone = True
        return len(packet)

    def _framed(self, packet: bytes) -> bytes:
        return bytes(packet)


class _Interleaved(_Wire):
    """Each write is one RTP or RTCP packet of an RTSP connection."""

    def _framed(self, packet: bytes) -> bytes:
        is_report = 200 <= packet[1] <= 204
        return b"$" + struct.pack(">BH", is_report, len(packet)) + packet


class TransportServer(StreamServer):
    """H.264 and sound in an MPEG transport stream over HTTP. A stall is of the pictures only."""

    _SOUND_HZ, _SOUND_SAMPLES = 48_000, 1152  # a frame of MPEG audio

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream.ts"

    def talk(self, client: socket.socket) -> None:
        read_request(client)
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n")
        encoded, wire, sent = as_h264(self._pictures, 1), _Wire(partial(self.send, client)), 0
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 2 * self._SOUND_SAMPLES), np.int16), "s16", "stereo")
        silence.sample_rate = self._SOUND_HZ
        with av.open(wire, "w", format="mpegts", options={"max_interleave_delta": "1"}) as output:
            pictures, sound = output.add_mux_stream("h264", rate=90_000), output.add_stream("mp2", rate=self._SOUND_HZ)
            while not (wire.gone or self._closed):
                silence.pts = sent * self._SOUND_SAMPLES
                output.mux(sound.encode(silence))
                if not self._stalled:
                    packet = Packet(encoded[sent % len(encoded)])
                    packet.pts = packet.dts = round(sent * self._SOUND_SAMPLES / self._SOUND_HZ * 90_000)
                    packet.time_base, packet.stream = Fraction(1, 90_000), pictures
                    output.mux(packet)
                sent += 1
                with self._change:
                    self._change.wait_for(lambda: self._closed, self._SOUND_SAMPLES / self._SOUND_HZ)


def as_h264(pictures: Sequence[np.ndarray], gop: int) -> list[bytes]:
    """One piece of an H.264 stream for each picture; every `gop`th can be decoded without those before it."""
    height, width = pictures[0].shape[:2]
    encoder = CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": "15",
        "x264-params": f"keyint={gop}:scenecut=0",
    }
    pieces = []
    for number, picture in enumerate(pictures):
        frame = frame_from_rgb(picture, "yuv420p")
        frame.pts = number
        pieces += [bytes(packet) for packet in encoder.encode(frame)]
    assert len(pieces) == len(pictures)
    return pieces
