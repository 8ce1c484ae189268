"""What all decoders keep from one piece of a file to the next, and how stamps are kept in order.

Stamps that leave a decoder never go back.  One that lies up to a second before its predecessor is
given its predecessor's (``BACK`` counts them).  A larger step back is the counter's overflow, where
it fits its period, or else a clock that was set anew, and so is a leap of more than an hour ahead;
either way time goes on from there.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.core.values import Int64s

LAST_US, OFFSET_US, WRAPS, RESTARTS, BACK, OUTSIDE, UNTIMED, UNKNOWN, UNKNOWN_AT = range(9)
OWN = 9
"""the first word that a decoder may use as it likes"""

WORDS = 16

COUNTED = {
    WRAPS: "overflows of the clock",
    RESTARTS: "restarts of the clock",
    BACK: "stamps that went back",
    OUTSIDE: "events outside of the picture",
    UNTIMED: "events before the first time",
    UNKNOWN: "words that are no events",
}

_A_SECOND_US = 1_000_000
AN_HOUR_US = 3_600_000_000
LONG_AGO_US = -(1 << 60)


def fresh(start_us: int = 0) -> Int64s:
    """Return the state in which decoding begins, ``int64[WORDS]``.

    ``start_us`` is added to all times.
    """
    state = np.zeros(WORDS, np.int64)
    state[LAST_US] = LONG_AGO_US
    state[OFFSET_US] = start_us
    state[UNKNOWN_AT] = -1
    return state


@inline
def offset_of(state, stamp, period):
    """Return what has to be added to the clock's ``stamp`` (us) for time to go on.

    ``period`` is that of the clock's counter in microseconds, 0 where it has none.
    """
    last, offset = state[LAST_US], state[OFFSET_US]
    passed = stamp + offset - last
    if (passed < -_A_SECOND_US or passed > AN_HOUR_US) and last != LONG_AGO_US:
        if 0 <= passed + period < period // 2:
            state[WRAPS] += 1
            offset += period
        else:
            state[RESTARTS] += 1
            offset = last - stamp
        state[OFFSET_US] = offset
    return offset


@kernel
def unwrapped(state, n, period, t):
    """Make of ``n`` readings of the clock times that go on."""
    before = state[LAST_US]
    for k in range(n):
        t[k] += offset_of(state, t[k], period)
        state[LAST_US] = max(t[k], state[LAST_US])
    state[LAST_US] = before


@kernel
def kept(state, n, width, height, t, x, y, p):
    """Put ``n`` events in order, drop those outside of the picture; returns how many are left."""
    last, made = state[LAST_US], 0
    for k in range(n):
        stamp = t[k]
        if stamp < last:
            stamp = last
            state[BACK] += 1
        last = stamp
        if x[k] < width and y[k] < height:
            t[made], x[made], y[made], p[made] = stamp, x[k], y[k], p[k]
            made += 1
        else:
            state[OUTSIDE] += 1
    state[LAST_US] = last
    return made
