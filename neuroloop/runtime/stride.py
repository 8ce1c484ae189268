"""Many ticks in one call, for a network on its own: what leaves them is kept in a log."""

from neuroloop.core.kernel import kernel
from neuroloop.core.message import (
    MESSAGE_BYTES,
    MESSAGE_WORDS,
    N_BYTES,
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
from neuroloop.core.native import at, f32, i64, u8
from neuroloop.runtime.tick import tick

LOG_END, LOG_SPIKES, LOG_SYNOPS = range(3)
LOG_WORDS = 3


@kernel
def stride(program, feeds, n_feeds, record, outcome, log, log_bytes, cost_us, index, ticks, dt_us):
    """Run up to ``ticks`` ticks from tick ``index`` on; returns how many were run.

    ``log`` is `LOG_WORDS` words, then messages back to back; a tick begins only where the log has
    room for all that can leave it, ``outcome``'s size at most.  ``cost_us`` (``float32[ticks]``)
    takes what each tick cost.  The first five and these two are addresses.
    """
    words = i64(at(log), 0, LOG_WORDS)
    words[:] = 0
    words[LOG_END] = 8 * LOG_WORDS
    cost = f32(at(cost_us), 0, ticks)
    out = i64(at(outcome), 0, RECORD_WORDS)
    for k in range(ticks):
        if words[LOG_END] > log_bytes:
            return k
        tick(program, feeds, n_feeds, record, outcome, index + k, (index + k) * dt_us, dt_us)
        message = RECORD_BYTES
        while message < out[R_BYTES]:
            head = i64(at(outcome), message, MESSAGE_WORDS)
            size = head[SIZE]
            if head[N_BYTES]:
                u8(at(log), words[LOG_END], size)[:] = u8(at(outcome), message, size)
                words[LOG_END] += size
            message += max(size, MESSAGE_BYTES)
        words[LOG_SPIKES] += out[R_SPIKES_OUT]
        words[LOG_SYNOPS] += out[R_SYNOPS]
        cost[k] = (out[R_INTAKE_NS] + out[R_ENGINE_NS]) * 1e-3
        if out[R_BROKEN]:
            return k + 1
    return ticks
