"""Bytes of the protocol: commands as they come in, reports as they go out."""

import json
import struct
from binascii import crc32

import protocol

JSON_BITS = (32, 32, 64, 16)
"""of owner, sequence, sent_us and valid_ms, as in the binary form"""


def sealed(layout: str, *fields: object) -> bytes:
    """Return a message with its checksum."""
    body = struct.pack(layout, *fields)
    return body + struct.pack("<I", crc32(body))


def opened(payload: bytes, size: int) -> bytes | None:
    """Return a message of ``size`` bytes without its checksum, None where either is wrong."""
    if len(payload) != size + protocol.CRC_BYTES:
        return None
    body = payload[:size]
    return body if struct.unpack_from("<I", payload, size)[0] == crc32(body) else None


def drive(payload: bytes, channels: int) -> tuple | None:
    """Return owner, sequence, sent_us, valid_ms, power, values of a command, None if malformed."""
    head = protocol.DRIVE_HEAD
    first = head + protocol.VALID_BYTES
    body = opened(payload, first + protocol.VALUE_BYTES * channels)
    if body is None:
        return None
    fields = struct.unpack_from(protocol.DRIVE_LAYOUT, body, 0)
    version, count, flags, owner, sequence, sent_us = fields
    if version != protocol.VERSION or count != channels:
        return None
    (valid_ms,) = struct.unpack_from(protocol.VALID_LAYOUT, body, head)
    values = struct.unpack_from(f"<{channels}f", body, first)
    return owner, sequence, sent_us, valid_ms, bool(flags & protocol.POWER), values


def drive_json(payload: bytes, channels: int) -> tuple | None:
    """Return the same of a command in JSON."""
    try:
        found = json.loads(payload)
        whole = tuple(found[name] for name in ("owner", "sequence", "sent_us", "valid_ms"))
        power, values = found["power"], tuple(float(value) for value in found["values"])
        fits = all(type(n) is int and 0 <= n < 1 << bits for n, bits in zip(whole, JSON_BITS))
        fits = fits and type(power) is bool and len(values) == channels
        return whole + (power, values) if fits else None
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def reset(payload: bytes) -> tuple | None:
    """Return boot and number of the stop that a reset is to end, None where nobody says so."""
    try:
        found = json.loads(payload)
        name, stop = found["who"], (found["boot"], found["stop"])
    except (ValueError, KeyError, TypeError):
        return None
    named = isinstance(name, str) and name and all(type(number) is int for number in stop)
    return stop if named else None


def answer(payload: bytes, boot: int) -> tuple | None:
    """Return number, asked_us, heard_us, sent_us of a clock's answer to this boot, or None."""
    body = opened(payload, struct.calcsize(protocol.ANSWER_LAYOUT))
    if body is None:
        return None
    version, to, number, asked_us, heard_us, sent_us = struct.unpack(protocol.ANSWER_LAYOUT, body)
    if version != protocol.VERSION or to != boot:
        return None
    return number, asked_us, heard_us, sent_us
