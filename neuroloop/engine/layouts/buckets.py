"""Rows sorted by delay; a spike waits in a list, and only its synapses that are due are added.

The layout keeps the source's last lists of spikes in its own state.  A tick puts what arrives in
the next one into the next slot of the target's input, from the longest delay to the shortest, so
one slot is written and not a whole ring of them: right where that ring does not fit into the cache.
Delays of 0 go into the slot of the tick itself.

Two forms.  Where the weights are whole multiples of one step, a synapse is a 32-bit word of target
and weight; whole numbers are summed, and turned into input once.  As the step is a power of two,
such sums of less than 2**24 steps have the bits of float32 sums.  Otherwise a synapse is a target
and a float32 weight.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64, u8, u16, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts._facts import Grid, grid, short, starts, width
from neuroloop.engine.layouts._waiting import (
    BUCKETS,
    LEAST,
    LIMIT,
    ROWS,
    WEIGHT_BITS,
    ask,
    due,
    keep,
    look_up,
)
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
    slot_after,
)
from neuroloop.engine.speed import Speed

N_POST, N_SYNAPSES, LISTS = COUNT + 1, COUNT + 2, COUNT + 3


@kernel
def add_words(sums, row, weight_bits, least):
    """Add whole weights to whole sums."""
    shift, mask = np.uint32(weight_bits), np.uint32((1 << weight_bits) - 1)
    for j in range(row.shape[0]):
        sums[row[j] >> shift] += np.int32(row[j] & mask) + least


@kernel
def turn(x, sums, step):
    """Turn whole sums into input, and clear them."""
    for i in range(x.shape[0]):
        x[i] += np.float32(sums[i]) * step
        sums[i] = 0


@kernel
def pour_words(x, sums, word, step, shape, work, at, sent, count, begin, now):
    """Add what is due, as whole numbers; returns the number of synapses used."""
    used, pending = 0, 0
    bits, least, limit = shape[WEIGHT_BITS], np.int32(shape[LEAST]), shape[LIMIT]
    m = look_up(work, at, sent, count, begin, shape, now)
    while m:
        for k in range(m):
            ask(work, k, m, word)
            length = work[k, 1] - work[k, 0]
            if pending + length > limit:
                turn(x, sums, step)
                pending = 0
            add_words(sums, word[work[k, 0] : work[k, 1]], bits, least)
            pending += length
            used += length
        m = look_up(work, at, sent, count, begin, shape, now)
    if pending:
        turn(x, sums, step)
    return used


@kernel
def pour(x, target, weight, shape, work, at, sent, count, begin, now):
    """Add what is due, weight by weight; returns the number of synapses used."""
    used = 0
    m = look_up(work, at, sent, count, begin, shape, now)
    while m:
        for k in range(m):
            ask(work, k, m, target)
            ask(work, k, m, weight)
            to, by = target[work[k, 0] : work[k, 1]], weight[work[k, 0] : work[k, 1]]
            for j in range(to.shape[0]):
                x[to[j]] += by[j]
            used += to.shape[0]
        m = look_up(work, at, sent, count, begin, shape, now)
    return used


@kernel
def touch(flags, target, low, shape, work, at, sent, count, begin, now):
    """Flag the blocks that what is due reaches; targets begin at bit ``low``."""
    m = look_up(work, at, sent, count, begin, shape, now)
    while m:
        for k in range(m):
            to = target[work[k, 0] : work[k, 1]]
            for j in range(to.shape[0]):
                flags[(to[j] >> np.uint32(low)) // np.uint32(BLOCK)] = 1
        m = look_up(work, at, sent, count, begin, shape, now)


@kernel
def _lists(arena, row):
    """Return the layout's lists, their lengths, its scratch, and where the rows' parts begin."""
    lists, capacity = row[LISTS], row[IN_META]
    sent = i32(arena, row[STATE], lists * capacity).reshape(lists, capacity)
    count, work = i32(arena, row[STATE + 1], lists), i64(arena, row[STATE + 2], 2 * ROWS)
    at, shape = i64(arena, row[STATE + 3], 3), i64(arena, row[STATE + 5], 5)
    begin = u32(arena, row[STATE + 6], row[N] * shape[BUCKETS] + 1)
    return shape, work.reshape(ROWS, 2), at, sent, count, begin


@kernel
def _slot(arena, row, ahead):
    width = lanes(row[N_POST])
    return f32(arena, row[OUT] + 4 * width * slot_after(arena, row[COUNT], ahead), width)


@kernel
def _touched(arena, row, ahead):
    blocks = lanes(row[N_POST]) // BLOCK
    return u8(arena, row[TOUCHED] + blocks * slot_after(arena, row[COUNT], ahead), blocks)


@kernel
def _begin(arena, row, lists):
    """Keep this tick's spikes; returns the number of its tick."""
    now = header(arena)[H_STEP]
    sent, count = lists[3], lists[4]
    keep(sent, count, i32(arena, row[IN], row[IN_META] + 1), now % count.shape[0])
    return now


@entry
def deliver_words(arena, row):
    lists = _lists(arena, row)
    now, shape, at = _begin(arena, row, lists), lists[0], lists[2]
    sums = i32(arena, row[STATE + 4], lanes(row[N_POST]))
    step, word = f32(arena, row[STATE + 7], 1)[0], u32(arena, row[STATE + 8], row[N_SYNAPSES])
    for ahead in range(2):
        due(at, shape, ahead)
        x = _slot(arena, row, ahead)
        header(arena)[H_SYNOPS] += pour_words(x, sums, word, step, *lists, now + ahead)
        if row[TOUCHED]:
            due(at, shape, ahead)
            touch(_touched(arena, row, ahead), word, shape[WEIGHT_BITS], *lists, now + ahead)


@kernel
def _deliver(arena, row, target):
    lists = _lists(arena, row)
    now, shape, at = _begin(arena, row, lists), lists[0], lists[2]
    weight = f32(arena, row[STATE + 8], row[N_SYNAPSES])
    for ahead in range(2):
        due(at, shape, ahead)
        x = _slot(arena, row, ahead)
        header(arena)[H_SYNOPS] += pour(x, target, weight, *lists, now + ahead)
        if row[TOUCHED]:
            due(at, shape, ahead)
            touch(_touched(arena, row, ahead), target, 0, *lists, now + ahead)


@entry
def deliver(arena, row):
    _deliver(arena, row, u32(arena, row[STATE + 7], row[N_SYNAPSES]))


@entry
def deliver_short(arena, row):
    _deliver(arena, row, u16(arena, row[STATE + 7], row[N_SYNAPSES]))


@kernel
def _sort(start, delay, first, begin, buckets, place):
    """Sort each row by delay (a counting sort); ``place`` gets where each synapse goes in it."""
    at = np.empty(buckets + 1, np.int64)
    for i in range(start.shape[0] - 1):
        at[:] = 0
        for j in range(start[i], start[i + 1]):
            at[delay[j] - first + 1] += 1
        at[0] = start[i]
        for b in range(buckets):
            begin[i * buckets + b] = at[b]
            at[b + 1] += at[b]
        for j in range(start[i], start[i + 1]):
            b = delay[j] - first
            place[j] = at[b]
            at[b] += 1
    begin[(start.shape[0] - 1) * buckets] = start[-1]


@kernel
def _pack(post, weight, place, inverse, least, weight_bits, word):
    for j in range(post.shape[0]):
        q = np.int64(np.rint(np.float64(weight[j]) * inverse)) - least
        word[place[j]] = np.uint32(np.uint64(post[j]) << np.uint64(weight_bits) | np.uint64(q))


@kernel
def _move(values, place, to):
    for j in range(values.shape[0]):
        to[place[j]] = values[j]


def refuses(bundle: Bundle) -> str:
    """Say why it cannot hold these synapses, if it cannot."""
    return "there are 2**32 synapses or more" if len(bundle.connections) >= 1 << 32 else ""


def n_bytes(bundle: Bundle) -> int:
    """Return its size, with the lists of spikes that wait."""
    first, buckets = _delays(bundle)
    packed, lists = _packed(bundle), max(first + buckets - 1, 1)
    waiting = 4 * lists * (_capacity(bundle) + 1)
    scratch = 16 * ROWS + (4 * width(bundle.n_post) if packed else 0)
    synapse = 4 if packed else 6 if short(bundle) else 8
    rows = 4 * (bundle.n_pre * buckets + 1) + synapse * len(bundle.connections)
    return waiting + scratch + rows


def cost_ns(bundle: Bundle, speed: Speed, spikes: float) -> float:
    """Return what a tick in which so many sources fire is expected to cost."""
    _, buckets = _delays(bundle)
    turned = speed.flush * width(bundle.n_post) if _packed(bundle) else 0.0
    size, parts = n_bytes(bundle), spikes * buckets
    scatter = speed.scatter_ns(bundle, spikes, speed.buckets, size, 4 * width(bundle.n_post))
    return scatter + speed.parts_ns(parts, size) + min(parts, 1.0) * turned


def build(bundle: Bundle) -> Kernel:
    """Lay the synapses out, as words where these lose nothing."""
    first, buckets = _delays(bundle)
    wired, packed = bundle.connections, _packed(bundle)
    lists = max(first + buckets - 1, 1)
    begin = np.empty(bundle.n_pre * buckets + 1, np.uint32)
    place = np.empty(len(wired), np.uint32)
    _sort(starts(bundle), bundle.delay, first, begin, buckets, place)
    state: dict[str, NDArray[Any]] = {
        "sent": np.zeros(lists * _capacity(bundle), np.int32),
        "count": np.zeros(lists, np.int32),
        "work": np.zeros(2 * ROWS, np.int64),
        "at": np.zeros(3, np.int64),
        "sums": np.zeros(width(bundle.n_post) if packed else 0, np.int32),
    }
    form = (packed.bits, packed.low, _limit(packed)) if packed else (0, 0, 0)
    static: dict[str, NDArray[Any]] = {"shape": np.array([first, buckets, *form]), "begin": begin}
    if packed:
        word = np.empty(len(wired), np.uint32)
        _pack(wired.post, wired.weight, place, 1 / packed.step, packed.low, packed.bits, word)
        static |= {"step": np.array([packed.step], np.float32), "word": word}
        chosen = deliver_words
    else:
        target = np.empty(len(wired), np.uint16 if short(bundle) else np.uint32)
        weight = np.empty(len(wired), np.float32)
        _move(wired.post, place, target)
        _move(wired.weight, place, weight)
        static |= {"target": target, "weight": weight}
        chosen = deliver_short if short(bundle) else deliver
    counts = (bundle.n_post, len(wired), lists)
    ahead = min(first + buckets - 1, 1)
    return Kernel(
        chosen,
        ahead=ahead,
        counts=counts,
        state=state,
        dynamic=("count",),
        static=static,
    )


def _capacity(bundle: Bundle) -> int:
    return bundle.capacity or bundle.n_pre


def _delays(bundle: Bundle) -> tuple[int, int]:
    """Return the shortest delay and the number of delays up to the longest."""
    delay = bundle.delay[:1] if bundle.delay.strides == (0,) else bundle.delay
    if not len(delay):
        return 1, 1
    first = int(delay.min())
    return first, int(delay.max()) - first + 1


def _packed(bundle: Bundle) -> Grid | None:
    """Return the grid of weights that fit into a word beside a target."""
    found = grid(bundle)
    if found is None or found.bits + (bundle.n_post - 1).bit_length() > 32:
        return None
    longest = np.diff(bundle.connections.start).max(initial=0)
    return found if longest <= _limit(found) else None


def _limit(of: Grid) -> int:
    """Return how many synapses cannot overflow a sum of 32 bits, wherever they go."""
    return (2**31 - 1) // max(of.most, 1)
