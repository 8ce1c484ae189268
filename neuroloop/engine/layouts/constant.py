"""Rows of targets alone: one weight and one delay for all synapses of the projection.

The same sums as `csr`, in the same order, from a third of the memory.
"""

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64, u8, u16, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts._facts import one_delay, one_weight, short, starts, targets
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
    params,
    slot_after,
)
from neuroloop.engine.speed import Speed

N_POST, N_SYNAPSES, DELAY = COUNT + 1, COUNT + 2, COUNT + 3


@kernel
def add(x, spikes, start, target, weight):
    """Add ``weight`` at the targets of the neurons that fired; returns the synapses used."""
    used = 0
    for k in range(1, spikes[0] + 1):
        first, last = start[spikes[k]], start[spikes[k] + 1]
        ahead = start[spikes[min(k + LEAD, spikes[0])]] - first
        for j in range(first, last, BLOCK):
            read_ahead(target, j + ahead)
            to = target[j : min(j + BLOCK, last)]
            for i in range(to.shape[0]):
                x[to[i]] += weight
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
        place = start[spikes[min(k + lead, n)]]
        if lead > LEAD and place < target.shape[0]:
            read_ahead(x, target[place])
        first, last = start[spikes[k]], start[spikes[k] + 1]
        to = target[first:last]
        for i in range(to.shape[0]):
            x[to[i]] += weight
        used += last - first
    return used


@kernel
def _deliver(arena, row, target):
    slots, width = row[COUNT], lanes(row[N_POST])
    spikes, start = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], row[N] + 1)
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * width * slot, width)
    weight = params(arena, row)[0]
    if row[N_SYNAPSES] <= SHORT * row[N]:
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
    if one_delay(bundle) is None:
        return "the delays differ"
    return "" if one_weight(bundle) is not None else "the weights differ"


def n_bytes(bundle: Bundle) -> int:
    """Return its size."""
    synapse = 2 if short(bundle) else 4
    return 8 * (bundle.n_pre + 1) + synapse * len(bundle.connections)


def cost_ns(bundle: Bundle, speed: Speed, spikes: float) -> float:
    """Return what a tick in which so many sources fire is expected to cost."""
    return speed.scatter_ns(bundle, spikes, speed.constant, n_bytes(bundle), 4 * bundle.n_post)


def build(bundle: Bundle) -> Kernel:
    """Lay the synapses out."""
    return Kernel(
        deliver_short if short(bundle) else deliver,
        params=(one_weight(bundle) or 0.0,),
        counts=(bundle.n_post, len(bundle.connections), one_delay(bundle) or 0),
        static={"start": starts(bundle), "target": targets(bundle)},
    )
