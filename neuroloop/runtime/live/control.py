"""The words through which Python and the live tick talk, one a cache line, and what a tick logs.

Python writes a request and the tick answers by writing 0 over it, between two ticks.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import load_acquire, store_release
from neuroloop.core.values import Int64s

C_STOP, C_START_NS, C_INDEX, C_MISSED, C_SWAP, C_COPY, C_STAGE, C_SKIPPED = range(0, 64, 8)
CONTROL_WORDS = 64
"""
``C_STOP``: no tick begins any more; ``C_START_NS``: run time zero on the monotonic clock;
``C_INDEX``: the next tick; ``C_MISSED``: ticks after which deadlines were skipped, and
``C_SKIPPED``: those deadlines; ``C_SWAP``, ``C_COPY``: addresses of requests; ``C_STAGE``: number
of the network that runs.
"""

S_PROGRAM, S_OUTCOME, S_SCRATCH, S_NUMBER, S_CHEAPER = range(5)
STAGE_WORDS = 5
"""one network that may run: addresses of its program, its outcome and of room for one message, its
number, and the address of the swap to take where it is too slow, or 0"""

W_STAGE, W_PIECES = 0, 1
SWAP_WORDS = 2
"""a swap: address of the other stage, then (from, to, bytes) of each piece that is carried over"""

J_FROM, J_TO, J_BYTES, J_INDEX = range(4)
COPY_WORDS = 4
"""a copy of memory between two ticks; the tick answers with the number of the next tick"""

WAKE, INTAKE, ENGINE, OUT, BETWEEN, TAKEN_AWAY = range(6)
PHASES = (
    "the machine woke it late",
    "what came in",
    "the network",
    "handing over",
    "a swap or a copy",
    "the core was taken away",
)
"""which phase made a tick miss the next deadline"""

L_INDEX, L_SKIPPED, L_PHASE, L_LATE_NS, L_INTAKE_NS, L_ENGINE_NS, L_OUT_NS, L_CPU_NS = range(8)
MISS_WORDS = 8
MISSES_KEPT = 1024

OCTAVES, PARTS = 22, 4
BINS = OCTAVES * PARTS + 1
"""of the histogram of lateness: below 1 us, then each doubling in four parts"""


@kernel
def read(control, word):
    """Return a word that the tick may write."""
    return load_acquire(control, word)


@kernel
def write(control, word, value):
    """Write a word that the tick reads."""
    store_release(control, word, value)


def bin_edges_us() -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the lower edge of each bin in microseconds."""
    octave, part = np.divmod(np.arange(BINS - 1), PARTS)
    return np.concatenate([[0.0], 2.0**octave * (1 + part / PARTS)])


def quantile_us(counts: Int64s, q: float) -> float:
    """Return an upper bound of a quantile of lateness, which is at most a quarter too high."""
    total = int(counts.sum())
    if not total:
        return 0.0
    k = int(np.searchsorted(np.cumsum(counts), q * total))
    edges = np.append(bin_edges_us(), 2.0**OCTAVES)
    return float(edges[min(k, BINS - 1) + 1])
