"""Motion JPEG over HTTP (`multipart/x-mixed-replace`), read from the socket, so that waiting has an end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic
from typing import Any
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit

import cv2

from sterefo_core.sources.camera_reader import SILENT_S, CameraError, Grab
from sterefo_core.sources.reading import decode_bytes

_LARGEST_BYTES = 1 << 26  # of a picture: more is no JPEG
_LINE_BYTES, _HEADER_LINES = 1 << 16, 100
_REFUSALS = {
    401: "it asks for a user and a password, as in http://user:password@host",
    403: "it does not let this user in",
    404: "it has nothing at this path",
}


class _Handler(request.HTTPHandler, request.HTTPSHandler):
    """Opens connections of both kinds and tells their sockets, which urllib keeps to itself."""

    def __init__(self, tell: Callable[[socket.socket], None]) -> None:
        super().__init__()
        self._tell = tell

    def http_open(self, asked: request.Request) -> Any:
        return self.do_open(partial(self._connected, HTTPConnection), asked)

    def https_open(self, asked: request.Request) -> Any:
        return self.do_open(partial(self._connected, HTTPSConnection), asked)

    def _connected(self, kind: type[HTTPConnection], host: str, **options: Any) -> HTTPConnection:
        connection = kind(host, **options)
        connection.connect()
        self._tell(connection.sock)
        return connection


class MjpegReader:
    """A camera that sends JPEG pictures over one HTTP answer that never ends.

    Args:
        url: "http://..." or "https://...", with user and password where the camera asks for them.

    Raises:
        CameraError: nobody answers, or the answer is a refusal.
    """

    refused = ""

    def __init__(self, url: str) -> None:
        self._socket: socket.socket | None = None
        try:
            self._answer = self._ask(url)
        except HTTPError as error:
            error.close()
            refusal = _REFUSALS.get(error.code)
            raise CameraError(refusal or f"it answers {error.code}", final=refusal is not None) from None
        except (OSError, HTTPException, ValueError) as error:
            raise CameraError(_said(error)) from None
        kind = self._answer.headers
        self.is_multipart = kind.get_content_maintype() == "multipart"
        self._boundary = b"--" + (kind.get_boundary("") or "").strip("-").encode()
        self._past_boundary = False

    def grab(self) -> Grab:
        """The next picture, marked with the moment at which it began to arrive."""
        try:
            length = self._next_header()
            captured_s = monotonic()
            data = self._up_to_boundary() if length is None else self._answer.read(length)
        except (OSError, HTTPException, ValueError, AttributeError) as error:  # the last two: shut down meanwhile
            raise CameraError(_said(error)) from None
        if length and len(data) < length:
            raise CameraError("the stream ended")
        return Grab(captured_s, partial(decode_bytes, data, cv2.IMREAD_COLOR_RGB, "a picture of the camera"))

    def interrupt(self) -> None:
        """End the connection; whoever waits for it wakes up."""
        if self._socket:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection."""
        self.interrupt()  # the answer may be waiting for the rest of its picture
        self._answer.close()

    def _ask(self, url: str) -> Any:
        parts = urlsplit(url)
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        passwords = request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, bare, unquote(parts.username or ""), unquote(parts.password or ""))
        opener = request.build_opener(
            request.ProxyHandler({}),  # cameras are near
            request.HTTPBasicAuthHandler(passwords),
            request.HTTPDigestAuthHandler(passwords),
            _Handler(self._note),
        )
        return opener.open(bare, timeout=SILENT_S)

    def _note(self, connection: socket.socket) -> None:
        self._socket = connection

    def _next_header(self) -> int | None:
        """Skip to the next picture; the number of its bytes, or None where its header does not say."""
        while not self._past_boundary:
            self._past_boundary = self._line().startswith(b"--")
        self._past_boundary = False
        length = None
        for _ in range(_HEADER_LINES):
            name, _, value = self._line().partition(b":")
            if not name.strip():
                return length
            if name.strip().lower() == b"content-length":
                length = int(value)
                if not 0 <= length <= _LARGEST_BYTES:
                    raise ValueError
        raise ValueError

    def _up_to_boundary(self) -> bytes:
        data = bytearray()
        while not (line := self._line()).startswith(self._boundary):
            data += line
            if len(data) > _LARGEST_BYTES:
                raise ValueError
        self._past_boundary = True
        return bytes(data)

    def _line(self) -> bytes:
        line = self._answer.readline(_LINE_BYTES)
        if not line:
            raise CameraError("the stream ended")
        return line


def _said(error: Exception) -> str:
    """What went wrong with a connection, as a clause."""
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
    match cause:
        case TimeoutError():
            return f"it has sent nothing for {SILENT_S:g} s"
        case ConnectionRefusedError():
            return "nobody answers at its address"
        case socket.gaierror():
            return "nobody has this host name"
        case OSError() if cause.strerror:
            return f"the connection failed ({cause.strerror})"
        case _:
            return "it sends what is no motion JPEG"
