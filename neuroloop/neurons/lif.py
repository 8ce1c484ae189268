r"""Leaky integrate-and-fire with delta synapses, integrated exactly.

.. math:: \tau_m \dot v = v_{rest} - v + bias

A spike of weight w that arrives moves v by w at once.  v, the potentials it is compared with, the
weights and the bias share one unit, which is free: with the defaults v runs from 0 to a threshold
of 1.  In each tick: decay, add the input, compare (``v >= v_threshold``), fire and reset.  A
refractory neuron is held where the reset left it and its input is lost.

Source: W. Gerstner and others, *Neuronal Dynamics*, Cambridge University Press 2014, section 1.3.

With events a tick visits what a spike reaches, and blocks that are *awake*: where a neuron has a
bias or is above threshold.  The others catch up when they are reached, in one step: after k ticks
without input v is :math:`v_{rest} + (v - v_{rest}) d^k`, within one unit in the last place a tick
of what k single steps give.  In lines that are *held* there are refractory neurons, for which k
begins later.
"""

import math
from dataclasses import replace
from typing import Literal

import numpy as np
from msgspec import Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.kernel import entry, inline, kernel
from neuroloop.core.native import f32, i32, lowest, nonzero64, u8
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.layouts._lanes import read_ahead
from neuroloop.engine.row import (
    BLOCK,
    COUNT,
    FLAGS,
    H_EDITS,
    H_SPIKES,
    H_STEP,
    IN,
    LINE,
    OUT,
    SILENT,
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
NOW = np.int64(1 << 62)
"""the last tick of a line that has nothing to catch up with"""
POWERS = 1024
"""of the decay, kept in a table"""
AHEAD = 32
"""blocks whose memory is asked for before the first of them is advanced"""


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


@inline
def below(count):
    """Return a word with the lowest ``count`` bits set, all of them from 64 on."""
    return ~np.uint64(0) if count >= 64 else (np.uint64(1) << np.uint64(count)) - np.uint64(1)


@inline
def after(power, ticks):
    """Return what is left of 1 after so many ticks."""
    return power[ticks] if ticks < POWERS else np.float32(float(power[1]) ** ticks)


@kernel
def tabulate(power, decay):
    """Fill ``power[k]`` with what is left of 1 after k ticks."""
    left = 1.0
    for k in range(power.shape[0]):
        power[k] = left
        left *= np.float64(decay)


@kernel
def reached(x):
    """Return a bit for each line of a block that has input."""
    lines = np.uint64(0)
    for line in range(BLOCK // LINE):
        for i in range(LINE * line, LINE * line + LINE):
            lines |= np.uint64(x[i] != np.float32(0)) << np.uint64(line)
    return lines


@inline
def reach(v, x, left, p):
    """Advance a whole line where nobody is refractory; returns a bit for each above threshold."""
    rest, threshold, zero = p[2], p[3], np.float32(0)
    above = np.int32(0)
    for i in range(LINE):
        value = rest + (v[i] - rest) * left + x[i]
        v[i] = value
        above = np.int32(above | np.int32(np.int32(value >= threshold) << np.int32(i)))
    x[:] = zero
    return above


@kernel
def reach_held(v, refractory, x, gap, power, p):
    """Do the same for any number of neurons, where some may be refractory."""
    rest, threshold, zero = p[2], p[3], np.float32(0)
    above = np.int32(0)
    for i in range(v.shape[0]):
        ticks = np.int64(max(gap - refractory[i], zero))
        refractory[i] = max(refractory[i] - gap, zero)
        if ticks > 0:
            v[i] = rest + (v[i] - rest) * after(power, ticks) + x[i]
            above |= np.int32(v[i] >= threshold) << np.int32(i)
        x[i] = zero
    return above


@kernel
def catch_up(lines, v, refractory, held, last, until, nothing, power, p):
    """Let the neurons of these lines decay up to the end of tick ``until``."""
    for line in range(lines[0], lines[1]):
        gap, first, end = until - last[line], LINE * line, min(LINE * line + LINE, v.shape[0])
        if gap <= 0 or first >= end:
            continue
        if held[line] or end - first < LINE:
            x, refractory_ = nothing[: end - first], refractory[first:end]
            reach_held(v[first:end], refractory_, x, np.float32(gap), power, p)
        else:
            reach(v[first:end], nothing, after(power, gap), p)
        last[line] = until


@kernel
def look(block, v, refractory, bias, awake, held, p):
    """Note whether something happens to a block without input, and where someone is refractory."""
    rest, threshold, zero = p[2], p[3], np.float32(0)
    busy, n = np.int32(rest >= threshold), v.shape[0]
    for line in range(BLOCK // LINE * block, BLOCK // LINE * (block + 1)):
        first, end = min(LINE * line, n), min(LINE * line + LINE, n)
        vs, rs, bs = v[first:end], refractory[first:end], bias[first:end]
        waiting = np.int32(0)
        for i in range(vs.shape[0]):
            busy |= np.int32((bs[i] != zero) | (vs[i] >= threshold))
            waiting |= np.int32(rs[i] > zero)
        held[line] = waiting
    awake[block] = busy


@kernel
def advance_run(first, end, v, refractory, bias, x, silent, fires, spikes, p):
    """Advance neurons side by side by one tick, as a full update does, and list who fires."""
    update(
        *(v[first:end], refractory[first:end], bias[first:end], x[first:end], fires[first:end], p)
    )
    for some in range(first, end, 64):
        word = nonzero64(fires, some) & ~nonzero64(silent, some) & below(end - some)
        while word:
            spikes[0] += 1
            spikes[spikes[0]] = some + lowest(word)
            word &= word - np.uint64(1)


@inline
def advance_line(line, v, refractory, x, silent, spikes, held, last, now, power, p):
    """Advance a line that is reached, list who fires; returns whether someone stays above."""
    threshold, reset, keep, hold = p[3], p[4], p[5], p[6]
    first, end, gap = LINE * line, min(LINE * line + LINE, v.shape[0]), now - last[line]
    vs, xs = v[first:end], x[first:end]
    if held[line] or end - first < LINE:
        rs = refractory[first:end]
        above = reach_held(vs, rs, xs, np.float32(gap), power, p)
        held[line] = (rs > np.float32(0)).any()
    else:
        above = reach(vs, xs, after(power, gap), p)
    last[line] = now
    stays = False
    while above:
        i = first + lowest(np.uint64(above))
        above &= above - np.int32(1)
        lowered = reset + keep * (v[i] - threshold)
        v[i], refractory[i] = lowered, hold
        stays |= lowered >= threshold
        held[line] |= hold > np.float32(0)
        if not silent[i]:
            spikes[0] += 1
            spikes[spikes[0]] = i
    return stays


@kernel
def advance(
    blocks,
    flags,
    v,
    refractory,
    bias,
    x,
    silent,
    fires,
    spikes,
    awake,
    held,
    last,
    now,
    nothing,
    power,
    p,
):
    """Advance these blocks to the end of tick ``now``, clear their input, list who fires."""
    n, q, each = v.shape[0], 0, BLOCK // LINE
    while q < blocks.shape[0]:
        block, begin = np.int64(blocks[q]), q
        q += 1
        if awake[block]:
            while q < blocks.shape[0] and blocks[q] == block + q - begin and awake[blocks[q]]:
                q += 1
            after_last = block + q - begin
            part = (each * block, each * after_last)
            catch_up(part, v, refractory, held, last, now - 1, nothing, power, p)
            first, end = BLOCK * block, min(BLOCK * after_last, n)
            advance_run(first, end, v, refractory, bias, x, silent, fires, spikes, p)
            for b in range(block, after_last):
                look(b, v, refractory, bias, awake, held, p)
            last[part[0] : part[1]] = now
            flags[block:after_last] = 0
            continue
        lines = np.uint64(flags[block]) >> np.uint64(1)
        if flags[block] & 1:
            lines |= reached(x[BLOCK * block : BLOCK * block + BLOCK])
        flags[block] = 0
        while lines:
            line = each * block + lowest(lines)
            lines &= lines - np.uint64(1)
            stays = advance_line(line, v, refractory, x, silent, spikes, held, last, now, power, p)
            if stays:
                awake[block] = 1


@kernel
def visit(
    work,
    flags,
    v,
    refractory,
    bias,
    x,
    silent,
    fires,
    spikes,
    awake,
    held,
    last,
    now,
    nothing,
    power,
    p,
):
    """Find the blocks that are flagged or awake, and advance them; clears the flags."""
    blocks, m = awake.shape[0], 0
    for some in range(0, blocks, 64):
        active = (nonzero64(flags, some) | nonzero64(awake, some)) & below(blocks - some)
        while active:
            block = some + lowest(active)
            active &= active - np.uint64(1)
            # of the lines that are reached it is the first, nearly always the only one
            line = BLOCK // LINE * block + lowest(
                np.uint64(flags[block]) >> np.uint64(1) | np.uint64(8)
            )
            read_ahead(x, LINE * line)
            read_ahead(v, LINE * line)
            read_ahead(last, line)
            work[m] = block
            m += 1
        if m >= AHEAD or some + 64 >= blocks:
            advance(
                *(work[:m], flags, v, refractory, bias, x, silent, fires, spikes),
                *(awake, held, last, now, nothing, power, p),
            )
            m = 0


@entry
def step(arena, row):
    n = row[N]
    v, refractory = state_f32(arena, row, 0, n), state_f32(arena, row, 1, n)
    bias = state_f32(arena, row, 2, n)
    update(v, refractory, bias, incoming(arena, row, 0), spiking(arena, row), params(arena, row))
    fire(arena, row)


@entry
def step_events(arena, row):
    n, width = row[N], lanes(row[N])
    v, refractory = state_f32(arena, row, 0, n), state_f32(arena, row, 1, n)
    bias, last = state_f32(arena, row, 2, n), state_i64(arena, row, 3, width // LINE)
    awake, held = (
        u8(arena, row[STATE + 4], width // BLOCK),
        u8(arena, row[STATE + 5], width // LINE),
    )
    power, edits = state_f32(arena, row, 6, POWERS), state_i64(arena, row, 7, 1)
    work, nothing = i32(arena, row[STATE + 8], AHEAD + 64), state_f32(arena, row, 9, LINE)
    head, p = header(arena), params(arena, row)
    if head[H_EDITS] != edits[0]:
        edits[0] = head[H_EDITS]
        awake[:] = 1
        tabulate(power, p[0])
    slot = slot_after(arena, row[COUNT], 0)
    flags = u8(arena, row[FLAGS] + width // BLOCK * slot, width // BLOCK)
    x = f32(arena, row[IN] + 4 * width * slot, width)
    silent, spikes = u8(arena, row[SILENT], width), i32(arena, row[OUT], n + 1)
    spikes[0] = 0
    visit(
        *(work, flags, v, refractory, bias, x, silent, spiking(arena, row), spikes),
        *(awake, held, last, head[H_STEP], nothing, power, p),
    )
    head[H_SPIKES] += spikes[0]


@entry
def settle(arena, row):
    n, lines = row[N], lanes(row[N]) // LINE
    v, refractory = state_f32(arena, row, 0, n), state_f32(arena, row, 1, n)
    last, held = state_i64(arena, row, 3, lines), u8(arena, row[STATE + 5], lines)
    power, nothing = state_f32(arena, row, 6, POWERS), state_f32(arena, row, 9, LINE)
    awake = u8(arena, row[STATE + 4], lines * LINE // BLOCK)
    for block in range(awake.shape[0]):
        if not awake[block]:
            part = (BLOCK // LINE * block, BLOCK // LINE * (block + 1))
            until = header(arena)[H_STEP]
            catch_up(part, v, refractory, held, last, until, nothing, power, params(arena, row))


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    decay = math.exp(-cell.dt_ms / config.tau_m_ms)
    keep = 1.0 if config.reset == "subtract" else 0.0
    hold = round(config.refractory_ms / cell.dt_ms)
    full = Kernel(
        step,
        params=(
            decay,
            1.0 - decay,
            config.v_rest,
            config.v_threshold,
            config.v_reset,
            keep,
            hold,
        ),
        state={
            "v": np.full(cell.n, config.v_rest, np.float32),
            "refractory": np.zeros(cell.n, np.float32),
            "bias": np.full(cell.n, config.bias, np.float32),
        },
        dynamic=("v", "refractory"),
    )
    return with_events(full, cell.n) if cell.events else full


def with_events(full: Kernel, n: int) -> Kernel:
    """Return the kernel that visits only what is reached, with what it has to keep."""
    width = lanes(n)
    kept = {
        "last": np.full(width // LINE, NOW),
        "awake": np.ones(width // BLOCK, np.uint8),
        "held": np.zeros(width // LINE, np.uint8),
        "power": np.zeros(POWERS, np.float32),
        "edits": np.full(1, -1),
        "work": np.zeros(AHEAD + 64, np.int32),
        "nothing": np.zeros(LINE, np.float32),
    }
    return replace(
        full,
        entry=step_events,
        settle=settle,
        state={**full.state, **kept},
        dynamic=(*full.dynamic, "last", "awake"),
    )
