"""Prophesee EVT 3.0: 16-bit words that say only what changed.

Bits 15...12 say what a word is: 0 y; 2 an event at x (bit 11: ON); 3 the x and polarity from which
the 12 (4) or 8 (5) pixels of a vector go on, a bit each; 6 and 8 the lower and upper 12 bits of the
time.  7, 10, 14 and 15 (continued, a trigger, others, continued) are no events of pixels.  The time
overflows every 2^24 us.

Nobody can foretell which kind the next word is: a branch for each would be guessed wrong every
other time.  So the place of the next event is one number, of which each word replaces a part by a
mask; the events are unpacked from such numbers later, many at once.
"""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.core.native import lowest
from neuroloop.core.values import UInt8s
from sensors.event_camera import _text
from sensors.event_camera._decoder import Layout, Size, known
from sensors.event_camera._events import Events
from sensors.event_camera._order import (
    LAST_US,
    OWN,
    UNKNOWN,
    UNKNOWN_AT,
    UNTIMED,
    fresh,
    kept,
    offset_of,
)

WORD_BYTES = 2
_Y, _X, _BASE_X, _VECTOR_12, _VECTOR_8, _TIME_LOW, _TIME_HIGH = 0, 2, 3, 4, 5, 6, 8
_NO_EVENTS = 1 << 7 | 1 << 10 | 1 << 14 | 1 << 15
"""kinds of words to be passed over, a bit each"""
_FREQUENT = 1 << _Y | 1 << _X | 1 << _BASE_X | 1 << _TIME_LOW
_KNOWN = _NO_EVENTS | _FREQUENT | 1 << _VECTOR_12 | 1 << _VECTOR_8 | 1 << _TIME_HIGH
_LONGEST = 12
"""events of a word"""
_MOST = 1 << 12
"""events unpacked at once: they stay in the cache that is nearest"""
_PERIOD_US = 1 << 24
_PLACE, _BASE_US, _HIGH_US, _TIMED = range(OWN, OWN + 4)
"""where the next event is, what the lower bits of time are added to, and what the upper bits are"""

_ROW_BIT, _ON_BIT, _COLUMN_BIT = 12, 31, 32
"""of a place; below are the lower bits of time, above is x, with room for what vectors add to it"""
_FARTHEST = 1 << 16
"""a column no camera has"""


def _by_kind(columns: int, row: int, low: int, otherwise: int) -> NDArray[np.uint64]:
    table = np.full(16, otherwise, np.uint64)
    table[[_X, _BASE_X]], table[_Y], table[_TIME_LOW] = columns, row, low
    return table


_TAKEN = _by_kind(0x7FF << _COLUMN_BIT | 1 << _ON_BIT, 0x7FF << _ROW_BIT, 0xFFF, 0)
_KEPT = ~_by_kind(-1 << _ON_BIT & (1 << 64) - 1, 0x7FF << _ROW_BIT, 0xFFF, 0)
"""bits of a place that a kind of word sets, and those that it leaves as they are"""
_SPREAD = 1 | 1 << _ROW_BIT | 1 << _COLUMN_BIT
"""puts a word to all its places at once"""


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
        self.state[_HIGH_US] = -1  # none yet

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
    k = n = 0
    while k < words.shape[0] and n + _LONGEST < t.shape[0]:
        most = min(t.shape[0] - n, _MOST)
        used, found = _places(words[k:], state, t[n : n + most])
        k += used
        n += _events(found, width, height, state, t[n:], x[n:], y[n:], p[n:])
        if k < words.shape[0]:
            k += _other(np.int64(words[k]), WORD_BYTES * k, state)
    return k, n


@kernel
def _places(words, state, places):
    """Write the place of each event as a number, until there is no room or another word comes.

    Returns how many words were used, and the events.
    """
    place, high = np.uint64(state[_PLACE]), state[_HIGH_US]
    # unsigned, or each use of them would ask whether they count from the end
    k, n, one = np.uint64(0), np.uint64(0), np.uint64(1)
    end, full = np.uint64(words.shape[0]), np.uint64(places.shape[0] - _LONGEST)
    while k < end and n <= full:
        word = np.uint64(words[k])
        kind, low = word >> np.uint64(12), word & np.uint64(0xFFF)
        if (np.uint64(_FREQUENT) >> kind) & one:
            on = (low & np.uint64(0x800)) << np.uint64(_ON_BIT - 11)
            place = (place & _KEPT[kind]) | ((low * np.uint64(_SPREAD) | on) & _TAKEN[kind])
            places[n] = np.int64(place)
            n += np.uint64(kind == np.uint64(_X))
        elif kind >> one == np.uint64(_VECTOR_12 >> 1):
            wide = kind == np.uint64(_VECTOR_12)
            bits = low if wide else low & np.uint64(0xFF)
            while bits != 0:
                places[n] = np.int64(place + (np.uint64(lowest(bits)) << np.uint64(_COLUMN_BIT)))
                bits &= bits - one
                n += one
            place += np.uint64(12 if wide else 8) << np.uint64(_COLUMN_BIT)
            place = min(
                place,
                np.uint64(_FARTHEST) << np.uint64(_COLUMN_BIT) | place & np.uint64(0xFFFFFFFF),
            )
        elif (np.uint64(_NO_EVENTS) >> kind) & one == 0 and (
            kind != np.uint64(_TIME_HIGH) or np.int64(low) << 12 != high
        ):
            break
        k += one
    state[_PLACE] = np.int64(place)
    return np.int64(k), np.int64(n)


@kernel
def _events(n, width, height, state, t, x, y, p):
    """Unpack ``n`` events from the places in ``t``; returns how many of them are good."""
    if n == 0:
        return 0
    if state[_TIMED] == 0:
        state[UNTIMED] += n
        return 0
    base, odd = state[_BASE_US], np.uint32(0)
    for k in range(n):
        place = np.uint64(t[k])
        column = np.uint32(place >> np.uint64(_COLUMN_BIT))
        row = np.uint32(place >> np.uint64(_ROW_BIT)) & np.uint32(0x7FF)
        t[k] = base + np.int64(place & np.uint64(0xFFF))
        x[k], y[k], p[k] = (
            min(column, np.uint32(0xFFFF)),
            row,
            np.uint32(place) >> np.uint32(_ON_BIT),
        )
        odd |= np.uint32(column >= width) | np.uint32(row >= height)
    for k in range(1, n):
        odd |= np.uint32(t[k] < t[k - 1])
    if odd == 0 and t[0] >= state[LAST_US]:
        state[LAST_US] = t[n - 1]
        return n
    return kept(state, n, width, height, t, x, y, p)


@kernel
def _other(word, at, state):
    """Take in a word that ends a row of events; returns 1, or 0 where it was none of that kind."""
    kind, high = word >> 12, (word & 0xFFF) << 12
    if kind == _TIME_HIGH and high != state[_HIGH_US]:
        if state[_TIMED]:
            # time passes without events, too
            state[LAST_US] = max(state[LAST_US], state[_BASE_US] + (state[_PLACE] & 0xFFF))
        state[_BASE_US] = high + offset_of(state, high, _PERIOD_US)
        state[_PLACE] &= ~0xFFF
        state[_HIGH_US], state[_TIMED] = high, 1
        return 1
    if (_KNOWN >> kind) & 1:
        return 0
    if state[UNKNOWN] == 0:
        state[UNKNOWN_AT] = at
    state[UNKNOWN] += 1
    return 1
