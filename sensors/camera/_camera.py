"""The sensor: opens a camera the right way, and hands out its newest picture."""

import logging
from collections.abc import Mapping
from typing import Any, Self

from neuroloop.core.errors import PartError
from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, SourceSpec, UInt8s
from sensors._opencv import opencv
from sensors._run_time import RunTime
from sensors.camera import _address, _calibration
from sensors.camera._address import Way
from sensors.camera._capture import Capture
from sensors.camera._device import DevicePictures
from sensors.camera._ffmpeg import FfmpegPictures
from sensors.camera._film import FilmPictures
from sensors.camera._http import HttpPictures, NotMultipartError
from sensors.camera._mode import Mode, differs
from sensors.camera._optics import Look, Optics
from sensors.camera._stream import Picture, Request, Stream, now_us

_MEASURING_S = 1.0
"""for the rate, when it is opened"""
_OPENING_S = 3.0
"""beyond its timeout: RTSP takes a second to agree on a stream"""
_PAUSE_US = 500_000
"""between two reads; then nobody was there to read, and the camera is given time again"""

_log = logging.getLogger(__name__)


class Camera:
    """A source of the newest frame; a context manager.

    A camera that fails makes `read` raise: the run opens a new one, with back-off, while its guard
    holds.  A connection mended in here would look like a camera that is only silent.
    """

    def __init__(
        self,
        source: int | str,
        look: Look,
        calibration: str | None,
        mode: Mode,
        timeout_s: float,
        site: Site,
    ) -> None:
        self._address = _address.address(source, site.folder)
        self._look, self._mode, self._timeout_s = look, mode, timeout_s
        self._calibration_path = None if calibration is None else site.folder / calibration
        self._name = site.name
        self._calibration: _calibration.Calibration | None = None
        self._cv2: Any = None
        self._capture = Capture(site.name, self._opened, self._developed)
        self._optics: Optics | None = None
        self._resized = 0
        self._time = RunTime()
        self._begun = False
        self._read_us = self._patient_since_us = 0
        self._until_us = self._newest_us = 0
        self._spec: SourceSpec | None = None

    def __enter__(self) -> Self:
        """Open the camera; wait for its first picture and find its rate."""
        self._cv2 = opencv()
        if self._calibration_path is not None:
            self._calibration = _calibration.load(self._calibration_path, self._cv2)
        self._capture.start()
        try:
            rate_hz = self._capture.first(self._timeout_s + _OPENING_S, _MEASURING_S)
        except BaseException:
            self._capture.stop()
            raise
        self._spec = self._described(rate_hz)
        return self

    def __exit__(self, *_: object) -> None:
        """Let the camera go."""
        self._capture.stop()

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once it is open."""
        if self._spec is None:
            raise PartError(f'sensor "{self._name}" is not open')
        return self._spec

    @property
    def counts(self) -> Mapping[str, int]:
        """Frames that nobody saw, by why, since it was opened."""
        return {
            "stale frames": self._capture.stale,
            "damaged frames": self._capture.damaged,
            "changes of size": self._resized,
        }

    def read(self, until_us: int) -> list[Frame]:
        """Return the newest frame, where it came before ``until_us``, which is now.

        Raises
        ------
        PartError
            Where the camera failed, or gave nothing for its timeout.
        """
        now = now_us()
        zero_us = self._time.read(until_us, now)
        self._check(now)
        shot = self._capture.newest()
        asked_us, self._until_us = self._until_us, until_us
        if zero_us is None or shot is None:
            return []
        if not self._begun:  # what nobody could have read is not stale
            self._begun = True
            self._capture.forget()
        t_us = shot.arrived_us - zero_us
        # a frame that is developed between two looks up to the same time belongs to the next
        if not 0 <= t_us < until_us or until_us == asked_us:
            return []
        self._capture.take(shot)
        self._newest_us = max(self._newest_us, t_us)
        return [Frame(self._newest_us, shot.picture)]

    def _check(self, now: int) -> None:
        error = self._capture.error
        if error is not None:
            raise type(error)(f'sensor "{self._name}": {error}') from error
        if now - self._read_us > _PAUSE_US:
            self._patient_since_us = now
        self._read_us = now
        silent_us = now - max(self._patient_since_us, self._capture.heard_us)
        if silent_us > 1e6 * self._timeout_s:
            raise PartError(
                f'sensor "{self._name}": {self._address.shown} gave no picture for '
                f"{self._timeout_s:g} s"
            )

    def _opened(self) -> Stream:
        """Open the camera, on the thread of the capture."""
        request = Request(self._cv2, self._mode, self._timeout_s, lambda: self._capture.stopped)
        match self._address.way:
            case Way.DEVICE:
                return DevicePictures(self._address.text, request)
            case Way.FILM:
                return FilmPictures(self._address.text, request)
            case Way.HTTP:
                try:
                    return HttpPictures(self._address.text, request)
                except NotMultipartError:
                    return FfmpegPictures(self._address, request)
            case Way.NETWORK:
                return FfmpegPictures(self._address, request)

    def _developed(self, picture: Picture) -> UInt8s:
        """Make the frame of a picture, on the thread of the capture."""
        height, width = picture.shape[:2]
        optics = self._optics
        if optics is None or optics.size != (width, height):
            if optics is not None:
                self._resized += 1
                was = f"{optics.size[0]}x{optics.size[1]}"
                _log.warning(
                    'sensor "%s": pictures are %dx%d from now on, not %s; frames stay %dx%d',
                    *(self._name, width, height, was, self._look.width, self._look.height),
                )
            optics = Optics(self._cv2, self._look, self._calibration, (width, height))
            self._optics = optics
        return optics(picture)

    def _described(self, rate_hz: float) -> SourceSpec:
        optics = self._optics
        if optics is None:
            raise PartError("no picture came")
        told = differs(self._mode, optics.size, rate_hz, self._capture.refused)
        if told:
            _log.warning('sensor "%s": %s: %s', self._name, self._address.shown, told)
        _log.info(
            'sensor "%s": %s gives %dx%d at %.3g Hz',
            *(self._name, self._address.shown, *optics.size, rate_hz),
        )
        return SourceSpec(
            name=self._name,
            reading=Frame,
            shape=(self._look.height, self._look.width),
            rate_hz=rate_hz,
            unit="grey",
            low=0.0,
            high=255.0,
            bearing_rad=optics.bearing_rad,
            stamped_by="arrival",
        )
