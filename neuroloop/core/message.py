"""What enters a tick and what leaves it: two flat records of messages.

They are the same in memory, in rings, in recordings and in replays.

A record is a header of `RECORD_WORDS` int64 words, then messages back to back.  A message is
`MESSAGE_WORDS` int64 words, then its payload, padded to 8 bytes.

===================== ===============================================================
payload of            bytes
===================== ===============================================================
`Kind.READING`        the sensor's numbers: ``uint8[h, w]``, ``float32[k]``; a scan is
                      ``float32[2, k]``, metres then bearings
`Kind.SPIKES`         `EVENT` records (in: to an input port; out: from a population)
`Kind.EDIT`           int64 offset into the arena, then the bytes that go there
`Kind.MOTION`         ``float32[k]``
`Kind.LOST`           int64: readings for this port that never entered, since the last tick
===================== ===============================================================
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from neuroloop.core.values import (
    Depth,
    Frame,
    Motion,
    Numbers,
    Ranges,
    Reading,
    Scalars,
    Sound,
    SourceSpec,
    Spikes,
    UInt8s,
)


class Kind(IntEnum):
    """What a message carries."""

    READING = 1
    SPIKES = 2
    EDIT = 3
    MOTION = 4
    LOST = 5


READING, SPIKES, EDIT, MOTION, LOST = (int(kind) for kind in Kind)
"""the same as plain numbers, for compiled code"""

SIZE, KIND, PORT, T_US, N_BYTES = range(5)
MESSAGE_WORDS = 5
MESSAGE_BYTES = 8 * MESSAGE_WORDS

(
    R_BYTES,
    R_INDEX,
    R_T_US,
    R_DT_US,
    R_SKIPPED,
    R_PROGRAM,
    R_SPIKES_IN,
    R_SPIKES_OUT,
    R_SYNOPS,
    R_STATUS,
    R_BROKEN,
    R_GUARD,
    R_CAUSES,
    R_LATE_NS,
    R_INTAKE_NS,
    R_ENGINE_NS,
    R_SENT_NS,
) = range(17)
RECORD_WORDS = 17
RECORD_BYTES = 8 * RECORD_WORDS
"""of what a tick is given and what it returns

``R_SKIPPED``: deadlines a live clock skipped right before this tick.
``R_PROGRAM``: which network runs, counted from 0, where networks are swapped.
``R_BROKEN``: the population, counted from 1, that has a state that is no longer a number.
``R_SENT_NS``: run time at which a live tick's motion was on its way to the motors.
``R_GUARD``, ``R_CAUSES``: the guard's `State` and the bits of its `Cause` (`core.safety`).
"""
EXACT_BYTES = 8 * R_LATE_NS
"""header bytes that are the same in every run of the same seed; wall-clock times follow"""

EVENT = np.dtype([("t_us", np.int64), ("unit", np.uint32), ("value", np.int32)])
EVENT_UNIT, EVENT_VALUE, EVENT_BYTES = 8, 12, 16


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One message of a record; ``payload`` is a view into it."""

    kind: Kind
    port: int
    t_us: int
    payload: UInt8s

    def events(self) -> np.ndarray[Any, np.dtype[Any]]:
        """Return the payload of SPIKES as `EVENT` records."""
        return self.payload.view(EVENT)

    def floats(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return the payload of MOTION, or of a READING of numbers, as ``float32[k]``."""
        return self.payload.view(np.float32)


def messages(record: UInt8s) -> Iterator[Message]:
    """Yield the messages of a record in order."""
    words = record.view(np.int64)
    at, end = RECORD_BYTES, int(words[R_BYTES])
    while at < end:
        size, kind, port, t_us, n_bytes = (int(w) for w in words[at // 8 : at // 8 + 5])
        start = at + MESSAGE_BYTES
        yield Message(Kind(kind), port, t_us, record[start : start + n_bytes])
        at += size


def padded(n_bytes: int) -> int:
    """Round up to whole words."""
    return (n_bytes + 7) // 8 * 8


def pack(kind: Kind, port: int, t_us: int, payload: UInt8s) -> UInt8s:
    """Return one message as bytes ready for a ring."""
    n_bytes = len(payload)
    message = np.empty(MESSAGE_BYTES + padded(n_bytes), np.uint8)
    message[:MESSAGE_BYTES].view(np.int64)[:] = (len(message), kind, port, t_us, n_bytes)
    message[MESSAGE_BYTES : MESSAGE_BYTES + n_bytes] = payload
    message[MESSAGE_BYTES + n_bytes :] = 0
    return message


def payload_bytes(spec: SourceSpec) -> int:
    """Return the payload size of one reading of a source."""
    n = int(np.prod(spec.shape))
    if spec.reading is Frame:
        return n
    return 8 * n if spec.reading is Ranges else 4 * n


def payload_of(reading: Numbers | Motion) -> UInt8s:
    """Return a reading's numbers as bytes (`Spikes` travel as SPIKES messages instead)."""
    match reading:
        case Frame():
            numbers: np.ndarray[Any, Any] = np.ascontiguousarray(reading.grey, np.uint8)
        case Depth():
            numbers = np.ascontiguousarray(reading.metres, np.float32)
        case Ranges():
            numbers = np.concatenate((reading.metres, reading.bearing_rad), dtype=np.float32)
        case Sound():
            numbers = np.ascontiguousarray(reading.samples, np.float32)
        case Scalars() | Motion():
            numbers = np.ascontiguousarray(reading.values, np.float32)
    return numbers.reshape(-1).view(np.uint8)


def reading_of(spec: SourceSpec, message: Message) -> Reading:
    """Return the reading that a READING message of this source carries."""
    numbers = message.payload.copy()
    if spec.reading is Frame:
        return Frame(message.t_us, numbers.reshape(spec.shape))
    values = numbers.view(np.float32)
    if spec.reading is Ranges:
        half = len(values) // 2
        return Ranges(message.t_us, values[:half], values[half:])
    if spec.reading is Depth:
        return Depth(message.t_us, values.reshape(spec.shape))
    if spec.reading is Sound:
        return Sound(message.t_us, values.reshape(-1, spec.shape[1]), spec.rate_hz * spec.shape[0])
    return Scalars(message.t_us, values)


def nothing(spec: SourceSpec) -> Reading:
    """Return a reading of a source in which nothing is seen or heard, stamped 0."""
    if spec.reading is Spikes:
        return Spikes(np.empty(0, np.int64), np.empty(0, np.uint32))
    numbers = np.zeros(payload_bytes(spec), np.uint8)
    return reading_of(spec, Message(Kind.READING, 0, 0, numbers))


def spikes_of(message: Message) -> Spikes:
    """Return the spikes that a SPIKES message carries."""
    events = message.events()
    return Spikes(events["t_us"].copy(), events["unit"].copy(), events["value"].copy())
