"""Streams that FFmpeg decodes: RTSP, and whatever else comes over a network."""

import os
import threading
from typing import Any

from neuroloop.core.errors import PartError
from sensors.camera._address import Address
from sensors.camera._stream import Picture, Request, Shot, now_us

_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_QUICK = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay|max_delay;0"
"""over TCP nothing is lost that would smear pictures for seconds; and nothing is held back"""
_OPENING = threading.Lock()
"""the options are a variable of the process, for whatever is opened next"""
_MOST_BAD = 30
"""pictures one after another that cannot be decoded"""
_MOST_HZ = 1000.0


class FfmpegPictures:
    """The stream of one URL; raises `PartError` where it does not open."""

    refused: tuple[str, ...] = ()
    stale = 0

    def __init__(self, address: Address, request: Request) -> None:
        self._shown, self._timeout_s = address.shown, request.timeout_s
        self.damaged = 0
        cv2 = request.cv2
        milliseconds = round(1e3 * request.timeout_s)
        timeouts = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds),
        ]
        self._capture = _opened(cv2, address.text, timeouts)
        if not self._capture.isOpened():
            raise PartError(
                f"{address.shown} does not open: nothing answers there within "
                f"{request.timeout_s:g} s, or it is no stream that FFmpeg can decode"
            )
        rate_hz = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.rate_hz = rate_hz if 0 < rate_hz <= _MOST_HZ else 0.0
        if request.mode.exposure_ms is not None or request.mode.format is not None:
            self.refused = ("exposure and format are the server's own",)

    def next(self) -> Shot:
        """Wait for the next picture."""
        for _ in range(_MOST_BAD):
            if not self._capture.grab():
                raise PartError(
                    f"{self._shown} has ended its stream, or sent nothing for {self._timeout_s:g} s"
                )
            arrived_us = now_us()
            done, picture = self._capture.retrieve()
            if done and picture.size:
                taken: Picture = picture
                return Shot(taken, arrived_us)
            self.damaged += 1
        raise PartError(f"{self._shown}: {_MOST_BAD} pictures in a row could not be decoded")

    def interrupt(self) -> None:
        """Leave it to the timeout: FFmpeg cannot be reached from another thread."""

    def close(self) -> None:
        """Close the stream."""
        self._capture.release()


def _opened(cv2: Any, url: str, timeouts: list[int]) -> Any:
    with _OPENING:
        chosen = os.environ.get(_OPTIONS)
        os.environ[_OPTIONS] = chosen or _QUICK
        try:
            return cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)
        finally:
            if chosen is None:
                del os.environ[_OPTIONS]
