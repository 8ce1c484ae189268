"""The binary messages of `core.robot_protocol`, as a brain writes and reads them."""

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.values import Float32s

_CRC = struct.Struct("<I")
_ASK = struct.Struct(protocol.ASK_LAYOUT)
_BODY = struct.Struct(protocol.BODY_LAYOUT)
_ODOMETRY = struct.Struct(protocol.ODOMETRY_LAYOUT)
_RANGE = struct.Struct(protocol.RANGE_LAYOUT)
_VERDICTS = len(protocol.VERDICTS)
MOST_RANGE_BYTES = _RANGE.size + 4 * protocol.MOST_BEAMS + _CRC.size


@dataclass(frozen=True, slots=True)
class Ask:
    """A robot wants to know what time it is here."""

    boot: int
    number: int
    asked_us: int
    """robot's clock"""


@dataclass(frozen=True, slots=True)
class BodyState:
    """What a robot says of itself."""

    flags: int
    """AWAKE, POWERED, EMERGENCY, SYNCED, HELD of the protocol"""
    boot: int
    """another number after each time it was switched on"""
    t_us: int
    """robot's clock"""
    owner: int
    sequence: int
    """of the newest command that it took"""
    offset_us: int
    """brain's clock minus the robot's, where it is SYNCED"""
    uncertainty_us: int
    sent_us: int
    stop: int
    """number of the newest emergency stop, 0 for none since boot"""
    left_mps: float
    right_mps: float
    """as commanded to the motors"""
    verdicts: tuple[int, ...]
    """how often each was given"""


@dataclass(frozen=True, slots=True)
class Odometry:
    """How far the wheels of a robot went."""

    boot: int
    number: int
    t_us: int
    left_m: float
    right_m: float
    """since boot"""
    left_mps: float
    right_mps: float


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """Distances around a robot."""

    boot: int
    number: int
    t_us: int
    metres: Float32s
    """``float32[n]``, left to right; NaN no measurement, +inf nothing within range"""


def drive(
    owner: int, sequence: int, sent_us: int, values: Sequence[float], *, valid_ms: int, power: bool
) -> bytes:
    """Return a command; ``sent_us`` is of the brain's clock."""
    flags = protocol.POWER if power else 0
    layout = protocol.DRIVE_LAYOUT + protocol.VALID_LAYOUT[1:] + f"{len(values)}f"
    head = (protocol.VERSION, len(values), flags, owner, sequence, sent_us, valid_ms)
    return _sealed(struct.pack(layout, *head, *values))


def answer(ask: Ask, heard_us: int, sent_us: int) -> bytes:
    """Return the answer to a robot that asked for the time; both are of the brain's clock."""
    head = (protocol.VERSION, ask.boot, ask.number, ask.asked_us)
    return _sealed(struct.pack(protocol.ANSWER_LAYOUT, *head, heard_us, sent_us))


def ask_of(message: bytes) -> Ask | None:
    """Read an `Ask`; None where it is none."""
    whole = _whole(message, _ASK.size)
    return None if whole is None else Ask(*_ASK.unpack(whole)[1:])


def body_of(message: bytes) -> BodyState | None:
    """Read a `BodyState`; None where it is none."""
    whole = _whole(message, _BODY.size)
    if whole is None:
        return None
    _, *words = _BODY.unpack(whole)
    fields = (*words[:-_VERDICTS], tuple(words[-_VERDICTS:]))
    return BodyState(*fields)


def odometry_of(message: bytes) -> Odometry | None:
    """Read an `Odometry`; None where it is none, or holds what is no number."""
    whole = _whole(message, _ODOMETRY.size)
    if whole is None:
        return None
    found = Odometry(*_ODOMETRY.unpack(whole)[1:])
    moved = (found.left_m, found.right_m, found.left_mps, found.right_mps)
    return found if all(map(math.isfinite, moved)) else None


def scan_of(message: bytes) -> Scan | None:
    """Read a `Scan`; None where it is none, or a distance is negative."""
    if not _RANGE.size <= len(message) <= MOST_RANGE_BYTES:
        return None
    _, count, boot, number, t_us = _RANGE.unpack_from(message)
    whole = _whole(message, _RANGE.size + 4 * count)
    if whole is None or not 0 < count <= protocol.MOST_BEAMS:
        return None
    metres: Float32s = np.frombuffer(whole, "<f4", count, _RANGE.size).astype(np.float32)
    return None if (metres < 0).any() else Scan(boot, number, t_us, metres)


def _sealed(message: bytes) -> bytes:
    return message + _CRC.pack(zlib.crc32(message))


def _whole(message: bytes, size: int) -> bytes | None:
    """Return a message of ``size`` bytes without its check; None where it is not whole."""
    if len(message) != size + _CRC.size or message[0] != protocol.VERSION:
        return None
    whole, (crc,) = message[:size], _CRC.unpack_from(message, size)
    return whole if zlib.crc32(whole) == crc else None
