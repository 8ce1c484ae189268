"""Synapses whose weights never change: each spike adds its weight to the target's input.

Rows of a compressed sparse matrix (CSR), one a source neuron, targets in rising order; where every
pair is connected with one delay, plain rows, which need no targets and are added lane by lane.
A spike of tick t with a delay of d ticks is in the target's input of tick t + d, exactly; a delay
of 0 acts in the same tick.  Sums run in the order of the spikes, so every run has the same bits.
"""

import numpy as np
from numpy.typing import ArrayLike

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64, u32
from neuroloop.core.ports import Kernel
from neuroloop.core.values import Int32s
from neuroloop.engine.row import (
    COUNT,
    H_STEP,
    H_SYNOPS,
    IN,
    IN_META,
    OUT,
    STATE,
    N,
    header,
    lanes,
    slot_after,
)
from neuroloop.network.connect import Connections

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
def add_rows(x, spikes, weight):
    """Do the same where every pair is connected: ``weight`` is ``float32[n_pre * n_post]``."""
    n = x.shape[0]
    for k in range(spikes[0]):
        by = weight[spikes[k + 1] * n : (spikes[k + 1] + 1) * n]
        for j in range(n):
            x[j] += by[j]
    return spikes[0] * n


@kernel
def add_delayed(x, spikes, start, target, weight, delay, now):
    """Do the same with a delay of its own for each synapse; ``x`` is ``float32[slots, n]``."""
    used = 0
    slots = x.shape[0]
    for k in range(spikes[0]):
        for j in range(start[spikes[k + 1]], start[spikes[k + 1] + 1]):
            x[(now + delay[j]) & (slots - 1), target[j]] += weight[j]
        used += start[spikes[k + 1] + 1] - start[spikes[k + 1]]
    return used


@entry
def deliver(arena, row):
    n, slots, width, synapses = row[N], row[COUNT], lanes(row[N_POST]), row[N_SYNAPSES]
    spikes, start = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], n + 1)
    target, weight = u32(arena, row[STATE + 1], synapses), f32(arena, row[STATE + 2], synapses)
    head = header(arena)
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * width * slot, width)
    head[H_SYNOPS] += add(x, spikes, start, target, weight)


@entry
def deliver_rows(arena, row):
    slots, n_post = row[COUNT], row[N_POST]
    spikes = i32(arena, row[IN], row[IN_META] + 1)
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * lanes(n_post) * slot, n_post)
    head = header(arena)
    head[H_SYNOPS] += add_rows(x, spikes, f32(arena, row[STATE], row[N_SYNAPSES]))


@entry
def deliver_delayed(arena, row):
    n, slots, width, synapses = row[N], row[COUNT], lanes(row[N_POST]), row[N_SYNAPSES]
    spikes, start = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], n + 1)
    target, weight = u32(arena, row[STATE + 1], synapses), f32(arena, row[STATE + 2], synapses)
    delay = i32(arena, row[STATE + 3], synapses)
    head = header(arena)
    x = f32(arena, row[OUT], slots * width).reshape(slots, width)
    head[H_SYNOPS] += add_delayed(x, spikes, start, target, weight, delay, head[H_STEP])


def build(connections: Connections, n_pre: int, n_post: int, delay: Int32s) -> Kernel:
    """Lay out the synapses; ``delay`` is ``int32[s]`` in ticks."""
    one = int(delay[0]) if len(delay) else 0
    counts = (n_post, len(connections), one)
    if (delay == one).all() and _is_full(connections, n_pre, n_post):
        return Kernel(deliver_rows, counts=counts, static={"weight": connections.weight})
    start = np.zeros(n_pre + 1, np.int64)
    np.cumsum(np.bincount(connections.pre, minlength=n_pre), out=start[1:])
    arrays: dict[str, ArrayLike] = {
        "start": start,
        "target": connections.post,
        "weight": connections.weight,
    }
    if (delay == one).all():
        return Kernel(deliver, counts=counts, static=arrays)
    return Kernel(deliver_delayed, counts=counts, static={**arrays, "delay": delay})


def _is_full(connections: Connections, n_pre: int, n_post: int) -> bool:
    """Whether every pair is connected exactly once; synapses are sorted by pre, then post."""
    if len(connections) != n_pre * n_post:
        return False
    place = connections.pre.astype(np.int64) * n_post + connections.post
    return bool((place == np.arange(len(place))).all())
