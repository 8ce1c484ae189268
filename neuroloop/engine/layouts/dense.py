"""Whole rows: a weight for every pair, added lane by lane; pairs without a synapse weigh 0."""

import numpy as np

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts._facts import one_delay
from neuroloop.engine.layouts._fanout import fanout, used
from neuroloop.engine.row import (
    COUNT,
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
from neuroloop.engine.speed import Speed

N_POST, DELAY = COUNT + 1, COUNT + 2


@kernel
def add(x, spikes, weight):
    """Add the rows of the neurons that fired; ``weight`` is ``float32[n_pre * n_post]``."""
    n = x.shape[0]
    fours = spikes[0] // 4 * 4
    for k in range(0, fours, 4):
        a = weight[spikes[k + 1] * n : (spikes[k + 1] + 1) * n]
        b = weight[spikes[k + 2] * n : (spikes[k + 2] + 1) * n]
        c = weight[spikes[k + 3] * n : (spikes[k + 3] + 1) * n]
        d = weight[spikes[k + 4] * n : (spikes[k + 4] + 1) * n]
        for j in range(n):  # in the order of the spikes, as every layout
            x[j] = x[j] + a[j] + b[j] + c[j] + d[j]
    for k in range(fours, spikes[0]):
        a = weight[spikes[k + 1] * n : (spikes[k + 1] + 1) * n]
        for j in range(n):
            x[j] += a[j]


@entry
def deliver(arena, row):
    slots, n_post = row[COUNT], row[N_POST]
    spikes = i32(arena, row[IN], row[IN_META] + 1)
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * lanes(n_post) * slot, n_post)
    add(x, spikes, f32(arena, row[STATE], row[N] * n_post))
    header(arena)[H_SYNOPS] += used(spikes, u32(arena, row[STATE + 1], row[N]))


def refuses(bundle: Bundle) -> str:
    """Say why it cannot hold these synapses, if it cannot."""
    if one_delay(bundle) is None:
        return "the delays differ"
    if bundle.touches:
        return "every spike reaches every neuron"
    return ""


def n_bytes(bundle: Bundle) -> int:
    """Return its size."""
    return 4 * bundle.n_pre * (bundle.n_post + 1)


def cost_ns(bundle: Bundle, speed: Speed, spikes: float) -> float:
    """Return what a tick in which so many sources fire is expected to cost."""
    return speed.stream_ns(spikes, bundle.n_post, speed.dense, 4, n_bytes(bundle))


def build(bundle: Bundle) -> Kernel:
    """Lay the synapses out; several between one pair become their sum."""
    wired = bundle.connections
    weight = np.zeros((bundle.n_pre, bundle.n_post), np.float32)
    _fill(weight, wired.start, wired.post, wired.weight)
    counts = (bundle.n_post, one_delay(bundle) or 0)
    arrays = {"weight": weight.reshape(-1), "fanout": fanout(bundle)}
    return Kernel(deliver, counts=counts, static=arrays)


@kernel
def _fill(matrix, start, post, weight):
    for i in range(start.shape[0] - 1):
        for j in range(start[i], start[i + 1]):
            matrix[i, post[j]] += weight[j]
