"""Cameras of this machine, through Video4Linux."""

import errno
import os
from typing import Any

from neuroloop.core.errors import MachineError, PartError
from sensors.camera import _v4l2
from sensors.camera._mode import Mode
from sensors.camera._stream import Picture, Request, Shot, now_us

_SELECT_S = "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"
_MANUAL = 1
"""of V4L2_CID_EXPOSURE_AUTO"""
_STEP_MS = 0.1
"""of V4L2_CID_EXPOSURE_ABSOLUTE"""
_REMEDY = {
    errno.ENOENT: "no such device; `neuroloop list devices` shows those that there are",
    errno.ENODEV: "it was unplugged",
    errno.ENXIO: "it was unplugged",
    errno.EACCES: "not allowed; be in the group video: sudo usermod -aG video $USER",
    errno.EPERM: "not allowed; a container needs it: --device /dev/video0",
    errno.EBUSY: "another program has it; `fuser -v` names it",
}


class DevicePictures:
    """The pictures of one device.

    Raises
    ------
    MachineError
        Where it is not there, not allowed or no camera.
    PartError
        Where it is and gives no pictures.
    """

    stale = 0

    def __init__(self, path: str, request: Request) -> None:
        cv2 = request.cv2
        self._path = os.path.realpath(path)
        check(self._path)
        # else a camera that gives nothing is waited for ten seconds
        os.environ.setdefault(_SELECT_S, str(max(1, round(request.timeout_s))))
        self._capture = cv2.VideoCapture(self._path, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise PartError(
                f"{path}: is a camera and does not start; another program may have it "
                f"(fuser -v {path})"
            )
        self.damaged = 0
        self.refused = tuple(_set(cv2, self._capture, request.mode))
        self.rate_hz = max(float(self._capture.get(cv2.CAP_PROP_FPS)), 0.0)

    def next(self) -> Shot:
        """Wait for the next picture."""
        while True:
            if not self._capture.grab():
                check(self._path)
                raise PartError(f"{self._path}: gives no more pictures")
            arrived_us = now_us()
            done, picture = self._capture.retrieve()
            if done and picture.size:
                taken: Picture = picture
                return Shot(taken, arrived_us)
            self.damaged += 1

    def interrupt(self) -> None:
        """Leave it to the driver's timeout."""

    def close(self) -> None:
        """Let the device go."""
        self._capture.release()


def check(path: str) -> None:
    """Refuse in words what is no camera, or not for us."""
    try:
        file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        why = _REMEDY.get(error.errno or 0, error.strerror)
        raise MachineError(f"{path}: {why}") from error
    try:
        if not _v4l2.captures(file):
            raise MachineError(f"{path}: is no camera; `neuroloop list devices` shows those here")
    finally:
        os.close(file)


def _set(cv2: Any, capture: Any, mode: Mode) -> list[str]:
    """Ask for a mode, in the order in which drivers want to hear it; return what was refused."""
    # two buffers at least are the driver's; a picture in a third would be older than need be
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    refused = []
    if mode.format is not None:
        code = cv2.VideoWriter.fourcc(*mode.format)
        capture.set(cv2.CAP_PROP_FOURCC, code)
        got = int(capture.get(cv2.CAP_PROP_FOURCC))
        if got != code:
            refused.append(f"format {mode.format} refused, {_v4l2.four_letters(got)} taken")
    for name, value in (
        ("FRAME_WIDTH", mode.width),
        ("FRAME_HEIGHT", mode.height),
        ("FPS", mode.rate_hz),
    ):
        if value is not None:
            capture.set(getattr(cv2, f"CAP_PROP_{name}"), value)
    if mode.exposure_ms is not None:
        steps = max(1, round(mode.exposure_ms / _STEP_MS))
        manual = capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL)
        if not (manual and capture.set(cv2.CAP_PROP_EXPOSURE, steps)):
            refused.append("exposure cannot be set")
        elif (got_ms := capture.get(cv2.CAP_PROP_EXPOSURE) * _STEP_MS) != steps * _STEP_MS:
            refused.append(f"asked for an exposure of {mode.exposure_ms:g} ms, got {got_ms:g} ms")
    return refused
