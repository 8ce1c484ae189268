"""One tick, compiled once for every network.

The path of an event: a sensor's ring → `gather` puts it into the tick's record → `apply` puts it
into a slot, or a list of spikes, of the arena → the rows of the table run over the arena (encoder,
synapses, neurons, decoder, guard) → `emit` copies motion and spikes out.  Both clocks call `tick`;
a replay calls `step` with the records that were kept.
"""

from neuroloop.core.kernel import kernel
from neuroloop.core.message import (
    R_BROKEN,
    R_BYTES,
    R_CAUSES,
    R_DT_US,
    R_ENGINE_NS,
    R_GUARD,
    R_INDEX,
    R_SKIPPED,
    R_SPIKES_IN,
    R_SPIKES_OUT,
    R_STATUS,
    R_SYNOPS,
    R_T_US,
    RECORD_WORDS,
)
from neuroloop.core.native import at, call, i64, now_ns
from neuroloop.engine.doors import apply, emit, entered
from neuroloop.engine.program import P_ARENA, P_N_ROWS, P_ROWS, PROGRAM_WORDS
from neuroloop.engine.row import (
    ENTRY,
    H_BROKEN,
    H_CAUSES,
    H_DT_US,
    H_GUARD,
    H_INDEX,
    H_SKIPPED,
    H_SPIKES,
    H_STATUS,
    H_SYNOPS,
    H_T_US,
    WIDTH,
    header,
)
from neuroloop.runtime.intake import gather


@kernel
def step(program, record, outcome):
    """Run one tick on a record; what leaves it is in ``outcome``."""
    start = now_ns()
    block = i64(at(program), 0, PROGRAM_WORDS)
    arena = header(at(block[P_ARENA]))
    into, out = i64(at(record), 0, RECORD_WORDS), i64(at(outcome), 0, RECORD_WORDS)
    arena[H_INDEX], arena[H_T_US], arena[H_DT_US] = into[R_INDEX], into[R_T_US], into[R_DT_US]
    arena[H_SPIKES], arena[H_SYNOPS], arena[H_SKIPPED] = 0, 0, into[R_SKIPPED]
    apply(block, record)
    for k in range(block[P_N_ROWS]):
        row = block[P_ROWS] + 8 * WIDTH * k
        call(i64(at(row), 0, WIDTH)[ENTRY], block[P_ARENA], row)
    out[:] = into
    out[R_BYTES] = emit(block, into[R_T_US], outcome)
    out[R_SPIKES_IN], out[R_SPIKES_OUT] = entered(block), arena[H_SPIKES]
    out[R_SYNOPS], out[R_STATUS] = arena[H_SYNOPS], arena[H_STATUS]
    out[R_BROKEN] = arena[H_BROKEN]
    out[R_GUARD], out[R_CAUSES] = arena[H_GUARD], arena[H_CAUSES]
    out[R_ENGINE_NS] = now_ns() - start


@kernel
def tick(program, feeds, n_feeds, record, outcome, index, t_us, dt_us):
    """Gather what is due and run the tick; all but the last three are addresses or counts."""
    gather(feeds, n_feeds, record, index, t_us, dt_us)
    step(program, record, outcome)
