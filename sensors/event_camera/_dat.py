"""Prophesee DAT: 8 bytes an event, a 32-bit time in microseconds and a 32-bit address.

The address is, from its lowest bit, x (14 bits), y (14) and polarity (4); in version 1 x (9), y (8)
and polarity.

Source: Prophesee, "DAT File Format", docs.prophesee.ai.
"""

from functools import partial
from pathlib import Path

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import kernel
from neuroloop.core.values import UInt8s
from sensors.event_camera import _text
from sensors.event_camera._decoder import Layout, Size, known
from sensors.event_camera._events import Events
from sensors.event_camera._order import (
    AN_HOUR_US,
    LAST_US,
    OFFSET_US,
    fresh,
    kept,
    unwrapped,
)

EVENT_BYTES = 8
_CHANGES, _OLD_CHANGES = b"\x0c\x08", b"\x00\x08"
"""kind of the events and their size"""
_PERIOD_US = 1 << 32


def layout(start: bytes, path: Path, given: Size | None) -> Layout:
    """Find the events; raises `ConfigError` where they are of another kind."""
    header = _text.header(start)
    kind = start[header.n_bytes : header.n_bytes + len(_CHANGES)]
    if kind not in (_CHANGES, _OLD_CHANGES) or header.version not in (1, 2):
        raise ConfigError(
            f"`source`: {path}: is no DAT file of changes (version {header.version}, type and size"
            f" {kind.hex(' ') or 'missing'}; version 1 or 2 and {_CHANGES.hex(' ')} are wanted)"
        )
    size = known(header.size, given, path)
    return Layout(size, header.n_bytes + len(kind), partial(Decoder, *size, header), 8)


class Decoder:
    """Decodes events of 8 bytes, piece by piece."""

    tail = b""
    broken = ""
    record = "event"

    def __init__(self, width: int, height: int, header: _text.Header) -> None:
        self.width, self.height, self.state = width, height, fresh(header.start_us)
        self._bits = (9, 8) if header.version == 1 else (14, 14)

    def decode(self, data: UInt8s, into: Events) -> tuple[int, int]:
        """Decode what is whole and fits; returns how many bytes and how many events."""
        n = min(len(data) // EVENT_BYTES, len(into))
        words = data[: EVENT_BYTES * n].view(np.uint32)
        at, bits = (into.t_us, into.x, into.y, into.p), self._bits
        return EVENT_BYTES * n, decode(words, bits, self.width, self.height, self.state, *at)


@kernel
def decode(words, bits, width, height, state, t, x, y, p):
    """Write the events of ``uint32[2 n]`` words; returns how many there were."""
    n = words.shape[0] // 2
    wide, high = np.uint32(bits[0]), np.uint32(bits[1])
    offset = state[OFFSET_US]
    odd, last = np.uint32(0), state[LAST_US]
    for k in range(n):
        stamp, address = words[2 * k] + offset, words[2 * k + 1]
        column = address & ((np.uint32(1) << wide) - np.uint32(1))
        row = (address >> wide) & ((np.uint32(1) << high) - np.uint32(1))
        t[k], x[k], y[k] = stamp, column, row
        p[k] = (address >> (wide + high)) & np.uint32(0xF) != 0
        odd |= np.uint32(column >= width) | np.uint32(row >= height)
        odd |= np.uint32(stamp < last) | np.uint32(stamp > last + AN_HOUR_US)
        last = stamp
    if odd == 0:
        state[LAST_US] = last
        return n
    for k in range(n):
        t[k] = np.int64(words[2 * k])
    unwrapped(state, n, _PERIOD_US, t)
    return kept(state, n, width, height, t, x, y, p)
