"""MJPEG over HTTP: the camera's socket is read here, so no picture waits in anybody's buffer."""

import base64
import http.client
import socket
import ssl
from contextlib import ExitStack, closing
from email.message import Message
from typing import NoReturn
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import numpy as np

from neuroloop.core.errors import PartError
from sensors.camera import _jpeg
from sensors.camera._address import shown
from sensors.camera._multipart import Multipart
from sensors.camera._stream import Picture, Request, Shot, now_us

_READ_BYTES = 1 << 18
_MOST_MOVES = 5
_MOVED = (301, 302, 303, 307, 308)
_KNOWN = {401: "; put user:password@ before the host", 404: "; is the path right?"}


class NotMultipartError(Exception):
    """The address answers with something else, which FFmpeg may know."""


class HttpPictures:
    """The stream of one URL.

    Raises
    ------
    PartError
        Where nothing that could be a camera answers.
    NotMultipartError
        Where something else does.
    """

    rate_hz = 0.0
    refused: tuple[str, ...] = ()

    def __init__(self, url: str, request: Request) -> None:
        self._url, self._cv2 = shown(url), request.cv2
        self._timeout_s = request.timeout_s
        self.stale = self.damaged = 0
        self._connection, self._answer = self._asked(url)
        self._parts = Multipart(_boundary(self._answer.headers))
        mode = request.mode
        if mode.exposure_ms is not None or mode.format is not None:
            self.refused = ("exposure and format are the server's own",)

    def next(self) -> Shot:
        """Wait for the next picture; of several that wait, return the newest."""
        while True:
            parts, arrived_us = self._received()
            while parts:
                picture = self._decoded(parts.pop())
                if picture is not None:
                    self.stale += len(parts)
                    return Shot(picture, arrived_us)

    def interrupt(self) -> None:
        """Shut the connection, which wakes `next`."""
        sock = self._connection.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is shut already
                return

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()
        self._connection.close()

    def _asked(self, url: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        for _ in range(_MOST_MOVES):
            with ExitStack() as stack:
                place = urlsplit(url)
                connection = stack.enter_context(closing(_connection(place, self._timeout_s)))
                try:
                    connection.request("GET", _target(place), headers=_headers(place))
                    # the socket is handed over to the answer; it is needed to wake who waits for it
                    sock = connection.sock
                    answer = stack.enter_context(closing(connection.getresponse()))
                    connection.sock = sock
                except (OSError, http.client.HTTPException) as error:
                    self._fail(f"does not answer: {_said(error)}", error)
                if answer.status not in _MOVED:
                    self._check(answer)
                    stack.pop_all()
                    return connection, answer
                url = urljoin(url, answer.headers.get("Location", ""))
        return self._fail("sends from one address to the next without an end")

    def _check(self, answer: http.client.HTTPResponse) -> None:
        if answer.status != http.client.OK:
            hint = _KNOWN.get(answer.status, "")
            self._fail(f"answers {answer.status} {answer.reason}{hint}")
        kind = answer.headers.get_content_type()
        if kind.startswith("image/"):
            self._fail(f"gives one picture ({kind}), not a stream of them")
        if kind in ("text/html", "application/json"):
            self._fail(f"is a page ({kind}), not a stream of pictures; is the path right?")
        if not kind.startswith("multipart/"):
            raise NotMultipartError

    def _received(self) -> tuple[list[bytes], int]:
        """Wait for bytes, take in all that wait, and return the parts they complete."""
        parts: list[bytes] = []
        try:
            while True:
                data = self._answer.read1(_READ_BYTES)
                if not data:
                    self._fail("has ended its stream")
                parts += self._parts.feed(data)
                if len(data) < _READ_BYTES:
                    return parts, now_us()
        except TimeoutError as error:
            self._fail(f"sent nothing for {self._timeout_s:g} s", error)
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._fail(f"broke off: {_said(error)}", error)

    def _decoded(self, data: bytes) -> Picture | None:
        if _jpeg.size(data) is not None:
            jpeg = np.frombuffer(data, np.uint8)
            picture: Picture | None = self._cv2.imdecode(jpeg, self._cv2.IMREAD_GRAYSCALE)
            if picture is not None:
                return picture
        self.damaged += 1
        return None

    def _fail(self, why: str, cause: Exception | None = None) -> NoReturn:
        raise PartError(f"{self._url} {why}") from cause


def _connection(place: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    host = place.hostname or ""
    if place.scheme == "https":
        return http.client.HTTPSConnection(
            host, place.port, timeout=timeout_s, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(host, place.port, timeout=timeout_s)


def _target(place: SplitResult) -> str:
    return (place.path or "/") + (f"?{place.query}" if place.query else "")


def _headers(place: SplitResult) -> dict[str, str]:
    if place.username is None:
        return {}
    pair = f"{unquote(place.username)}:{unquote(place.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _boundary(headers: Message) -> bytes:
    name = headers.get_param("boundary", "")
    return name.encode("latin-1", "replace") if isinstance(name, str) else b""


def _said(error: Exception) -> str:
    """Return an error in words, whatever library it is of."""
    text = getattr(error, "strerror", None) or str(error)
    if isinstance(error, http.client.HTTPException):
        return f"it does not speak HTTP ({type(error).__name__})"
    return text or type(error).__name__
