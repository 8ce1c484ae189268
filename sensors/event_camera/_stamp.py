"""From a sender's clock to this machine's, by what arrives soonest.

A datagram takes its time on the way, and never less than none.  So of the differences between when
datagrams came and what the sender's clock showed, the smallest is the best guess of how the clocks
differ.  It is taken over the last ten to twenty seconds, so that clocks may drift apart.
"""

import numpy as np

from neuroloop.core.kernel import kernel

CLOCK_US, OFFSET_US, LEAST_US, SINCE_US, LAST_US, RAW_US, KNOWN, RESTARTS, BACK = range(9)
"""words: the sender's clock as `_payload` goes on from it, what is added to it, the least
difference since ``SINCE_US``, the last stamp that was given and what the sender's clock said of it,
whether the clocks were compared, and how often the sender's was set anew or went a little back"""

_LONG_AGO_US = -(1 << 60)
_WINDOW_US = 10_000_000
_RESTART_US = 1_000_000


@kernel
def stamped(t, unstamped, now_us, state):
    """Turn ``int64[n]`` times of the sender, which came at ``now_us``, into stamps of this machine.

    They never lie ahead of now, and never go back.
    """
    n = t.shape[0]
    if n == 0:
        return
    if unstamped:
        t[:] = max(now_us, state[LAST_US])
        state[LAST_US] = t[n - 1]
        return
    _compare(now_us - t[n - 1], now_us, state)
    last, raw = state[LAST_US], state[RAW_US]
    for k in range(n):
        state[BACK] += np.int64(t[k] < raw)
        raw = t[k]
        last = max(min(raw + state[OFFSET_US], now_us), last)
        t[k] = last
    state[LAST_US], state[RAW_US] = last, raw


@kernel
def _compare(difference, now_us, state):
    """Learn from how much later a datagram came than the sender's clock says."""
    leap = abs(difference - state[OFFSET_US]) > _RESTART_US
    if state[KNOWN] == 0 or leap:
        state[RESTARTS] += state[KNOWN]
        state[KNOWN] = 1
        state[RAW_US] = _LONG_AGO_US
        state[OFFSET_US] = state[LEAST_US] = difference
        state[SINCE_US] = now_us
    state[LEAST_US] = min(state[LEAST_US], difference)
    state[OFFSET_US] = min(state[OFFSET_US], difference)
    if now_us - state[SINCE_US] > _WINDOW_US:
        state[OFFSET_US] = state[LEAST_US]
        state[LEAST_US], state[SINCE_US] = difference, now_us
