"""Rows of a compressed sparse matrix: a target and a weight for each synapse, one delay for all.

Sums run in the order of the spikes, so every run has the same bits.
"""

import numpy as np

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64, u8, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.row import (
    BLOCK,
    COUNT,
    H_SYNOPS,
    IN,
    IN_META,
    OUT,
    STATE,
    TOUCHED,
    N,
    header,
    lanes,
    slot_after,
)

N_POST, N_SYNAPSES, DELAY = COUNT + 1, COUNT + 2, COUNT + 3


@kernel
def add(x, spikes, start, target, weight):
    """Add the rows of the neurons that fired to ``x``; returns the number of synapses used."""
    used = 0
    for k in range(spikes[0]):
        first, last = start[spikes[k + 1]], start[spikes[k + 1] + 1]
        to, by = target[first:last], weight[first:last]
        for j in range(to.shape[0]):
            x[to[j]] += by[j]
        used += last - first
    return used


@kernel
def touch(flags, spikes, start, target):
    """Flag the blocks of neurons that the rows reach."""
    for k in range(spikes[0]):
        to = target[start[spikes[k + 1]] : start[spikes[k + 1] + 1]]
        for j in range(to.shape[0]):
            flags[to[j] // np.uint32(BLOCK)] = 1


@entry
def deliver(arena, row):
    n, slots, width, synapses = row[N], row[COUNT], lanes(row[N_POST]), row[N_SYNAPSES]
    spikes, start = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], n + 1)
    target, weight = u32(arena, row[STATE + 1], synapses), f32(arena, row[STATE + 2], synapses)
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * width * slot, width)
    header(arena)[H_SYNOPS] += add(x, spikes, start, target, weight)
    if row[TOUCHED]:
        blocks = width // BLOCK
        touch(u8(arena, row[TOUCHED] + blocks * slot, blocks), spikes, start, target)


def refuses(bundle: Bundle) -> str:
    """Say why it cannot hold these synapses, if it cannot."""
    return "" if bundle.one_delay is not None else "the delays differ"


def n_bytes(bundle: Bundle) -> int:
    """Return its size."""
    return 8 * (bundle.n_pre + 1) + 8 * len(bundle.connections)


def build(bundle: Bundle) -> Kernel:
    """Lay the synapses out."""
    wired = bundle.connections
    counts = (bundle.n_post, len(wired), bundle.one_delay or 0)
    arrays = {
        "start": starts(bundle),
        "target": wired.post,
        "weight": wired.weight,
    }
    return Kernel(deliver, counts=counts, static=arrays)


def starts(bundle: Bundle) -> np.ndarray:
    """Return where each source's row begins, with a row for every source."""
    given = bundle.connections.start
    return np.concatenate([given, np.full(bundle.n_pre + 1 - len(given), given[-1])])
