"""A film as a camera: any video file that FFmpeg decodes, frame by frame, as grey pictures.

Colour becomes grey by the luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B); deeper pixels are
reduced to their upper 8 bits; frames are scaled by averaging areas.  A frame is stamped with the
file's own time of it, and the first with 0.
"""

import json
import logging
import math
from pathlib import Path
from typing import Annotated, Any, Self

from msgspec import Meta, Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, SourceSpec, UInt8s
from sensors import _bearings
from sensors._opencv import opencv

_log = logging.getLogger(__name__)

_ESTIMATE = 2
"""frames by which a container that does not count them may be wrong"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    path: str
    """a path beside the run file"""
    width: Annotated[int, Meta(ge=1, le=4096)] = 64
    height: Annotated[int, Meta(ge=1, le=4096)] = 48
    """of the frames it yields, in pixels, whatever the size of the film"""
    fov_deg: Annotated[float, Meta(gt=0, lt=180)] = 60.0
    """horizontal field of view of the camera that took the film"""
    rate_hz: Positive | None = None
    """frames a second; left out, the file's own times count"""
    loop: bool = False
    """start again at the end, for ever"""


class Video:
    """Yields the frames of one file; a context manager."""

    def __init__(self, config: Config, site: Site) -> None:
        self._config, self._name = config, site.name
        self._path = site.folder / config.path
        self._cv2: Any = None
        self._film: Any = None
        self._announced = 0
        self._rate_hz = 0.0
        self._index = 0  # of the next frame to be decoded in this lap
        self._start_us = 0  # run time of this lap's first frame
        self._origin_us = 0  # what the file calls the time of its first frame
        self._stamp_us = -1
        self._next: Frame | None = None
        self._warned = False

    def __enter__(self) -> Self:
        """Open the file and decode its first frame."""
        _check_readable(self._path)
        self._cv2 = opencv()
        self._rewind()
        self._rate_hz = self._config.rate_hz or self._own_rate_hz()
        self._advance()
        if self._next is None:
            raise ConfigError(f"`path`: {self._path}: not one frame of this video can be decoded")
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._film is not None:
            self._film.release()

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once it is open."""
        config = self._config
        return SourceSpec(
            name=self._name,
            reading=Frame,
            shape=(config.height, config.width),
            rate_hz=self._rate_hz,
            unit="grey",
            low=0.0,
            high=255.0,
            bearing_rad=_bearings.of_columns(config.width, config.fov_deg),
        )

    @property
    def ended(self) -> bool:
        """Whether the last frame was returned; never, where it loops."""
        return self._next is None

    def read(self, until_us: int) -> list[Frame]:
        """Return the frames stamped before ``until_us``."""
        frames = []
        while self._next is not None and self._next.t_us < until_us:
            frames.append(self._next)
            self._advance()
        return frames

    def snapshot(self) -> bytes:
        """Return the place in the film, as JSON."""
        place = {"index": self._index, "start_us": self._start_us, "ended": self.ended}
        return json.dumps(place).encode()

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot: decode the film again from its start.

        A seek is not exact in every format; decoding is.
        """
        place = json.loads(state)
        self._rewind()
        self._start_us = place["start_us"]
        self._stamp_us = self._start_us - 1
        for _ in range(place["index"] - (not place["ended"])):
            self._grab()
        self._next = None
        if not place["ended"]:
            self._advance()

    def _rewind(self) -> None:
        if self._film is not None:
            self._film.release()
        self._film = self._cv2.VideoCapture(str(self._path), self._cv2.CAP_FFMPEG)
        if not self._film.isOpened():
            raise ConfigError(
                f"`path`: {self._path}: not a video that FFmpeg can open, or one whose header is"
                " missing because the file was cut short"
            )
        self._announced = int(self._film.get(self._cv2.CAP_PROP_FRAME_COUNT))
        self._index = 0

    def _own_rate_hz(self) -> float:
        rate_hz = float(self._film.get(self._cv2.CAP_PROP_FPS))
        if not (math.isfinite(rate_hz) and 0 < rate_hz <= 100_000):
            raise ConfigError(
                f"`path`: {self._path}: does not say how many frames a second it has; set `rate_hz`"
            )
        return rate_hz

    def _advance(self) -> None:
        """Decode the next frame, from the first again where the film loops."""
        self._next = None
        while self._next is None and (self._grab() or self._again()):
            done, picture = self._film.retrieve()
            if done:
                self._next = Frame(self._stamp_us, self._grey(picture))

    def _again(self) -> bool:
        """At the end of a film that loops, move to its first frame."""
        self._say_what_is_missing()
        if not self._config.loop or self._index == 0:
            return False
        self._rewind()
        self._start_us = self._stamp_us + round(1e6 / self._rate_hz)
        return self._grab()

    def _grab(self) -> bool:
        """Move to the next frame and find its stamp; False at the end."""
        if not self._film.grab():
            return False
        nominal_us = self._index * 1e6 / self._rate_hz
        own_us = self._film.get(self._cv2.CAP_PROP_POS_MSEC) * 1e3
        if self._index == 0:
            self._origin_us = own_us if math.isfinite(own_us) else 0
        passed_us = nominal_us if self._config.rate_hz else own_us - self._origin_us
        stamp_us = self._start_us + round(passed_us if math.isfinite(passed_us) else nominal_us)
        if self._index > 0 and stamp_us <= self._stamp_us:
            # some files give no times, or run backwards at a cut
            stamp_us = self._stamp_us + round(1e6 / self._rate_hz)
        self._stamp_us = stamp_us
        self._index += 1
        return True

    def _grey(self, picture: UInt8s) -> UInt8s:
        cv2, size = self._cv2, (self._config.width, self._config.height)
        grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        scaled: UInt8s = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        return scaled

    def _say_what_is_missing(self) -> None:
        if self._index < self._announced - _ESTIMATE and not self._warned:
            self._warned = True
            _log.warning(
                "%s: only %d of %d frames could be decoded; the file is damaged or cut short",
                self._path,
                self._index,
                self._announced,
            )


def build(config: Config, site: Site) -> Video:
    """Return a source of `Frame`, to be entered before it is read."""
    return Video(config, site)


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ConfigError(f"`path`: {path}: cannot be read: {error.strerror}") from error
    if empty:
        raise ConfigError(f"`path`: {path}: is empty (0 bytes); a video file is wanted")
