"""Many ticks in one call, for a network on its own: the spikes that leave go into a log."""

from neuroloop.core.kernel import kernel
from neuroloop.core.message import (
    EVENT_BYTES,
    MESSAGE_BYTES,
    MESSAGE_WORDS,
    N_BYTES,
    PORT,
    R_BROKEN,
    R_BYTES,
    R_ENGINE_NS,
    R_INTAKE_NS,
    R_SPIKES_OUT,
    R_SYNOPS,
    RECORD_BYTES,
    RECORD_WORDS,
    SIZE,
)
from neuroloop.core.native import at, f32, i64
from neuroloop.runtime.tick import tick

LOG_EVENTS, LOG_SPIKES, LOG_SYNOPS = range(3)
LOG_WORDS = 3
LOG_EVENT_BYTES = EVENT_BYTES + 8
"""of an event in the log: as it left the tick, then its outlet"""


@kernel
def stride(program, feeds, n_feeds, record, outcome, log, room, cost_us, index, ticks, dt_us):
    """Run up to ``ticks`` ticks from tick ``index`` on; returns how many were run.

    ``log`` is `LOG_WORDS` words, then events, each with the outlet that it left by behind it.
    A tick begins only while there are fewer than ``room`` of them, and a tick's own come on top.
    ``cost_us`` (``float32[ticks]``) takes what each tick cost.  The first five and these two are
    addresses.
    """
    words = i64(at(log), 0, LOG_WORDS)
    words[:] = 0
    cost = f32(at(cost_us), 0, ticks)
    out = i64(at(outcome), 0, RECORD_WORDS)
    for k in range(ticks):
        if words[LOG_EVENTS] > room:
            return k
        tick(program, feeds, n_feeds, record, outcome, index + k, (index + k) * dt_us, dt_us)
        message = RECORD_BYTES
        while message < out[R_BYTES]:
            head = i64(at(outcome), message, MESSAGE_WORDS)
            _keep(log, words, outcome, message + MESSAGE_BYTES, head)
            message += head[SIZE]
        words[LOG_SPIKES] += out[R_SPIKES_OUT]
        words[LOG_SYNOPS] += out[R_SYNOPS]
        cost[k] = (out[R_INTAKE_NS] + out[R_ENGINE_NS]) * 1e-3
        if out[R_BROKEN]:
            return k + 1
    return ticks


@kernel
def _keep(log, words, outcome, events, head):
    """Append an outlet's events to the log."""
    n = head[N_BYTES] // EVENT_BYTES
    kept = i64(at(log), 8 * LOG_WORDS + LOG_EVENT_BYTES * words[LOG_EVENTS], 3 * n)
    left = i64(at(outcome), events, 2 * n)
    for k in range(n):
        kept[3 * k], kept[3 * k + 1], kept[3 * k + 2] = left[2 * k], left[2 * k + 1], head[PORT]
    words[LOG_EVENTS] += n
