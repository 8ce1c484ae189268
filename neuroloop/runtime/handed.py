"""What goes into the rings of a network stepped by hand, and what is taken out of its outcome.

A message is written straight into its input's ring; `core.message` says what it looks like.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.message import (
    EVENT_BYTES,
    KIND,
    MESSAGE_BYTES,
    MESSAGE_WORDS,
    N_BYTES,
    PORT,
    R_BYTES,
    READING,
    RECORD_BYTES,
    SIZE,
    SPIKES,
    T_US,
)
from neuroloop.core.ring import push

FULL = -2
"""the ring had no room; a number from 0 on is the place of what was refused, `GIVEN` is none"""
GIVEN = -1
UNSORTED = -3


@kernel
def _send(ring, capacity, message, kind, port, t_us, n_bytes):
    size = MESSAGE_BYTES + (n_bytes + 7) // 8 * 8
    message[SIZE], message[KIND], message[PORT] = size, kind, port
    message[T_US], message[N_BYTES] = t_us, n_bytes
    return GIVEN if push(ring, capacity, message.view(np.uint8), size) else FULL


@kernel
def give_values(ring, capacity, port, t_us, value, message):
    """Send ``float32[n]``; ``message`` (int64 words) has room for it."""
    payload = message[MESSAGE_WORDS:].view(np.float32)
    wrong = np.int64(0)
    for i in range(value.shape[0]):
        payload[i] = value[i]
        wrong += np.int64(not np.isfinite(value[i]))
    if wrong:
        for i in range(value.shape[0]):
            if not np.isfinite(value[i]):
                return i
    return _send(ring, capacity, message, READING, port, t_us, 4 * value.shape[0])


@kernel
def give_spikes(ring, capacity, port, t_us, unit, n, message):
    """Send a spike of each of ``unit`` (``int64[k]``), all below ``n``; `UNSORTED` sends none."""
    last = np.int64(0)
    for i in range(unit.shape[0]):
        u = unit[i]
        if u < 0 or u >= n:
            return i
        if u < last:
            return UNSORTED
        last = u
        place = MESSAGE_WORDS + 2 * i
        message[place] = t_us
        message[place + 1] = u | (1 << 32)  # the unit, then the value 1
    return _send(ring, capacity, message, SPIKES, port, t_us, EVENT_BYTES * unit.shape[0])


@kernel
def take_units(outcome, port, into):
    """Copy the units of an outlet that fired into ``uint32[n]``; returns how many."""
    words = outcome.view(np.int64)
    at = RECORD_BYTES // 8
    while 8 * at < words[R_BYTES]:
        if words[at + PORT] == port:
            fired = words[at + N_BYTES] // EVENT_BYTES
            for i in range(fired):
                into[i] = words[at + MESSAGE_WORDS + 2 * i + 1] & 0xFFFFFFFF
            return fired
        at += words[at + SIZE] // 8
    return 0
