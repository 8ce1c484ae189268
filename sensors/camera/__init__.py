"""A live camera: USB and built-in ones, MJPEG over HTTP, RTSP, or a film played as a camera would.

Frames come by a thread of their own, and the newest wins: one that nobody had read when the next
came is dropped and counted.  They are stamped with their arrival: when the last byte of a JPEG over
HTTP was here, or when OpenCV handed the picture over, decoded.

Colour becomes grey by the luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B; of a JPEG its own,
which is the same); deeper pixels are reduced to their upper 8 bits; frames are freed of the lens's
distortion where `calibration` tells it, then cropped, then scaled by averaging areas.

A film is looped in real time, for tests without a camera; the sensor `video` gives each of its
frames once, for exact repetition.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from neuroloop.core.device import Device
from neuroloop.core.ports import Site
from sensors.camera._camera import Camera
from sensors.camera._mode import Mode
from sensors.camera._optics import Look

Crop = tuple[
    Annotated[int, Meta(ge=0)],
    Annotated[int, Meta(ge=0)],
    Annotated[int, Meta(ge=1)],
    Annotated[int, Meta(ge=1)],
]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    source: Annotated[int, Meta(ge=0, le=255)] | Annotated[str, Meta(min_length=1)] = 0
    """the number of a device (``neuroloop list devices``), ``/dev/video0``, ``http://...`` of an
    MJPEG stream, ``rtsp://...``, or a film beside the run file"""
    width: Annotated[int, Meta(ge=1, le=4096)] = 64
    height: Annotated[int, Meta(ge=1, le=4096)] = 48
    """of the frames it yields, in pixels, whatever the camera gives"""
    fov_deg: Annotated[float, Meta(gt=0, lt=180)] = 60.0
    """horizontal field of view of the whole picture; a calibration knows better"""
    crop: Crop | None = None
    """left, top, width, height of the part that is looked at, in pixels of the camera"""
    calibration: str | None = None
    """a TOML or YAML file beside the run file, as ROS and OpenCV write it: ``image_width``,
    ``image_height``, ``camera_matrix``, ``distortion_coefficients``"""
    mode: Mode = Mode()
    """what the camera is asked for; what it gives instead is said in a warning"""
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 2.0
    """a camera that gives nothing for so long has failed, and is opened again"""


def build(config: Config, site: Site) -> Camera:
    """Return a source of `Frame`, to be entered before it is read."""
    look = Look(config.width, config.height, config.fov_deg, config.crop)
    return Camera(config.source, look, config.calibration, config.mode, config.timeout_s, site)


def devices() -> Sequence[Device]:
    """Return the cameras that the kernel knows."""
    from sensors.camera import _v4l2

    return _v4l2.devices()
