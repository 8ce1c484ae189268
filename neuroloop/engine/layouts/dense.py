"""Whole rows: a weight for every pair, added lane by lane; pairs without a synapse weigh 0."""

import numpy as np

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32
from neuroloop.core.ports import Bundle, Kernel
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

N_POST, DELAY = COUNT + 1, COUNT + 2


@kernel
def add(x, spikes, weight):
    """Add the rows of the neurons that fired; ``weight`` is ``float32[n_pre * n_post]``."""
    n = x.shape[0]
    for k in range(spikes[0]):
        by = weight[spikes[k + 1] * n : (spikes[k + 1] + 1) * n]
        for j in range(n):
            x[j] += by[j]
    return spikes[0] * n


@entry
def deliver(arena, row):
    slots, n_post = row[COUNT], row[N_POST]
    spikes = i32(arena, row[IN], row[IN_META] + 1)
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * lanes(n_post) * slot, n_post)
    header(arena)[H_SYNOPS] += add(x, spikes, f32(arena, row[STATE], row[N] * n_post))


def refuses(bundle: Bundle) -> str:
    """Say why it cannot hold these synapses, if it cannot."""
    if bundle.one_delay is None:
        return "the delays differ"
    if bundle.touches:
        return "every spike reaches every neuron"
    return ""


def n_bytes(bundle: Bundle) -> int:
    """Return its size."""
    return 4 * bundle.n_pre * bundle.n_post


def build(bundle: Bundle) -> Kernel:
    """Lay the synapses out; several between one pair become their sum."""
    wired = bundle.connections
    weight = np.zeros(bundle.n_pre * bundle.n_post, np.float32)
    place = wired.pre.astype(np.int64) * bundle.n_post + wired.post
    np.add.at(weight, place, wired.weight)
    counts = (bundle.n_post, bundle.one_delay or 0)
    return Kernel(deliver, counts=counts, static={"weight": weight})
