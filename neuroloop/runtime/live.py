"""The live tick: a compiled loop on its own thread that never needs the interpreter.

It takes what is due from the rings, runs the tick at its deadline and puts what entered and what
left into one ring for everybody who wants to know.  A deadline it misses by more than a tick is
skipped and counted, never made up.
"""

from neuroloop.core.kernel import kernel
from neuroloop.core.message import R_BYTES, R_LATE_NS, RECORD_WORDS
from neuroloop.core.native import at, i64, load_acquire, now_ns, sleep_until_ns, store_release, u8
from neuroloop.core.ring import push
from neuroloop.runtime.intake import gather
from neuroloop.runtime.tick import step

C_STOP, C_TICKS, C_MISSED, C_START_NS = 0, 8, 16, 24
CONTROL_WORDS = 32
"""one word a cache line: stop asked, ticks done, deadlines skipped, run time zero"""


@kernel
def run(control, program, intake, outcome, ring, dt_ns, spin_ns):
    """Tick until stopped; ``intake``, ``outcome`` and ``ring`` are (address, ...) tuples.

    ``intake`` is (feeds, number of feeds, record), ``outcome`` (outcome, scratch for one message),
    ``ring`` (address, capacity).
    """
    feeds, n_feeds, record = intake
    into, out = i64(at(record), 0, RECORD_WORDS), i64(at(outcome[0]), 0, RECORD_WORDS)
    start = control[C_START_NS]
    index = 0
    while load_acquire(control, C_STOP) == 0:
        deadline = start + index * dt_ns
        if deadline - spin_ns > now_ns():
            sleep_until_ns(deadline - spin_ns)
        now = now_ns()
        while now < deadline:
            now = now_ns()
        gather(feeds, n_feeds, record, index, index * dt_ns // 1000, dt_ns // 1000)
        into[R_LATE_NS] = now - deadline
        step(program, record, outcome[0])
        message = i64(at(outcome[1]), 0, 1)
        message[0] = 8 + into[R_BYTES] + out[R_BYTES]
        u8(at(outcome[1]), 8, into[R_BYTES])[:] = u8(at(record), 0, into[R_BYTES])
        kept = u8(at(outcome[0]), 0, out[R_BYTES])
        u8(at(outcome[1]), 8 + into[R_BYTES], out[R_BYTES])[:] = kept
        push(ring[0], ring[1], u8(at(outcome[1]), 0, message[0]), message[0])
        store_release(control, C_TICKS, load_acquire(control, C_TICKS) + 1)
        index += 1
        behind = (now_ns() - start) // dt_ns - index
        if behind > 0:
            store_release(control, C_MISSED, load_acquire(control, C_MISSED) + behind)
            index += behind


@kernel
def read_word(control, word):
    """Read a word of ``control`` from Python, in order."""
    return load_acquire(control, word)


@kernel
def write_word(control, word, value):
    """Write a word of ``control`` from Python, in order."""
    store_release(control, word, value)
