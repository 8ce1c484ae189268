"""Spikes become messages, one for each tick in which some are due, by stamp, then unit."""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.message import (
    EVENT_BYTES,
    KIND,
    MESSAGE_BYTES,
    MESSAGE_WORDS,
    N_BYTES,
    PORT,
    SIZE,
    SPIKES,
    T_US,
)
from neuroloop.core.ring import lose, push


@kernel
def in_order(t_us, unit):
    """Whether events stand by stamp, then unit."""
    wrong = np.int64(0)
    for i in range(len(t_us) - 1):
        wrong += np.int64(
            (t_us[i + 1] < t_us[i]) | ((t_us[i + 1] == t_us[i]) & (unit[i + 1] < unit[i]))
        )
    return wrong == 0


@kernel
def send(ring, capacity, port, latency_us, dt_us, t_us, unit, value, message):
    """Push events that stand in order; ``value`` may be empty, which stands for ones.

    ``message`` (int64 words) has room for the largest message; events of a tick beyond it, and
    those of messages that find no room in the ring, are counted as dropped.
    """
    most = (len(message) - MESSAGE_WORDS) // 2
    n = len(t_us)
    start = 0
    while start < n:
        end_us = ((t_us[start] + latency_us) // dt_us + 1) * dt_us - latency_us
        k = 0
        end = start
        while end < n and t_us[end] < end_us:
            if k < most:
                place = MESSAGE_WORDS + 2 * k
                times = np.int64(value[end]) if len(value) else np.int64(1)
                message[place] = t_us[end]
                message[place + 1] = np.int64(unit[end]) | (times << 32)
                k += 1
            end += 1
        message[SIZE] = MESSAGE_BYTES + EVENT_BYTES * k
        message[KIND], message[PORT] = SPIKES, port
        message[T_US], message[N_BYTES] = t_us[start], EVENT_BYTES * k
        lost = end - start - k
        if not push(ring, capacity, message.view(np.uint8), message[SIZE]):
            lost += k - 1  # the ring has counted one
        if lost > 0:
            lose(ring, lost)
        start = end
