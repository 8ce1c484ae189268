"""A network camera without a camera: MJPEG over HTTP on this machine, for tests and trials.

>>> import numpy as np
>>> with CameraServer([np.zeros((48, 64), np.uint8)], rate_hz=50) as camera:
...     camera.url.startswith("http://127.0.0.1:")
True

It can misbehave as cameras do: `stall`, `break_off`, stop and come back at the same address, give
other pictures.  ``python -m neuroloop.testing.camera_server [FILM]`` shows a film, or a bright bar
that wanders, until Ctrl-C.
"""

import argparse
import math
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError, MachineError, NeuroloopError
from neuroloop.core.values import UInt8s

Pictures = Sequence[UInt8s] | Callable[[float], UInt8s]
"""one after another and again from the first, or a function of the seconds since the start"""

BOUNDARY = "frame"
STAMP_BITS, STAMP_PIXELS = 48, 8
"""of the time that can be drawn into a picture: so many blocks of so many pixels across"""
_END_S = 2.0


class CameraServer:
    """Serves pictures to whoever asks, each connection at the full rate; a context manager.

    Parameters
    ----------
    pictures
        ``uint8[h, w]`` grey or ``uint8[h, w, 3]`` blue, green, red; may be replaced at any time, as
        may ``rate_hz``.
    stamped
        Draw the time of sending into each picture; `stamp_of` reads it.
    lengths
        Whether parts say how long they are; some cameras do not.
    port
        0 takes a free one; it is kept when the server is started again.
    quality
        Of the JPEGs, up to 100.
    """

    def __init__(
        self,
        pictures: Pictures,
        rate_hz: float = 30.0,
        *,
        stamped: bool = False,
        lengths: bool = True,
        port: int = 0,
        quality: int = 90,
    ) -> None:
        self.pictures: Pictures = pictures
        self.rate_hz = rate_hz
        self.stamped, self.lengths = stamped, lengths
        self.raw: bytes | None = None
        """sent instead of each JPEG, where it is given"""
        self.sent = 0
        """pictures, to all who asked"""
        self.connections = 0
        """that were ever made"""
        self._port, self._quality = port, quality
        self._running = threading.Event()
        self._flows = threading.Event()
        self._flows.set()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._open: set[socket.socket] = set()
        self._half = False

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}/stream"

    def start(self) -> None:
        """Listen, at the port of before where there was one.

        Raises
        ------
        MachineError
            Where another program listens there.
        """
        try:
            server = _Server(("127.0.0.1", self._port), _Handler)
        except OSError as error:
            raise MachineError(f"port {self._port}: {error.strerror}; choose another") from error
        server.camera = self
        self._server, self._port = server, server.server_address[1]
        self._running.set()
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End every connection and listen no more, as a camera does that is unplugged."""
        self._running.clear()
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_END_S)
        self._hang_up()
        self._server = self._thread = None

    def stall(self) -> None:
        """Keep the connections and send nothing, until `flow`."""
        self._flows.clear()

    def flow(self) -> None:
        """Send again."""
        self._flows.set()

    def break_off(self) -> None:
        """Send half of the next picture, then end the connection."""
        self._half = True

    def _hang_up(self) -> None:
        for sock in list(self._open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other side was quicker
                continue

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Send pictures over one connection until it, or the server, ends."""
        self.connections += 1
        self._open.add(handler.connection)
        # a picture is many packets, and the last must not wait for the first to be acknowledged
        handler.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            handler.send_response(HTTPStatus.OK)
            kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
            handler.send_header("Content-Type", kind)
            handler.end_headers()
            for part in self._parts():
                handler.wfile.write(part)
                self.sent += 1
                if self._half:
                    self._half = False
                    return
        except OSError:  # whoever looked is gone
            return
        finally:
            self._open.discard(handler.connection)
            handler.close_connection = True

    def _parts(self) -> Iterator[bytes]:
        cv2 = _opencv()
        start = due = time.monotonic()
        k = 0
        while self._running.is_set():
            due = max(due, time.monotonic() - 1.0)
            pause = due - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            if not self._flows.wait(0.05):
                due = time.monotonic()
                continue
            jpeg = self.raw or self._jpeg(cv2, k, time.monotonic() - start)
            length = f"Content-Length: {len(jpeg)}\r\n" if self.lengths else ""
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n{length}\r\n"
            part = head.encode() + jpeg + b"\r\n"
            yield part[: len(part) // 2] if self._half else part
            k += 1
            due += 1.0 / self.rate_hz

    def _jpeg(self, cv2: Any, k: int, seconds: float) -> bytes:
        pictures = self.pictures
        picture = pictures(seconds) if callable(pictures) else pictures[k % len(pictures)]
        if self.stamped:
            picture = picture.copy()
            draw_stamp(picture, time.monotonic_ns() // 1000)
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return bytes(jpeg.tobytes())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    camera: CameraServer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        if isinstance(server, _Server):
            server.camera.serve(self)

    def log_message(self, *_: object) -> None:  # type: ignore[explicit-override]
        """Say nothing."""


def draw_stamp(picture: NDArray[np.uint8], t_us: int) -> None:
    """Draw a time of the monotonic clock along the top of a picture, 384 pixels wide or more."""
    bits = t_us >> np.arange(STAMP_BITS) & 1
    row = np.repeat(bits * 255, STAMP_PIXELS).astype(np.uint8)
    band = picture[:STAMP_PIXELS, : len(row)]
    band[:] = row if picture.ndim == 2 else row[:, None]


def stamp_of(grey: UInt8s) -> int:
    """Return the time that was drawn into a picture of the size that was sent."""
    middle = grey[STAMP_PIXELS // 2, STAMP_PIXELS // 2 :: STAMP_PIXELS][:STAMP_BITS]
    return int(((middle > 127).astype(np.int64) << np.arange(STAMP_BITS)).sum())


def wandering_bar(seconds: float, width: int = 640, height: int = 480) -> UInt8s:
    """Return a grey picture with a bright bar that goes there and back in four seconds."""
    picture = np.full((height, width), 60, np.uint8)
    centre = round(width * (0.5 + 0.4 * math.sin(seconds * math.tau / 4)))
    picture[:, max(centre - width // 16, 0) : centre + width // 16] = 220
    return picture


def film(path: str) -> list[UInt8s]:
    """Return the first frames of a film, 300 at most.

    Raises
    ------
    ConfigError
        Where there are none.
    """
    capture = _opencv().VideoCapture(path)
    frames: list[UInt8s] = []
    while len(frames) < 300 and (found := capture.read())[0]:
        frames.append(found[1])
    capture.release()
    if not frames:
        raise ConfigError(f"{path}: not a film that OpenCV can decode")
    return frames


def _opencv() -> ModuleType:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError as error:
        raise MachineError(
            f"JPEGs need OpenCV ({error}): pip install opencv-python-headless"
        ) from error
    return cv2


def main(arguments: Sequence[str]) -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m neuroloop.testing.camera_server")
    parser.add_argument("film", nargs="?", help="a film to show; a wandering bar without one")
    parser.add_argument("--rate", type=float, default=30.0, metavar="HZ")
    parser.add_argument("--port", type=int, default=8081)
    options = parser.parse_args(arguments)
    try:
        pictures = wandering_bar if options.film is None else film(options.film)
        with CameraServer(pictures, options.rate, port=options.port) as camera:
            print(camera.url, flush=True)  # noqa: T201
            threading.Event().wait()
    except NeuroloopError as error:
        parser.exit(error.exit_code, f"{parser.prog}: {error}\n")
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main(sys.argv[1:])
