"""What Video4Linux says of the cameras of this machine; no package is needed for that.

Numbers and layouts are those of the kernel's ``linux/videodev2.h``.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from neuroloop.core.device import Device

_CLASS = Path("/sys/class/video4linux")
_READ, _WRITE = 2, 1
_CAPTURE = 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE"""
_CAN_CAPTURE = 0x1
_DEVICE_CAPS = 0x80000000
_DISCRETE = 1
_MOST = 200
"""of any list that a driver gives"""


def _request(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord("V") << 8 | number


_CAPABILITY = struct.Struct("=16s32s32sIII12x")
_FORMAT = struct.Struct("=III32sII12x")
_SIZE = struct.Struct("=III24x8x")
_INTERVAL = struct.Struct("=IIIII24x8x")
_QUERYCAP = _request(_READ, 0, _CAPABILITY.size)
_ENUM_FMT = _request(_READ | _WRITE, 2, _FORMAT.size)
_ENUM_SIZES = _request(_READ | _WRITE, 74, _SIZE.size)
_ENUM_INTERVALS = _request(_READ | _WRITE, 75, _INTERVAL.size)


def devices(folder: Path = _CLASS, nodes: Path = Path("/dev")) -> list[Device]:
    """Return the cameras among the kernel's video devices, each with its modes."""
    if not folder.is_dir():
        return []
    names = sorted(folder.iterdir(), key=lambda p: (len(p.name), p.name))
    found = (_device(nodes / place.name, place) for place in names)
    return [device for device in found if device is not None]


def captures(file: int) -> bool:
    """Whether an open file is a device that gives pictures."""
    try:
        answer = _ask(file, _QUERYCAP, bytes(_CAPABILITY.size))
    except OSError:
        return False
    *_, all_, own = _CAPABILITY.unpack(answer)
    return bool((own if all_ & _DEVICE_CAPS else all_) & _CAN_CAPTURE)


def four_letters(code: int) -> str:
    """Return the name of a pixel format."""
    return code.to_bytes(4, "little").decode("ascii", "replace").strip()


def _device(node: Path, place: Path) -> Device | None:
    """Return one camera; None for what is none, as the second node that many cameras have."""
    try:
        name = (place / "name").read_text("utf-8", "replace").strip()
    except OSError:
        name = ""
    try:
        file = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return Device(str(node), name, (f"cannot be opened: {error.strerror}",))
    try:
        return Device(str(node), name, tuple(_modes(file))) if captures(file) else None
    finally:
        os.close(file)


def _modes(file: int) -> Iterator[str]:
    for code in _formats(file):
        for width, height in _sizes(file, code):
            rates = ", ".join(f"{hz:g}" for hz in _rates(file, code, width, height))
            at = f" at {rates} Hz" if rates else ""
            yield f"{four_letters(code)} {width}x{height}{at}"


def _formats(file: int) -> Iterator[int]:
    for index in range(_MOST):
        asked = _FORMAT.pack(index, _CAPTURE, 0, b"", 0, 0)
        try:
            yield _FORMAT.unpack(_ask(file, _ENUM_FMT, asked))[4]
        except OSError:
            return


def _sizes(file: int, code: int) -> Iterator[tuple[int, int]]:
    """Yield sizes; of a range its smallest and its largest."""
    for index in range(_MOST):
        try:
            answer = _ask(file, _ENUM_SIZES, _SIZE.pack(index, code, 0))
        except OSError:
            return
        kind = _SIZE.unpack(answer)[2]
        numbers = struct.unpack_from("=6I", answer, 12)
        if kind != _DISCRETE:
            yield numbers[0], numbers[3]
            yield numbers[1], numbers[4]
            return
        yield numbers[0], numbers[1]


def _rates(file: int, code: int, width: int, height: int) -> Iterator[float]:
    """Yield rates; of a range its highest and its lowest."""
    for index in range(_MOST):
        try:
            answer = _ask(file, _ENUM_INTERVALS, _INTERVAL.pack(index, code, width, height, 0))
        except OSError:
            return
        kind = _INTERVAL.unpack(answer)[4]
        numbers = struct.unpack_from("=6I", answer, 20)
        pairs = [numbers[:2]] if kind == _DISCRETE else [numbers[:2], numbers[2:4]]
        yield from (round(below / above, 2) for above, below in pairs if above)
        if kind != _DISCRETE:
            return


def _ask(file: int, request: int, argument: bytes) -> bytes:
    return fcntl.ioctl(file, request, argument)
