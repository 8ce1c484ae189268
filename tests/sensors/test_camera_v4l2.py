"""What Video4Linux is asked, and what is made of its answers, without a camera.

The answers are laid out by the kernel's ``linux/videodev2.h`` here, field by field, and not by the
sensor's own tables.
"""

import errno
import fcntl
import os
import struct
from pathlib import Path

import pytest

from neuroloop.doctor.checks import camera as check
from sensors import camera
from sensors.camera import _v4l2

QUERYCAP, ENUM_FMT, ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS = (
    *(0x80685600, 0xC0405602),
    *(0xC02C564A, 0xC034564B),
)
CAPTURE, METADATA, DEVICE_CAPS = 0x1, 0x00800000, 0x80000000
DISCRETE, CONTINUOUS = 1, 2
MJPG, YUYV = (int.from_bytes(name, "little") for name in (b"MJPG", b"YUYV"))


class Driver:
    """Answers as a webcam with two formats does; one of them with a range of sizes."""

    def __init__(self, caps=CAPTURE):
        self.caps = caps

    def __call__(self, file, request, argument):
        del file
        answers = {
            QUERYCAP: self.querycap,
            ENUM_FMT: self.format,
            ENUM_FRAMESIZES: self.size,
            ENUM_FRAMEINTERVALS: self.interval,
        }
        assert len(argument) == request >> 16 & 0x3FFF
        return answers[request](argument)

    def querycap(self, argument):
        texts = b"uvc".ljust(16, b"\0") + b"Eye".ljust(32, b"\0") + b"usb".ljust(32, b"\0")
        whole = CAPTURE | METADATA | DEVICE_CAPS
        return texts + struct.pack("=6I", 0x60000, whole, self.caps, 0, 0, 0)

    def format(self, argument):
        index, kind = struct.unpack_from("=2I", argument)
        assert kind == 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
        if index > 1:
            raise OSError(errno.EINVAL, "no more")
        code = (MJPG, YUYV)[index]
        text = b"Motion-JPEG".ljust(32, b"\0")
        return struct.pack("=3I", index, kind, 0) + text + struct.pack("=5I", code, 0, 0, 0, 0)

    def size(self, argument):
        index, code = struct.unpack_from("=2I", argument)
        if index > (1 if code == MJPG else 0):
            raise OSError(errno.EINVAL, "no more")
        if code == MJPG:
            sizes = ((640, 480), (1920, 1080))[index]
            body = struct.pack("=7I", DISCRETE, *sizes, 0, 0, 0, 0)
        else:  # min and max width, step, min and max height, step
            body = struct.pack("=7I", CONTINUOUS, 160, 640, 2, 120, 480, 2)
        return struct.pack("=2I", index, code) + body + bytes(8)

    def interval(self, argument):
        index, code, width, height = struct.unpack_from("=4I", argument)
        if code == YUYV or index > 1:
            raise OSError(errno.EINVAL, "no more")
        above, below = ((1, 30), (1001, 15_000))[index]
        body = struct.pack("=7I", DISCRETE, above, below, 0, 0, 0, 0)
        return struct.pack("=4I", index, code, width, height) + body + bytes(8)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with these video nodes, by name, each with a driver; returns its cameras."""

    def make(**drivers):
        for name, driver in drivers.items():
            (tmp_path / "class" / name).mkdir(parents=True)
            (tmp_path / "class" / name / "name").write_text(f"Eye of {name}\n")
            if driver is not None:
                (tmp_path / name).touch()

        def ask(file, request, argument):
            node = Path(f"/proc/self/fd/{file}").readlink().name
            return drivers[node](file, request, argument)

        monkeypatch.setattr(fcntl, "ioctl", ask)
        return _v4l2.devices(tmp_path / "class", tmp_path)

    return make


def test_a_camera_tells_its_name_and_modes(machine, tmp_path):
    (eye,) = machine(video0=Driver())
    assert eye.address == str(tmp_path / "video0")
    assert eye.name == "Eye of video0"
    assert eye.modes == (
        "MJPG 640x480 at 30, 14.99 Hz",
        "MJPG 1920x1080 at 30, 14.99 Hz",
        "YUYV 160x120",
        "YUYV 640x480",
    )


def test_the_second_node_of_a_camera_is_left_out(machine):
    found = machine(video0=Driver(), video1=Driver(caps=METADATA))
    assert [eye.name for eye in found] == ["Eye of video0"]


def test_cameras_come_in_the_order_of_their_numbers(machine):
    found = machine(video10=Driver(), video2=Driver())
    assert [eye.name for eye in found] == ["Eye of video2", "Eye of video10"]


def test_a_camera_that_cannot_be_opened_is_there_and_says_why(machine):
    (eye,) = machine(video0=None)
    assert eye.modes == ("cannot be opened: No such file or directory",)


def test_what_is_no_video_device_captures_nothing():
    with Path("/dev/null").open("rb") as file:
        assert not _v4l2.captures(file.fileno())


def test_where_no_driver_is_loaded_there_are_no_cameras(tmp_path):
    assert _v4l2.devices(tmp_path / "video4linux") == []


def test_the_sensor_looks_for_its_devices():
    assert all(eye.address.startswith("/dev/") for eye in camera.devices())


@pytest.mark.parametrize(("allowed", "state"), [(True, "ok"), (False, "note")])
def test_doctor_says_whether_cameras_may_be_opened(tmp_path, monkeypatch, allowed, state):
    (tmp_path / "video0").touch()
    monkeypatch.setattr(check, "_NODES", tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: allowed)
    *_, found = check.findings()
    assert (found.what, found.state.value) == ("cameras", state)
    assert str(tmp_path / "video0") in found.detail
    assert ("usermod" in found.remedy) is not allowed


def test_doctor_says_nothing_of_cameras_where_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "_NODES", tmp_path)
    assert [found.what for found in check.findings()] == ["OpenCV"]
