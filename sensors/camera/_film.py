"""A film that plays in real time, over and over, and waits for nobody: a camera without one."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuroloop.core.errors import ConfigError
from sensors.camera._stream import Picture, Request, Shot, now_us

_NAP_S = 0.05
"""most that passes until it notices that nobody wants it any more"""
_MOST_PASSED = 8
"""frames that are passed over to catch up; where that is not enough the film plays slower"""
_USUAL_HZ, _MOST_HZ = 25.0, 100_000.0


class FilmPictures:
    """The frames of one file at the file's own times."""

    refused: tuple[str, ...] = ()

    def __init__(self, path: str, request: Request) -> None:
        self._path, self._cv2 = path, request.cv2
        self._stopped: Callable[[], bool] = request.stopped
        self.stale = self.damaged = 0
        _check_readable(path)
        self._film = self._opened()
        rate_hz = float(self._film.get(self._cv2.CAP_PROP_FPS))
        self.rate_hz = rate_hz if math.isfinite(rate_hz) and 0 < rate_hz <= _MOST_HZ else _USUAL_HZ
        self._frame_us = round(1e6 / self.rate_hz)
        self._lap_us = now_us()
        """when the first frame of this lap was due"""
        self._index = 0
        self._due_us = self._lap_us - self._frame_us

    def next(self) -> Shot:
        """Wait until the next frame is due; frames that are overdue are passed over."""
        passed = 0
        while True:
            self._grab()
            late_us = now_us() - self._due_us
            if late_us > self._frame_us and passed < _MOST_PASSED:
                passed += 1
                self.stale += 1
                continue
            if late_us > self._frame_us:
                self._lap_us += late_us
                self._due_us += late_us
            self._wait()
            done, picture = self._film.retrieve()
            if done and picture.size:
                taken: Picture = picture
                return Shot(taken, now_us())
            self.damaged += 1

    def interrupt(self) -> None:
        """Leave it to `next`, which looks."""

    def close(self) -> None:
        """Close the file."""
        self._film.release()

    def _opened(self) -> Any:
        film = self._cv2.VideoCapture(self._path, self._cv2.CAP_FFMPEG)
        if not film.isOpened():
            raise ConfigError(
                f"`source`: {self._path}: neither an address of a camera nor a video that FFmpeg"
                " can open"
            )
        return film

    def _grab(self) -> None:
        """Move to the next frame, after the last to the first, and find when it is due."""
        if not self._film.grab():
            self._film.release()
            self._film = self._opened()
            if self._index == 0 or not self._film.grab():
                raise ConfigError(
                    f"`source`: {self._path}: not one frame of this video can be decoded"
                )
            self._lap_us, self._index = self._due_us + self._frame_us, 0
        own_us = self._film.get(self._cv2.CAP_PROP_POS_MSEC) * 1e3
        nominal_us = self._lap_us + self._index * self._frame_us
        due_us = self._lap_us + round(own_us) if math.isfinite(own_us) else nominal_us
        # some files give no times, or run backwards at a cut
        self._due_us = due_us if due_us > self._due_us else self._due_us + self._frame_us
        self._index += 1

    def _wait(self) -> None:
        while (left_us := self._due_us - now_us()) > 0 and not self._stopped():
            time.sleep(min(left_us / 1e6, _NAP_S))


def _check_readable(path: str) -> None:
    try:
        with Path(path).open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ConfigError(f"`source`: {path}: cannot be read: {error.strerror}") from error
    if empty:
        raise ConfigError(f"`source`: {path}: is empty (0 bytes); a video file is wanted")
