"""Delta LIF neurons, visited where something reaches them.

A tick visits what a spike reaches, and blocks of neurons that are *awake*: where one has a bias or
is above threshold.  The others catch up when they are reached (`neuroloop.neurons._decay`).
"""

from dataclasses import replace

import numpy as np

from neuroloop.core.kernel import entry, inline, kernel
from neuroloop.core.native import f32, i32, lowest, nonzero64, u8
from neuroloop.core.ports import Kernel
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
    header,
    lanes,
    params,
    slot_after,
    spiking,
    state_f32,
    state_i64,
)
from neuroloop.neurons._decay import (
    NOW,
    POWERS,
    after,
    catch_up,
    reach,
    reach_held,
    reached,
    tabulate,
    walk,
)
from neuroloop.neurons.lif import update

AHEAD = 32
"""blocks whose memory is asked for before the first of them is advanced"""


@inline
def below(count):
    """Return a word with the lowest ``count`` bits set, all of them from 64 on."""
    return ~np.uint64(0) if count >= 64 else (np.uint64(1) << np.uint64(count)) - np.uint64(1)


@kernel
def look(first, end, v, refractory, bias, mask, awake, held, p):
    """Note where something happens to neurons without input, and where someone is refractory.

    ``mask`` is ``uint8[n]`` that may be written over.
    """
    threshold, zero, always = p[3], np.float32(0), p[2] >= p[3]
    vs, rs, bs, ms = v[first:end], refractory[first:end], bias[first:end], mask[first:end]
    for i in range(vs.shape[0]):
        ms[i] = np.uint8((bs[i] != zero) | (vs[i] >= threshold))
    for some in range(first, end, BLOCK):
        busy = nonzero64(mask, some) & below(end - some)
        awake[some // BLOCK] = always or busy != 0
    for i in range(rs.shape[0]):
        ms[i] = np.uint8(rs[i] > zero)
    for some in range(first, end, BLOCK):
        waiting = nonzero64(mask, some) & below(end - some)
        for k in range(BLOCK // LINE):
            of_line = waiting >> np.uint64(LINE * k) & np.uint64((1 << LINE) - 1)
            held[some // LINE + k] = of_line != 0


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
    rest, threshold, reset, keep, hold = p[2], p[3], p[4], p[5], p[6]
    first, end, gap = LINE * line, min(LINE * line + LINE, v.shape[0]), now - last[line]
    if held[line] or end - first < LINE:
        rs = refractory[first:end]
        above = reach_held(v[first:end], rs, x[first:end], np.float32(gap), power, rest, threshold)
        held[line] = (rs > np.float32(0)).any()
    else:
        ticks = 1 + walk(v, first, gap - 1, power[1], rest)
        above = reach(v, first, x, first, after(power, ticks), rest, threshold)
    last[line] = now
    stays = False
    while above:
        i = first + lowest(above)
        above &= above - np.uint64(1)
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
            catch_up(part, v, refractory, held, last, now - 1, nothing, power, p[2], p[3])
            first, end = BLOCK * block, min(BLOCK * after_last, n)
            advance_run(first, end, v, refractory, bias, x, silent, fires, spikes, p)
            look(first, end, v, refractory, bias, fires, awake, held, p)
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
    p, now, each = params(arena, row), header(arena)[H_STEP], BLOCK // LINE
    block = 0
    while block < awake.shape[0]:
        begin = block
        while block < awake.shape[0] and not awake[block]:
            block += 1
        part = (each * begin, each * block)
        catch_up(part, v, refractory, held, last, now, nothing, power, p[2], p[3])
        block += 1


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
