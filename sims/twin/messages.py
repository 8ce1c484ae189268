"""What a robot says and hears as bytes, by `neuroloop.core.robot_protocol`."""

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.values import Float32s

_CRC = "<I"
_LATEST_US = 2**62
_NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True)
class Drive:
    """A command, in the clock of the brain that sent it."""

    owner: int
    sequence: int
    sent_us: int
    valid_ms: int
    power: bool
    values: Sequence[float]
    """m/s of each channel"""


class _DriveJson(Struct, frozen=True, forbid_unknown_fields=True):
    owner: Annotated[int, Meta(ge=1, lt=2**32)]
    sequence: Annotated[int, Meta(ge=0, lt=2**32)]
    sent_us: Annotated[int, Meta(ge=0, le=_LATEST_US)]
    valid_ms: Annotated[int, Meta(ge=1, le=protocol.MOST_VALID_MS)]
    power: bool
    values: Annotated[tuple[float, ...], Meta(max_length=protocol.MOST_CHANNELS)]


class _Reset(Struct, frozen=True):
    who: Annotated[str, Meta(min_length=1)]
    boot: int
    stop: int


def sealed(layout: str, *fields: object, after: bytes = b"") -> bytes:
    """Return a message: fields, what follows them, and the checksum of both."""
    content = struct.pack(layout, *fields) + after
    return content + struct.pack(_CRC, zlib.crc32(content))


def opened(message: bytes) -> bytes | None:
    """Return what stands before the checksum; None where that is wrong."""
    content, end = message[: -protocol.CRC_BYTES], message[-protocol.CRC_BYTES :]
    return content if end == struct.pack(_CRC, zlib.crc32(content)) else None


def drive(message: bytes) -> Drive | None:
    """Read a command; None where it is malformed."""
    content = opened(message)
    head, valid_bytes = protocol.DRIVE_HEAD, protocol.VALID_BYTES
    if content is None or len(content) < head + valid_bytes:
        return None
    version, channels, flags, owner, sequence, sent_us = struct.unpack_from(
        protocol.DRIVE_LAYOUT, content
    )
    (valid_ms,) = struct.unpack_from(protocol.VALID_LAYOUT, content, head)
    values = content[head + valid_bytes :]
    if (
        version != protocol.VERSION
        or not 1 <= channels <= protocol.MOST_CHANNELS
        or len(values) != channels * protocol.VALUE_BYTES
        or not 1 <= valid_ms <= protocol.MOST_VALID_MS
        or sent_us > _LATEST_US
    ):
        return None
    power = bool(flags & protocol.POWER)
    return Drive(owner, sequence, sent_us, valid_ms, power, struct.unpack(f"<{channels}f", values))


def drive_json(message: bytes) -> Drive | None:
    """Read a command in JSON; None where it is malformed."""
    try:
        read = msgspec.json.decode(message, type=_DriveJson)
    except _NO_JSON:
        return None
    return Drive(read.owner, read.sequence, read.sent_us, read.valid_ms, read.power, read.values)


def ranges(boot: int, number: int, t_us: int, metres: Float32s) -> bytes:
    """Return a scan, ``float32[count]`` left to right."""
    fields = (protocol.VERSION, len(metres), boot, number, t_us)
    return sealed(protocol.RANGE_LAYOUT, *fields, after=metres.astype("<f4").tobytes())


def odometry(
    boot: int, number: int, t_us: int, metres: Sequence[float], mps: Sequence[float]
) -> bytes:
    """Return how far each wheel went since boot, and how fast it goes."""
    fields = (protocol.VERSION, boot, number, t_us, *metres, *mps)
    return sealed(protocol.ODOMETRY_LAYOUT, *fields)


def text(**fields: object) -> bytes:
    """Return a message in JSON."""
    return json.dumps(fields).encode()


def reset(message: bytes) -> tuple[int, int] | None:
    """Return boot and number of the stop that a reset is to end; None where nobody says so."""
    try:
        read = msgspec.json.decode(message, type=_Reset)
    except _NO_JSON:
        return None
    return read.boot, read.stop
