"""One row of the program's table, as compiled code sees it.

A row is `WIDTH` int64 words: the entry's address, then sizes and byte offsets into the arena.
Kernels reach their memory through the functions here, so a row's shape is known in one place.
"""

import numpy as np

from neuroloop.core.kernel import inline
from neuroloop.core.native import f32, i32, i64, lowest, nonzero64, u8, u32

WIDTH = 32
ENTRY = 0
N = 1
"""units: neurons, encoder units, or the units a decoder reads; channels of a guard"""
IN = 2
IN_META = 3
OUT = 4
OUT_META = 5
PARAMS = 6
N_PARAMS = 7
COUNT = 8
"""the lowering's own number (slots of a neuron's input), then three of the kind's own"""
SPIKING = 12
SILENT = 13
POST = SPIKING
"""synapses: the target's list of spikes"""
SIGNAL = SILENT
"""synapses: the numbers of the input that is a rule's third factor"""
PAYLOAD = SIGNAL
"""synapses: what each spike of a graded source carries, ``int32[n]``, 0 where spikes are plain"""
TOUCHED = OUT_META
"""synapses: flags of the target's blocks that spikes reach, 0 where nobody asks for them"""
FLAGS = IN_META
"""neurons: the same flags, ``uint8[slots, blocks]``, at the target's end: 1 where any neuron of a
block may be reached, or 2 << k where one of its k-th line is"""
BLOCK_AT = SPIKING
"""guards: the memory they share, `safety.block`"""
STEER, STEER_META = SILENT, COUNT
"""guards: the slot of what a person steers, which has priority"""
STATE = 14
"""the kind's own arrays, in the order it named them"""
LINE = 16
"""neurons whose float32 numbers are one line of memory"""
GATED, LATE, EVERY, OPEN = range(WIDTH - 4, WIDTH)
"""rows behind a gate: `gate`"""
BLOCK = 64
"""neurons that are visited together, or not at all"""

(
    H_MAGIC,
    H_LAYOUT,
    H_INDEX,
    H_T_US,
    H_DT_US,
    H_STATUS,
    H_SPIKES,
    H_SYNOPS,
    H_STEP,
    H_SNAPSHOT,
    H_EDITS,
    H_BROKEN,
    H_BROKEN_UNIT,
    H_GUARD,
    H_CAUSES,
    H_SKIPPED,
) = range(16)
"""``H_STATUS`` counts the events of this tick that found no room or no such unit; ``H_STEP`` the
ticks ever run, which skips none where a live clock misses a deadline; ``H_SNAPSHOT`` is the size
of a snapshot and 0 in a running arena; ``H_EDITS`` goes up where neurons that are not visited may
have been changed; ``H_BROKEN`` and ``H_BROKEN_UNIT`` name the population, counted from 1, and its
neuron whose state is no longer a number; ``H_GUARD`` and ``H_CAUSES`` are the guard's state and
what it is due to (`core.safety`); ``H_SKIPPED`` counts the deadlines skipped before this tick"""
HEADER_WORDS = 16
HEADER_BYTES = 8 * HEADER_WORDS

M_T_US, M_SERIAL, M_BYTES, M_LOST = range(4)
META_WORDS = 4
"""of a slot that holds a reading or a motion: stamp, how many came so far, size of the last, how
many never came in because a ring was full or they were too old"""


@inline
def header(arena):
    """Return the arena's header words."""
    return i64(arena, 0, HEADER_WORDS)


@inline
def lanes(n):
    """Round up to whole 64-byte lines of bytes."""
    return (n + 63) // 64 * 64


@inline
def params(arena, row):
    """Return the kind's parameters, float32."""
    return f32(arena, row[PARAMS], row[N_PARAMS])


@inline
def state_f32(arena, row, k, n):
    """Return the kind's k-th array as ``float32[n]``."""
    return f32(arena, row[STATE + k], n)


@inline
def state_i32(arena, row, k, n):
    """Return the kind's k-th array as ``int32[n]``."""
    return i32(arena, row[STATE + k], n)


@inline
def state_u32(arena, row, k, n):
    """Return the kind's k-th array as ``uint32[n]``."""
    return u32(arena, row[STATE + k], n)


@inline
def state_i64(arena, row, k, n):
    """Return the kind's k-th array as ``int64[n]``."""
    return i64(arena, row[STATE + k], n)


@inline
def slot_after(arena, slots, ticks):
    """Return the slot of a ring of ``slots`` (a power of two) that is this tick's in ``ticks``."""
    return (header(arena)[H_STEP] + ticks) & (slots - 1)


@inline
def incoming(arena, row, receptor):
    """Return the input of this tick at a receptor, ``float32[n]``; the kernel clears it."""
    n = row[N]
    slots = row[COUNT]
    slot = slot_after(arena, slots, 0)
    return f32(arena, row[IN] + 4 * lanes(n) * (receptor * slots + slot), n)


@inline
def incoming_i32(arena, row, receptor):
    """Return the same for a kind whose ``INPUT`` is int32, ``int32[n]``; the kernel clears it."""
    n, slots = row[N], row[COUNT]
    slot = slot_after(arena, slots, 0)
    return i32(arena, row[IN] + 4 * lanes(n) * (receptor * slots + slot), n)


@inline
def spiking(arena, row):
    """Return the mask a neuron kernel fills: ``uint8[n]``, 1 where the neuron fires."""
    return u8(arena, row[SPIKING], row[N])


@inline
def fire(arena, row):
    """Turn the mask into the list of neurons that fire; silenced ones integrate but never fire."""
    n = row[N]
    mask, silent = u8(arena, row[SPIKING], lanes(n)), u8(arena, row[SILENT], lanes(n))
    spikes = i32(arena, row[OUT], n + 1)
    k = 0
    for first in range(0, n, BLOCK):
        word = nonzero64(mask, first) & ~nonzero64(silent, first)
        if first + BLOCK > n:
            word &= (np.uint64(1) << np.uint64(n - first)) - np.uint64(1)
        if word:
            while word:
                k += 1
                spikes[k] = first + lowest(word)
                word &= word - np.uint64(1)
    spikes[0] = k
    header(arena)[H_SPIKES] += k


@inline
def emit(arena, row, unit):
    """Append a spike of an encoder's unit; returns False, and counts it lost, at its capacity."""
    spikes = i32(arena, row[OUT], row[OUT_META] + 1)
    k = spikes[0] + 1
    if k > row[OUT_META]:
        header(arena)[H_STATUS] += 1
        return False
    spikes[k] = unit
    spikes[0] = k
    return True


@inline
def fresh(arena, row, seen):
    """Whether a reading came since ``seen`` (``int64[1]``, updated) last looked."""
    serial = i64(arena, row[IN_META], META_WORDS)[M_SERIAL]
    new = serial != seen[0]
    seen[0] = serial
    return new
