"""Event Stream 2: 5 bytes a change, a byte of time since the last one, then x and y (16 bits each).

The lowest bit of the first byte is the polarity, the others are the microseconds; 255 is 127 us in
which nothing happened, 254 a reset, which says nothing.  The stream of an ATIS has two bits of kind
(0 OFF, 2 ON, 1 and 3 an exposure) and six of time there; 63 means 63 us times the kind.

Source: A. Marcireau, "Event Stream", github.com/neuromorphic-paris/event_stream.
"""

import struct
from functools import partial
from pathlib import Path

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import kernel
from neuroloop.core.values import UInt8s
from sensors.event_camera._decoder import Layout, Size
from sensors.event_camera._events import Events
from sensors.event_camera._order import LAST_US, OUTSIDE, fresh

MAGIC = b"Event Stream"
EVENT_BYTES = 5
DVS, ATIS = 1, 2
_HEAD = struct.Struct("<12s4BHH")


def layout(start: bytes, path: Path, given: Size | None) -> Layout:
    """Find the events; raises `ConfigError` where they are of another kind."""
    del given
    if len(start) < _HEAD.size:
        raise ConfigError(f"`source`: {path}: ends within its header")
    _, major, _, _, kind, width, height = _HEAD.unpack(start[: _HEAD.size])
    if major != 2 or kind not in (DVS, ATIS):
        raise ConfigError(
            f"`source`: {path}: is an event stream of version {major} and kind {kind}; version 2"
            f" and kind {DVS} (DVS) or {ATIS} (ATIS) are wanted"
        )
    return Layout((width, height), _HEAD.size, partial(Decoder, width, height, kind), 5)


class Decoder:
    """Decodes a stream of changes of brightness, piece by piece; ``kind`` is `DVS` or `ATIS`."""

    tail = b""
    broken = ""
    record = "event"

    def __init__(self, width: int, height: int, kind: int) -> None:
        self.width, self.height, self.state = width, height, fresh()
        self.state[LAST_US] = 0
        self._atis = kind == ATIS

    def decode(self, data: UInt8s, into: Events) -> tuple[int, int]:
        """Decode what is whole and fits; returns how many bytes and how many events."""
        at = into.t_us, into.x, into.y, into.p
        used, made = decode(data, self._atis, self.width, self.height, self.state, *at)
        return used, made


@kernel
def decode(data, atis, width, height, state, t, x, y, p):
    """Write the events of ``uint8[n]``; returns how many bytes were used, and the events."""
    last = state[LAST_US]
    shift = 2 if atis else 1
    silent = 63 if atis else 127
    n = k = 0
    while k < data.shape[0] and n < t.shape[0]:
        first = np.int64(data[k])
        if first >> shift == silent:
            # of a DVS 0 is a reset
            last += silent * (first & (3 if atis else 1))
            k += 1
            continue
        if k + EVENT_BYTES > data.shape[0]:
            break
        column = np.uint16(data[k + 1]) | np.uint16(data[k + 2]) << np.uint16(8)
        row = np.uint16(data[k + 3]) | np.uint16(data[k + 4]) << np.uint16(8)
        last += first >> shift
        change = not atis or first & 1 == 0
        t[n], x[n], y[n], p[n] = last, column, height - 1 - row, (first >> (shift - 1)) & 1
        inside = column < width and row < height
        n += int(inside and change)
        state[OUTSIDE] += int(change and not inside)
        k += EVENT_BYTES
    state[LAST_US] = last
    return k, n
