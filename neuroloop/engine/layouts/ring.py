"""Rows with a delay for each synapse; a spike goes into the slot of the tick it arrives in.

Three forms, of which the smallest that loses nothing is taken: a 32-bit word of target, delay and
weight (a whole multiple of one step); a word of target and delay beside a float32 weight; target,
delay and weight apart, where numbers are too large for a word.  All give the same bits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64, u8, u16, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts._facts import Grid, grid, starts, width
from neuroloop.engine.layouts._lanes import BLOCK, LEAD, read_ahead
from neuroloop.engine.row import (
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
    params,
)
from neuroloop.engine.speed import Speed

N_POST, N_SYNAPSES, DELAY_BITS = COUNT + 1, COUNT + 2, COUNT + 3
STEP, LEAST, WEIGHT_BITS = 0, 1, 2
"""parameters: a weight is ``(q + least) * step``, with q in the lowest bits of a word"""
_SMALL_BYTES = 8_000_000
_WORD = 1.4
"""what a synapse costs more whose weight is taken out of a word, all in cache"""


@kernel
def add_words(x, spikes, start, word, now, form):
    """Add rows of whole words; ``x`` is ``float32[slots, width]``, ``form`` the bits' numbers."""
    step, least, weight_bits, delay_bits = form
    target_bit, delay_mask = weight_bits + delay_bits, np.uint32((1 << delay_bits) - 1)
    weight_mask, last = np.uint32((1 << weight_bits) - 1), np.uint32(x.shape[0] - 1)
    shift, low, tick = np.uint64(target_bit), np.uint32(weight_bits), np.uint32(now)
    used = 0
    for k in range(1, spikes[0] + 1):
        first, end = start[spikes[k]], start[spikes[k] + 1]
        ahead = start[spikes[min(k + LEAD, spikes[0])]] - first
        for j in range(first, end, BLOCK):
            read_ahead(word, j + ahead)
            read_ahead(word, j + ahead + 16)
            row = word[j : min(j + BLOCK, end)]
            for i in range(row.shape[0]):
                z = row[i]
                slot = np.uint32(tick + (np.uint32(z >> low) & delay_mask)) & last
                q = np.int32(z & weight_mask) + least
                x[slot, np.uint32(np.uint64(z) >> shift)] += np.float32(q) * step
        used += end - first
    return used


@kernel
def add_placed(x, spikes, start, place, weight, now, delay_bits):
    """Add rows of a word of target and delay, and a weight, for each synapse."""
    delay_mask, last = np.uint32((1 << delay_bits) - 1), np.uint32(x.shape[0] - 1)
    shift, tick = np.uint64(delay_bits), np.uint32(now)
    used = 0
    for k in range(1, spikes[0] + 1):
        first, end = start[spikes[k]], start[spikes[k] + 1]
        ahead = start[spikes[min(k + LEAD, spikes[0])]] - first
        for j in range(first, end, BLOCK):
            read_ahead(place, j + ahead)
            read_ahead(place, j + ahead + 16)
            read_ahead(weight, j + ahead)
            read_ahead(weight, j + ahead + 16)
            row, by = place[j : min(j + BLOCK, end)], weight[j : min(j + BLOCK, end)]
            for i in range(row.shape[0]):
                z = row[i]
                slot = np.uint32(tick + (z & delay_mask)) & last
                x[slot, np.uint32(np.uint64(z) >> shift)] += by[i]
        used += end - first
    return used


@kernel
def add(x, spikes, start, target, weight, delay, now):
    """Add rows of a target, a weight and a delay for each synapse."""
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
def touch_words(flags, spikes, start, word, now, low, delay_bits):
    """Flag the blocks that rows of words reach, each in the tick it is reached in."""
    last, mask = np.uint32(flags.shape[0] - 1), np.uint32((1 << delay_bits) - 1)
    for k in range(spikes[0]):
        row = word[start[spikes[k + 1]] : start[spikes[k + 1] + 1]]
        for j in range(row.shape[0]):
            slot = np.uint32(np.uint32(now) + (np.uint32(row[j] >> np.uint32(low)) & mask)) & last
            target = np.uint32(np.uint64(row[j]) >> np.uint64(low + delay_bits))
            flags[slot, target // np.uint32(64)] = 1


@kernel
def touch(flags, spikes, start, target, delay, now):
    """Do the same for rows of targets and delays."""
    last = np.uint32(flags.shape[0] - 1)
    for k in range(spikes[0]):
        for j in range(start[spikes[k + 1]], start[spikes[k + 1] + 1]):
            flags[(np.uint32(now) + delay[j]) & last, target[j] // np.uint32(64)] = 1


@kernel
def _input(arena, row):
    slots, width = row[COUNT], lanes(row[N_POST])
    return f32(arena, row[OUT], slots * width).reshape(slots, width)


@kernel
def _flags(arena, row):
    slots, blocks = row[COUNT], lanes(row[N_POST]) // 64
    return u8(arena, row[TOUCHED], slots * blocks).reshape(slots, blocks)


@entry
def deliver_words(arena, row):
    spikes, start = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], row[N] + 1)
    word, head, p = u32(arena, row[STATE + 1], row[N_SYNAPSES]), header(arena), params(arena, row)
    low, delay_bits = np.int64(p[WEIGHT_BITS]), row[DELAY_BITS]
    form = (p[STEP], np.int32(p[LEAST]), low, delay_bits)
    head[H_SYNOPS] += add_words(_input(arena, row), spikes, start, word, head[H_STEP], form)
    if row[TOUCHED]:
        touch_words(_flags(arena, row), spikes, start, word, head[H_STEP], low, delay_bits)


@entry
def deliver_placed(arena, row):
    spikes, start = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], row[N] + 1)
    place, head = u32(arena, row[STATE + 1], row[N_SYNAPSES]), header(arena)
    weight, bits = f32(arena, row[STATE + 2], row[N_SYNAPSES]), row[DELAY_BITS]
    x, now = _input(arena, row), head[H_STEP]
    head[H_SYNOPS] += add_placed(x, spikes, start, place, weight, now, bits)
    if row[TOUCHED]:
        touch_words(_flags(arena, row), spikes, start, place, now, 0, bits)


@entry
def deliver(arena, row):
    n, synapses, head = row[N], row[N_SYNAPSES], header(arena)
    spikes, start = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], n + 1)
    target, weight = u32(arena, row[STATE + 1], synapses), f32(arena, row[STATE + 2], synapses)
    delay, x = u16(arena, row[STATE + 3], synapses), _input(arena, row)
    head[H_SYNOPS] += add(x, spikes, start, target, weight, delay, head[H_STEP])
    if row[TOUCHED]:
        touch(_flags(arena, row), spikes, start, target, delay, head[H_STEP])


@kernel
def _pack(post, delay, weight, inverse, least, weight_bits, delay_bits, word):
    for j in range(post.shape[0]):
        q = np.int64(np.rint(np.float64(weight[j]) * inverse)) - least
        z = np.uint64(post[j]) << np.uint64(delay_bits) | np.uint64(delay[j])
        word[j] = np.uint32(z << np.uint64(weight_bits) | np.uint64(q))


def refuses(bundle: Bundle) -> str:
    """Say why it cannot hold these synapses, if it cannot."""
    del bundle
    return ""


def n_bytes(bundle: Bundle) -> int:
    """Return its size."""
    packed, _, place = _form(bundle)
    size = 4 if packed else 8 if place else 10
    return 8 * (bundle.n_pre + 1) + size * len(bundle.connections)


def cost_ns(bundle: Bundle, speed: Speed, spikes: float) -> float:
    """Return what a tick in which so many sources fire is expected to cost."""
    into = 4 * (1 << _delay_bits(bundle)) * width(bundle.n_post)
    each = speed.ring * (_WORD if _form(bundle)[0] else 1.0)
    return speed.scatter_ns(bundle, spikes, each, n_bytes(bundle), into)


def build(bundle: Bundle) -> Kernel:
    """Lay the synapses out in the smallest form that holds them."""
    packed, delay_bits, place = _form(bundle)
    wired = bundle.connections
    counts = (bundle.n_post, len(wired), delay_bits)
    arrays: dict[str, NDArray[Any]] = {"start": starts(bundle)}
    if not place:
        arrays |= {"target": wired.post, "weight": wired.weight}
        arrays["delay"] = bundle.delay.astype(np.uint16)
        return Kernel(deliver, counts=counts, static=arrays)
    word = np.empty(len(wired), np.uint32)
    if packed is None:
        _pack(wired.post, bundle.delay, wired.weight, 0.0, 0, 0, delay_bits, word)
        arrays |= {"place": word, "weight": wired.weight}
        return Kernel(deliver_placed, counts=counts, static=arrays)
    inverse = 1 / packed.step
    form = (packed.low, packed.bits, delay_bits)
    _pack(wired.post, bundle.delay, wired.weight, inverse, *form, word)
    params = (packed.step, packed.low, packed.bits)
    arrays["word"] = word
    return Kernel(deliver_words, params=params, counts=counts, static=arrays)


def _delay_bits(bundle: Bundle) -> int:
    return int(bundle.delay.max()).bit_length() if len(bundle.delay) else 0


def _form(bundle: Bundle) -> tuple[Grid | None, int, bool]:
    """Return the grid of weights that fit into a word, bits of a delay, and if a word holds both.

    A weight is kept beside the word as long as all are in cache: that is a little faster.
    """
    delay_bits = _delay_bits(bundle)
    left = 32 - delay_bits - (bundle.n_post - 1).bit_length()
    small = 8 * len(bundle.connections) <= _SMALL_BYTES
    found = grid(bundle) if left >= 0 and not small else None
    fits = found is not None and found.bits <= left
    return found if fits else None, delay_bits, left >= 0
