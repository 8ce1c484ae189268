"""Prophesee EVT 2.0: a 32-bit word an event.

Bits 31...28 say what a word is.  0 and 1 are an OFF and an ON event: 6 bits of time, 11 of x, 11 of
y.  8 is the upper 28 bits of the time, for the events that follow.  10 (a trigger), 14 (others) and
15 (continued) are no events of pixels.

Source: Prophesee, "EVT 2.0 Format", docs.prophesee.ai.
"""

from functools import partial
from pathlib import Path

import numpy as np

from neuroloop.core.kernel import kernel
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

WORD_BYTES = 4
_HIGH_US = OWN
"""the time that the words of events add to"""
_TIMED = OWN + 1
_PERIOD_US = 1 << 34
_TIME_HIGH = 8
_NO_EVENTS = 1 << 10 | 1 << 14 | 1 << 15
"""kinds of words to be passed over, a bit each"""


def layout(start: bytes, path: Path, given: Size | None) -> Layout:
    """Find the events of a RAW file."""
    header = _text.header(start)
    size = known(header.size, given, path)
    return Layout(size, header.n_bytes, partial(Decoder, *size, header.start_us), 4)


class Decoder:
    """Decodes words of 4 bytes, piece by piece."""

    tail = b""
    broken = ""
    record = "word"

    def __init__(self, width: int, height: int, start_us: int) -> None:
        self.width, self.height, self.state = width, height, fresh(start_us)

    def decode(self, data: UInt8s, into: Events) -> tuple[int, int]:
        """Decode what is whole and fits; returns how many bytes and how many events."""
        words = data[: min(len(data) // WORD_BYTES, len(into)) * WORD_BYTES].view(np.uint32)
        made = decode(words, self.width, self.height, self.state, into.t_us, into.x, into.y, into.p)
        return words.nbytes, made


@kernel
def decode(words, width, height, state, t, x, y, p):
    """Write the events of ``uint32[n]`` words, n at most; returns how many there were."""
    n = k = 0
    while k < words.shape[0]:
        end = k
        while end < words.shape[0] and words[end] >> 29 == 0:
            end += 1
        if end > k:
            n += _events(words[k:end], width, height, state, t[n:], x[n:], y[n:], p[n:])
        if end < words.shape[0]:
            _other(words[end], WORD_BYTES * end, state)
        k = end + 1
    return n


@kernel
def _events(words, width, height, state, t, x, y, p):
    """Write the events of a row without other words; returns how many of them are good."""
    if state[_TIMED] == 0:
        state[UNTIMED] += words.shape[0]
        return 0
    high = state[_HIGH_US]
    odd = np.uint32(0)
    for k in range(words.shape[0]):
        word = words[k]
        column, row = (word >> np.uint32(11)) & np.uint32(0x7FF), word & np.uint32(0x7FF)
        t[k] = high + ((word >> np.uint32(22)) & np.uint32(0x3F))
        x[k], y[k], p[k] = column, row, word >> np.uint32(28)
        odd |= np.uint32(column >= width) | np.uint32(row >= height)
    for k in range(1, words.shape[0]):
        odd |= np.uint32(t[k] < t[k - 1])
    if odd == 0 and t[0] >= state[LAST_US]:
        state[LAST_US] = t[words.shape[0] - 1]
        return words.shape[0]
    return kept(state, words.shape[0], width, height, t, x, y, p)


@kernel
def _other(word, at, state):
    """Take in a word that is no event; ``at`` is its place in bytes."""
    kind = word >> 28
    if kind == _TIME_HIGH:
        stamp = np.int64(word & 0xFFFFFFF) << 6
        state[_HIGH_US] = stamp + offset_of(state, stamp, _PERIOD_US)
        state[_TIMED] = 1
    elif (_NO_EVENTS >> kind) & 1 == 0:
        if state[UNKNOWN] == 0:
            state[UNKNOWN_AT] = at
        state[UNKNOWN] += 1
