r"""Leaky integrate-and-fire with delta synapses, integrated exactly.

.. math:: \tau_m \dot v = v_{rest} - v + bias

A spike of weight w that arrives moves v by w at once.  v, the potentials it is compared with, the
weights and the bias share one unit, which is free: with the defaults v runs from 0 to a threshold
of 1.  In each tick: decay, add the input, compare (``v >= v_threshold``), fire and reset.  A
refractory neuron is held where the reset left it for the ticks after its spike, and its input is
lost.  The input of a tick acts in the same tick.

Source: W. Gerstner and others, *Neuronal Dynamics*, Cambridge University Press 2014, section 1.3.

With events a tick visits the blocks of neurons that a spike reaches, and those that are awake: where
a neuron is refractory, has a bias, or is above threshold.  The others only decay, and catch up when
they are visited: :math:`v_{rest} + (v - v_{rest}) d^k` after k ticks, within an ulp a tick of k
single steps.
"""

import math
from typing import Literal

import numpy as np
from msgspec import Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.kernel import entry, inline, kernel
from neuroloop.core.native import i32, lowest, nonzero64, u8
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import (
    BLOCK,
    COUNT,
    FLAGS,
    H_EDITS,
    H_SPIKES,
    H_STEP,
    OUT,
    SILENT,
    SPIKING,
    STATE,
    N,
    fire,
    header,
    incoming,
    lanes,
    params,
    slot_after,
    spiking,
    state_f32,
    state_i64,
)

RECEPTORS = ("input",)
EVENTS = True


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``v`` and ``bias`` may be given per neuron as arrays."""

    tau_m_ms: Positive = 20.0
    v_rest: float = 0.0
    v_threshold: float = 1.0
    v_reset: float = 0.0
    refractory_ms: NotNegative = 0.0
    bias: float = 0.0
    """constant drive: the height above ``v_rest`` at which v would settle"""
    reset: Literal["hard", "subtract"] = "hard"
    """to ``v_reset``, or down by ``v_threshold - v_reset`` (keeps what was above threshold)"""


@kernel
def update(v, refractory, bias, x, fires, p):
    """Advance ``float32[n]`` neurons by one tick; clears the input."""
    decay, gain, rest, threshold = p[0], p[1], p[2], p[3]
    reset, keep, hold = p[4], p[5], p[6]
    zero, one = np.float32(0), np.float32(1)
    for i in range(v.shape[0]):
        before, left, drive, jump = v[i], refractory[i], bias[i], x[i]
        free = rest + (before - rest) * decay + drive * gain + jump
        value = before if left > zero else free
        spike = (value >= threshold) & (left <= zero)
        lowered = reset + keep * (value - threshold)
        v[i] = lowered if spike else value
        refractory[i] = hold if spike else max(left - one, zero)
        fires[i] = np.uint8(spike)
        x[i] = zero


@kernel
def remaining(decay, ticks):
    """Return what is left of 1 after so many ticks, to the last bit of float32."""
    left, factor = 1.0, np.float64(decay)
    while ticks > 0:
        if ticks & 1:
            left *= factor
        factor *= factor
        ticks >>= 1
    return np.float32(left)


@kernel
def drift(v, ticks, p):
    """Let neurons decay that nothing happened to."""
    rest, left = p[2], remaining(p[0], ticks)
    for i in range(v.shape[0]):
        v[i] = rest + (v[i] - rest) * left


@kernel
def reach(v, x, fires, ticks, p):
    """Advance neurons that nothing happened to in the last ``ticks - 1`` ticks; clears the input.

    ``v`` of those that fire is left above the threshold.
    """
    rest, threshold, left = p[2], p[3], remaining(p[0], ticks)
    zero = np.float32(0)
    for i in range(v.shape[0]):
        value = rest + (v[i] - rest) * left + x[i]
        v[i] = value
        fires[i] = np.uint8(value >= threshold)
        x[i] = zero


@kernel
def restless(v, refractory, bias, p):
    """Whether something happens to one of the neurons in the next tick, without input."""
    threshold, zero = p[3], np.float32(0)
    found = np.int32(0)
    for i in range(v.shape[0]):
        busy = (refractory[i] > zero) | (bias[i] != zero) | (v[i] >= threshold)
        found |= np.int32(busy)
    return found != 0


@inline
def below(count):
    """Return a word with the lowest ``count`` bits set, all of them from 64 on."""
    return ~np.uint64(0) if count >= 64 else (np.uint64(1) << np.uint64(count)) - np.uint64(1)


@kernel
def visit(v, refractory, bias, x, silent, fires, spikes, flags, awake, last, now, p):
    """Advance the blocks that are flagged or awake, list who fires, clear input and flags.

    ``fires`` is ``uint8[64]``, for one block at a time; a mask of all would have to be scanned.
    """
    n, blocks = v.shape[0], awake.shape[0]
    rest, threshold, reset, keep, hold = p[2], p[3], p[4], p[5], p[6]
    fires[:] = 0
    k = 0
    for some in range(0, blocks, 64):
        active = (nonzero64(flags, some) | nonzero64(awake, some)) & below(blocks - some)
        while active:
            block = some + lowest(active)
            active &= active - np.uint64(1)
            first, end = BLOCK * block, min(BLOCK * block + BLOCK, n)
            vs, xs, fs = v[first:end], x[first:end], fires[: end - first]
            if awake[block]:
                rs, bs = refractory[first:end], bias[first:end]
                update(vs, rs, bs, xs, fs, p)
                awake[block] = rest >= threshold or restless(vs, rs, bs, p)
                fired = nonzero64(fires, 0) & below(end - first)
            else:
                reach(vs, xs, fs, now - last[block], p)
                fired = nonzero64(fires, 0) & below(end - first)
                word = fired
                while word:
                    i = first + lowest(word)
                    word &= word - np.uint64(1)
                    v[i] = reset + keep * (v[i] - threshold)
                    refractory[i] = hold
                    awake[block] = 1
            flags[block] = 0
            last[block] = now
            if fired:
                fired &= ~nonzero64(silent, first)
                while fired:
                    k += 1
                    spikes[k] = first + lowest(fired)
                    fired &= fired - np.uint64(1)
    spikes[0] = k
    return k


@entry
def step(arena, row):
    n = row[N]
    v, refractory = state_f32(arena, row, 0, n), state_f32(arena, row, 1, n)
    bias = state_f32(arena, row, 2, n)
    update(v, refractory, bias, incoming(arena, row, 0), spiking(arena, row), params(arena, row))
    fire(arena, row)


@entry
def step_events(arena, row):
    n, blocks = row[N], lanes(row[N]) // BLOCK
    v, refractory = state_f32(arena, row, 0, n), state_f32(arena, row, 1, n)
    bias, awake = state_f32(arena, row, 2, n), u8(arena, row[STATE + 3], blocks)
    last, seen = state_i64(arena, row, 4, blocks), state_i64(arena, row, 5, 1)
    head = header(arena)
    if head[H_EDITS] != seen[0]:
        seen[0] = head[H_EDITS]
        awake[:] = 1
    flags = u8(arena, row[FLAGS] + blocks * slot_after(arena, row[COUNT], 0), blocks)
    head[H_SPIKES] += visit(
        *(v, refractory, bias, incoming(arena, row, 0)),
        *(u8(arena, row[SILENT], lanes(n)), u8(arena, row[SPIKING], BLOCK)),
        *(i32(arena, row[OUT], n + 1), flags, awake, last, head[H_STEP], params(arena, row)),
    )


@entry
def settle(arena, row):
    n, blocks = row[N], lanes(row[N]) // BLOCK
    v, awake = state_f32(arena, row, 0, n), u8(arena, row[STATE + 3], blocks)
    last, now = state_i64(arena, row, 4, blocks), header(arena)[H_STEP]
    for block in range(blocks):
        if not awake[block]:
            rest = v[BLOCK * block : min(BLOCK * block + BLOCK, n)]
            drift(rest, now - last[block], params(arena, row))
            last[block] = now


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    decay = math.exp(-cell.dt_ms / config.tau_m_ms)
    keep = 1.0 if config.reset == "subtract" else 0.0
    hold = round(config.refractory_ms / cell.dt_ms)
    params = (
        *(decay, 1.0 - decay, config.v_rest, config.v_threshold, config.v_reset),
        *(keep, hold),
    )
    state = {
        "v": np.full(cell.n, config.v_rest, np.float32),
        "refractory": np.zeros(cell.n, np.float32),
        "bias": np.full(cell.n, config.bias, np.float32),
    }
    dynamic = ("v", "refractory")
    if not cell.events:
        return Kernel(step, params=params, state=state, dynamic=dynamic)
    blocks = lanes(cell.n) // BLOCK
    state |= {
        "awake": np.ones(blocks, np.uint8),
        "last": np.zeros(blocks, np.int64),
        "seen": np.zeros(1, np.int64),
    }
    return Kernel(
        *(step_events, None, settle), params=params, state=state, dynamic=(*dynamic, "awake")
    )
