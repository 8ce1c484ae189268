"""Rows of bits: one weight and one delay, one bit for every pair of neurons.

The rows of the neurons that fire are counted in bytes, 64 targets at a time, and the counts turned
into input once: right where a fair part of the pairs is connected.  A target's sum is its count
times the weight, rounded once.
"""

import numpy as np

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, u8, u32, u64
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts._facts import multapses, one_delay, one_weight, width
from neuroloop.engine.layouts._fanout import fanout, used
from neuroloop.engine.layouts._lanes import count_bits, read_ahead
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

N_POST, DELAY = COUNT + 1, COUNT + 2
_MOST = 252
"""rows that a byte can count, in fours"""
_NONE = np.uint64(0)
_TILE = 1 << 14
"""lanes that are counted at a time, so that counts stay in the first cache"""
_LINE = 8
"""words of a line of memory"""


@kernel
def add(x, counts, spikes, bits, weight):
    """Add the rows of the neurons that fired; ``counts`` (uint8) are zeros before and after."""
    lanes = x.shape[0]
    for k in range(0, spikes[0], _MOST):
        fired = spikes[k + 1 : min(k + _MOST, spikes[0]) + 1]
        for first in range(0, lanes, _TILE):
            end = min(first + _TILE, lanes)
            count(counts[first:end], fired, bits, lanes // 64, first // 64)
            turn(x[first:end], counts[first:end], weight)


@kernel
def turn(x, counts, weight):
    """Turn counts into input, and clear them."""
    for i in range(x.shape[0]):
        x[i] += np.float32(counts[i]) * weight
        counts[i] = 0


@kernel
def count(counts, spikes, bits, stride, first):
    """Add parts of rows, from word ``first`` on, to bytes: four rows at a time.

    Rows are ``stride`` words apart.  The next four are asked for meanwhile.
    """
    words = counts.shape[0] // 64
    fours = spikes.shape[0] // 4 * 4
    for k in range(0, fours, 4):
        a = bits[spikes[k] * stride + first :][:words]
        b = bits[spikes[k + 1] * stride + first :][:words]
        c = bits[spikes[k + 2] * stride + first :][:words]
        d = bits[spikes[k + 3] * stride + first :][:words]
        n = min(k + 4, max(fours - 4, 0))
        e, f = spikes[n] * stride + first, spikes[n + 1] * stride + first
        g, h = spikes[n + 2] * stride + first, spikes[n + 3] * stride + first
        lines = words // _LINE
        for line in range(lines):
            at = _LINE * line
            read_ahead(bits, e + at)
            read_ahead(bits, f + at)
            read_ahead(bits, g + at)
            read_ahead(bits, h + at)
            for w in range(at, at + _LINE):
                count_bits(counts, 64 * w, a[w], b[w], c[w], d[w])
        for w in range(_LINE * lines, words):
            count_bits(counts, 64 * w, a[w], b[w], c[w], d[w])
    for k in range(fours, spikes.shape[0]):
        a = bits[spikes[k] * stride + first :][:words]
        for w in range(words):
            count_bits(counts, 64 * w, a[w], _NONE, _NONE, _NONE)


@kernel
def touch_words(flags, spikes, bits):
    """Flag the blocks the rows reach: a word of bits is a block."""
    words = flags.shape[0]
    for k in range(spikes[0]):
        row = bits[spikes[k + 1] * words : (spikes[k + 1] + 1) * words]
        for w in range(words):
            flags[w] |= np.uint8(row[w] != _NONE)


@entry
def deliver(arena, row):
    n, width = row[N], lanes(row[N_POST])
    blocks = width // 64
    spikes, bits = i32(arena, row[IN], row[IN_META] + 1), u64(arena, row[STATE + 1], n * blocks)
    slot = slot_after(arena, row[COUNT], row[DELAY])
    x, counts = f32(arena, row[OUT] + 4 * width * slot, width), u8(arena, row[STATE], width)
    add(x, counts, spikes, bits, params(arena, row)[0])
    header(arena)[H_SYNOPS] += used(spikes, u32(arena, row[STATE + 2], n))
    if row[TOUCHED]:
        touch_words(u8(arena, row[TOUCHED] + blocks * slot, blocks), spikes, bits)


@kernel
def _fill(bits, start, post):
    for i in range(start.shape[0] - 1):
        row = bits[i]
        for j in range(start[i], start[i + 1]):
            row[post[j] >> np.uint32(6)] |= np.uint64(1) << np.uint64(post[j] & np.uint32(63))


def refuses(bundle: Bundle) -> str:
    """Say why it cannot hold these synapses, if it cannot."""
    if one_delay(bundle) is None:
        return "the delays differ"
    if one_weight(bundle) is None:
        return "the weights differ"
    return "a source reaches a target more than once" if multapses(bundle) else ""


def n_bytes(bundle: Bundle) -> int:
    """Return its size."""
    lanes_ = width(bundle.n_post)
    return bundle.n_pre * (lanes_ // 8 + 4) + lanes_


def cost_ns(bundle: Bundle, speed: Speed, spikes: float) -> float:
    """Return what a tick in which so many sources fire is expected to cost."""
    lanes_ = width(bundle.n_post)
    added = speed.stream_ns(spikes, lanes_, speed.bits, 1 / 8, n_bytes(bundle))
    return added + min(spikes, 1.0) * speed.flush * lanes_


def build(bundle: Bundle) -> Kernel:
    """Lay the synapses out."""
    lanes_ = width(bundle.n_post)
    bits = np.zeros((bundle.n_pre, lanes_ // 64), np.uint64)
    _fill(bits, bundle.connections.start, bundle.connections.post)
    return Kernel(
        deliver,
        params=(one_weight(bundle) or 0.0,),
        counts=(bundle.n_post, one_delay(bundle) or 0),
        state={"counts": np.zeros(lanes_, np.uint8)},
        static={"bits": bits.reshape(-1), "fanout": fanout(bundle)},
    )
