"""The events in the packets of an AEDAT4 file, 16 bytes each: time, x, y (16 bits each), polarity.

A packet is a FlatBuffer: its size, the offset of its only table, ``EVTS``; the table's only field
is the vector of events.  All offsets are checked: they come from a file.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import i64, start_of
from sensors.event_camera._order import AN_HOUR_US, LAST_US, OFFSET_US, kept, unwrapped

_BYTES = 16
_FARTHEST_US = 1 << 60
_NAME = np.frombuffer(b"EVTS", np.uint8).copy()


@kernel
def spans(data, ends):
    """Find the events of packets that lie one after another.

    Parameters
    ----------
    data
        ``uint8[n]``.
    ends
        ``int64[k + 1]``: 0, then where each packet ends.

    Returns
    -------
        ``int64[k, 2]``: where the events of each are, and how many; -1 where it is damaged.
    """
    found = np.empty((ends.shape[0] - 1, 2), np.int64)
    for k in range(found.shape[0]):
        found[k, 0], found[k, 1] = _vector(data[ends[k] : ends[k + 1]])
        found[k, 0] += ends[k]
    return found


@kernel
def _vector(packet):
    """Return where the vector's items are, and how many, -1 where that cannot be."""
    if packet.shape[0] < 12:
        return 0, -1
    for k in range(4):
        if packet[8 + k] != _NAME[k]:
            return 0, -1
    root = 4 + _number(packet, 4, 4)
    signed = _number(packet, root, 4)
    fields = root - (signed - ((signed >> 31) << 32))
    size, offset = _number(packet, fields, 2), _number(packet, fields + 4, 2)
    if size < 6 or offset == 0:
        return 0, 0
    start = root + offset
    start += _number(packet, start, 4)
    n = _number(packet, start, 4)
    good = 0 <= n <= (packet.shape[0] - start - 4) // _BYTES
    return start + 4, n if good else -1


@kernel
def _number(packet, at, size):
    """Return the unsigned number at a place, one too large to be one where that is not within."""
    if at < 0 or at + size > packet.shape[0]:
        return 1 << 40
    value = 0
    for k in range(size):
        value |= int(packet[at + k]) << (8 * k)
    return value


@kernel
def decode(data, spans, place, size, state, t, x, y, p):
    """Write events of spans, from ``place`` on (span, event in it), which moves along.

    Returns how many of them are good; they may be fewer than there is room for.
    """
    made, full = 0, False
    while place[0] < spans.shape[0] and not full:
        start, n = spans[place[0], 0], spans[place[0], 1] - place[1]
        take = max(min(n, t.shape[0] - made), 0)
        full = take < n
        if take > 0:
            words = i64(start_of(data), start + _BYTES * place[1], 2 * take)
            made += _some(words, size, state, t[made:], x[made:], y[made:], p[made:])
        place[1] += take
        if not full:
            place[0], place[1] = place[0] + 1, 0
    return made


@kernel
def _some(words, size, state, t, x, y, p):
    """Write the events of ``int64[2 n]``; returns how many of them are good."""
    n = words.shape[0] // 2
    width, height = size
    offset, last = state[OFFSET_US], state[LAST_US]
    odd = np.uint32(0)
    for k in range(n):
        rest = words[2 * k + 1]
        column, row = np.uint32(rest & 0xFFFF), np.uint32((rest >> 16) & 0xFFFF)
        t[k] = min(max(words[2 * k], -_FARTHEST_US), _FARTHEST_US) + offset
        x[k], y[k], p[k] = column, row, (rest >> 32) & 1
        odd |= np.uint32(column >= width) | np.uint32(row >= height)
    for k in range(1, n):
        odd |= np.uint32(t[k] < t[k - 1])
    if odd == 0 and last <= t[0] and t[n - 1] <= last + AN_HOUR_US:
        state[LAST_US] = t[n - 1]
        return n
    for k in range(n):
        t[k] -= offset
    unwrapped(state, n, 0, t)
    return kept(state, n, width, height, t, x, y, p)
