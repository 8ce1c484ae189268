"""Rows with a delay for each synapse; a spike goes into the slot of the tick it arrives in."""

import numpy as np

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64, u8, u16, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts.csr import starts
from neuroloop.engine.row import (
    BLOCK,
    COUNT,
    H_STEP,
    H_SYNOPS,
    IN,
    IN_META,
    OUT,
    STATE,
    TOUCHED,
    N,
    header,
    lanes,
)

N_POST, N_SYNAPSES = COUNT + 1, COUNT + 2


@kernel
def add(x, spikes, start, target, weight, delay, now):
    """Add the rows of the neurons that fired; ``x`` is ``float32[slots, width]``."""
    used = 0
    last = np.uint32(x.shape[0] - 1)
    for k in range(spikes[0]):
        row = start[spikes[k + 1]], start[spikes[k + 1] + 1]
        to, by, after = target[row[0] : row[1]], weight[row[0] : row[1]], delay[row[0] : row[1]]
        for j in range(to.shape[0]):
            x[(np.uint32(now) + after[j]) & last, to[j]] += by[j]
        used += to.shape[0]
    return used


@kernel
def touch(flags, spikes, start, target, delay, now):
    """Flag the blocks the rows reach, each in the tick it is reached in."""
    last = np.uint32(flags.shape[0] - 1)
    for k in range(spikes[0]):
        for j in range(start[spikes[k + 1]], start[spikes[k + 1] + 1]):
            flags[(np.uint32(now) + delay[j]) & last, target[j] // np.uint32(BLOCK)] = 1


@entry
def deliver(arena, row):
    n, slots, width, synapses = row[N], row[COUNT], lanes(row[N_POST]), row[N_SYNAPSES]
    spikes, start = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], n + 1)
    target, weight = u32(arena, row[STATE + 1], synapses), f32(arena, row[STATE + 2], synapses)
    delay = u16(arena, row[STATE + 3], synapses)
    head = header(arena)
    x = f32(arena, row[OUT], slots * width).reshape(slots, width)
    head[H_SYNOPS] += add(x, spikes, start, target, weight, delay, head[H_STEP])
    if row[TOUCHED]:
        blocks = width // BLOCK
        flags = u8(arena, row[TOUCHED], slots * blocks).reshape(slots, blocks)
        touch(flags, spikes, start, target, delay, head[H_STEP])


def refuses(bundle: Bundle) -> str:
    """Say why it cannot hold these synapses, if it cannot."""
    del bundle
    return ""


def n_bytes(bundle: Bundle) -> int:
    """Return its size."""
    return 8 * (bundle.n_pre + 1) + 10 * len(bundle.connections)


def build(bundle: Bundle) -> Kernel:
    """Lay the synapses out."""
    wired = bundle.connections
    arrays = {
        "start": starts(bundle),
        "target": wired.post,
        "weight": wired.weight,
        "delay": bundle.delay.astype(np.uint16),
    }
    return Kernel(deliver, counts=(bundle.n_post, len(wired)), static=arrays)
