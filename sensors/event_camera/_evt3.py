"""Prophesee EVT 3.0: 16-bit words that say only what changed.

Bits 15...12 say what a word is: 0 y; 2 an event at x (bit 11: ON); 3 the x and polarity from which
the 12 (4) or 8 (5) pixels of a vector go on, a bit each; 6 and 8 the lower and upper 12 bits of the
time.  7, 10, 14 and 15 (continued, a trigger, others, continued) are no events of pixels.  The time
overflows every 2^24 us.

Source: Prophesee, "EVT 3.0 Format", docs.prophesee.ai.
"""

from functools import partial
from pathlib import Path

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import lowest
from neuroloop.core.values import UInt8s
from sensors.event_camera import _text
from sensors.event_camera._decoder import Layout, Size, known
from sensors.event_camera._events import Events
from sensors.event_camera._order import (
    BACK,
    LAST_US,
    OUTSIDE,
    OWN,
    UNKNOWN,
    UNKNOWN_AT,
    UNTIMED,
    fresh,
    offset_of,
)

WORD_BYTES = 2
_Y, _X, _BASE_X, _VECTOR_12, _VECTOR_8, _TIME_LOW, _TIME_HIGH = 0, 2, 3, 4, 5, 6, 8
_NO_EVENTS = 1 << 7 | 1 << 10 | 1 << 14 | 1 << 15
"""kinds of words to be passed over, a bit each"""
_FREQUENT = 1 << _Y | 1 << _X | 1 << _BASE_X | 1 << _TIME_LOW
_LONGEST = 12
"""events of a word"""
_PERIOD_US = 1 << 24
_ROW, _COLUMN, _ON, _BASE_US, _HIGH_US, _TIMED = range(OWN, OWN + 6)
"""where the next event is, what the lower bits of time are added to, and what the upper bits are"""


def layout(start: bytes, path: Path, given: Size | None) -> Layout:
    """Find the events of a RAW file."""
    header = _text.header(start)
    size = known(header.size, given, path)
    return Layout(size, header.n_bytes, partial(Decoder, *size, header.start_us), 3)


class Decoder:
    """Decodes words of 2 bytes, piece by piece."""

    tail = b""
    broken = ""
    record = "word"

    def __init__(self, width: int, height: int, start_us: int) -> None:
        self.width, self.height, self.state = width, height, fresh(start_us)

    def decode(self, data: UInt8s, into: Events) -> tuple[int, int]:
        """Decode what is whole and fits; returns how many bytes and how many events."""
        words = data[: len(data) // WORD_BYTES * WORD_BYTES].view(np.uint16)
        used, made = decode(
            words, self.width, self.height, self.state, into.t_us, into.x, into.y, into.p
        )
        return WORD_BYTES * used, made


@kernel
def decode(words, width, height, state, t, x, y, p):
    """Write the events of ``uint16[n]`` words; returns how many words were used, and the events."""
    row, on, column = state[_ROW], state[_ON], state[_COLUMN]
    last, base, timed = state[LAST_US], state[_BASE_US], state[_TIMED]
    outside = untimed = back = 0
    # unsigned, or each use of them would ask whether they count from the end
    k, n, one = np.uint64(0), np.uint64(0), np.uint64(1)
    end, full = np.uint64(words.shape[0]), np.uint64(max(t.shape[0] - _LONGEST, 0))
    while k < end and n < full:
        word = np.int64(words[k])
        kind, low = word >> 12, word & 0xFFF
        if (_FREQUENT >> kind) & 1:
            # no branch between them: nobody can foretell which of them it is
            place, new, time = low & 0x7FF, int(kind >> 1 == 1), int(kind == _TIME_LOW) & timed
            row += (place - row) * int(kind == _Y)
            column += (place - column) * new
            on += ((low >> 11) - on) * new
            back += time & int(base + low < last)
            last += (max(base + low, last) - last) * time
            t[n], x[n], y[n], p[n] = last, column, row, on
            event = int(kind == _X)
            inside = int(column < width) & int(row < height)
            outside += event & timed & (1 - inside)
            untimed += event & (1 - timed)
            n += np.uint64(event & timed & inside)
        elif kind >> 1 == _VECTOR_12 >> 1:
            bits = np.uint64(low if kind == _VECTOR_12 else low & 0xFF)
            while bits != 0:
                pixel = column + lowest(bits)
                bits &= bits - one
                t[n], x[n], y[n], p[n] = last, pixel, row, on
                inside = int(pixel < width) & int(row < height)
                outside += timed & (1 - inside)
                untimed += 1 - timed
                n += np.uint64(timed & inside)
            column += 12 if kind == _VECTOR_12 else 8
        elif kind == _TIME_HIGH:
            if timed == 0 or low << 12 != state[_HIGH_US]:
                state[LAST_US], state[_HIGH_US] = last, low << 12
                base = (low << 12) + offset_of(state, low << 12, _PERIOD_US)
                back += int(base < last)
                last, timed = max(base, last), 1
        elif (_NO_EVENTS >> kind) & 1 == 0:
            if state[UNKNOWN] == 0:
                state[UNKNOWN_AT] = WORD_BYTES * np.int64(k)
            state[UNKNOWN] += 1
        k += one
    state[_ROW], state[_ON], state[_COLUMN] = row, on, column
    state[LAST_US], state[_BASE_US], state[_TIMED] = last, base, timed
    state[OUTSIDE] += outside
    state[UNTIMED] += untimed
    state[BACK] += back
    return np.int64(k), np.int64(n)
