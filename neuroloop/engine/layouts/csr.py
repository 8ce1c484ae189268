"""Rows of a compressed sparse matrix: a target and a weight for each synapse, one delay for all.

Sums run in the order of the spikes, so every run has the same bits.
"""

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64, u8, u16, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts._facts import one_delay, short, starts, targets
from neuroloop.engine.layouts._lanes import BLOCK, LEAD, SHORT, read_ahead, rows_ahead
from neuroloop.engine.layouts._touch import touch
from neuroloop.engine.row import (
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
from neuroloop.engine.speed import Speed

N_POST, N_SYNAPSES, DELAY = COUNT + 1, COUNT + 2, COUNT + 3


@kernel
def add(x, spikes, start, target, weight):
    """Add the rows of the neurons that fired to ``x``; returns the number of synapses used."""
    used = 0
    for k in range(1, spikes[0] + 1):
        first, last = start[spikes[k]], start[spikes[k] + 1]
        ahead = start[spikes[min(k + LEAD, spikes[0])]] - first
        for j in range(first, last, BLOCK):
            read_ahead(target, j + ahead)
            read_ahead(weight, j + ahead)
            read_ahead(weight, j + ahead + 16)
            to, by = target[j : min(j + BLOCK, last)], weight[j : min(j + BLOCK, last)]
            for i in range(to.shape[0]):
                x[to[i]] += by[i]
        used += last - first
    return used


@kernel
def add_short(x, spikes, start, target, weight):
    """Do the same where rows are so short that all of a later one can be asked for at once."""
    used = 0
    lead, n = rows_ahead(start, target), spikes[0]
    for k in range(1, n + 1):
        read_ahead(start, spikes[min(k + 3 * lead, n)])
        later = spikes[min(k + 2 * lead, n)]
        for j in range(start[later], min(start[later + 1], start[later] + SHORT), 16):
            read_ahead(target, j)
            read_ahead(weight, j)
        place = start[spikes[min(k + lead, n)]]
        if lead > LEAD and place < target.shape[0]:
            read_ahead(x, target[place])
        first, last = start[spikes[k]], start[spikes[k] + 1]
        to, by = target[first:last], weight[first:last]
        for i in range(to.shape[0]):
            x[to[i]] += by[i]
        used += last - first
    return used


@kernel
def _deliver(arena, row, target):
    n, slots, width, synapses = row[N], row[COUNT], lanes(row[N_POST]), row[N_SYNAPSES]
    spikes, start = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], n + 1)
    weight = f32(arena, row[STATE + 2], synapses)
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * width * slot, width)
    if synapses <= SHORT * n:
        header(arena)[H_SYNOPS] += add_short(x, spikes, start, target, weight)
    else:
        header(arena)[H_SYNOPS] += add(x, spikes, start, target, weight)
    if row[TOUCHED]:
        blocks = width // 64
        touch(u8(arena, row[TOUCHED] + blocks * slot, blocks), spikes, start, target)


@entry
def deliver(arena, row):
    _deliver(arena, row, u32(arena, row[STATE + 1], row[N_SYNAPSES]))


@entry
def deliver_short(arena, row):
    _deliver(arena, row, u16(arena, row[STATE + 1], row[N_SYNAPSES]))


def refuses(bundle: Bundle) -> str:
    """Say why it cannot hold these synapses, if it cannot."""
    return "" if one_delay(bundle) is not None else "the delays differ"


def n_bytes(bundle: Bundle) -> int:
    """Return its size."""
    synapse = 6 if short(bundle) else 8
    return 8 * (bundle.n_pre + 1) + synapse * len(bundle.connections)


def cost_ns(bundle: Bundle, speed: Speed, spikes: float) -> float:
    """Return what a tick in which so many sources fire is expected to cost."""
    return speed.scatter_ns(bundle, spikes, speed.csr, n_bytes(bundle), 4 * bundle.n_post)


def build(bundle: Bundle) -> Kernel:
    """Lay the synapses out."""
    wired = bundle.connections
    return Kernel(
        deliver_short if short(bundle) else deliver,
        counts=(bundle.n_post, len(wired), one_delay(bundle) or 0),
        static={"start": starts(bundle), "target": targets(bundle), "weight": wired.weight},
    )
