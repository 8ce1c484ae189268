r"""Synapses of a convolution: each spike adds the flipped kernel around its place to every map.

.. math:: I_{o, y, x} = \sum_{c, i, j} kernel_{o, c, i, j} \,
          s_{c, y s_y + i - p_y, x s_x + j - p_x}

The kernel is all that is kept, whatever the size of the maps; the sums are those of the same
synapses one by one, in the same order.  A spike of tick t with a delay of d ticks is in the
target's input of tick t + d.  Its connections are a `neuroloop.network.Convolution`.

Source: L. Camunas-Mesa and others, "An event-driven multi-kernel convolution processor module for
event-driven vision sensors", IEEE Journal of Solid-State Circuits 47, 2012.
"""

import numpy as np
from llvmlite import ir
from msgspec import Struct
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64, u8
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.row import (
    BLOCK,
    COUNT,
    H_SYNOPS,
    IN,
    IN_META,
    OUT,
    STATE,
    TOUCHED,
    header,
    lanes,
    slot_after,
)
from neuroloop.network import Convolution
from neuroloop.synapses import _taps
from neuroloop.synapses._taps import (
    COLUMNS,
    HEIGHT,
    LANES,
    MAPS,
    ROWS,
    SHAPE_WORDS,
    TO_MAP,
    TO_ROW,
    WAY_WORDS,
    WIDTH,
    reach,
)

FORM = Convolution
"""what its connections are"""
TOUCHES = True
"""it can flag whom a spike reaches, for targets that visit no others"""
N_POST, N_WEIGHTS, DELAY = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


@intrinsic
def _add_lanes(_typing, x, i, weight, j, n):
    """Add the first ``n`` of ``weight[j : j + 8]`` to ``x[i : i + 8]``; both have all eight."""

    def codegen(context, builder, signature, args):
        lane = ir.VectorType(ir.FloatType(), LANES)

        def place(k):
            array = make_array(signature.args[k])(context, builder, args[k])
            first = builder.gep(array.data, [args[k + 1]])
            return builder.bitcast(first, lane.as_pointer())

        numbers = ir.VectorType(ir.IntType(64), LANES)
        limit = ir.Constant(numbers, ir.Undefined)
        for k in range(LANES):
            limit = builder.insert_element(limit, args[4], ir.IntType(32)(k))
        mask = builder.icmp_signed("<", numbers(list(range(LANES))), limit)
        before = builder.load(place(0), align=4)
        after = builder.fadd(before, builder.load(place(2), align=4))
        builder.store(builder.select(mask, after, before), place(0), align=4)
        return context.get_dummy_value()

    return types.void(x, types.intp, weight, types.intp, types.int64), codegen


@kernel
def add(x, spikes, weight, shape, down, across):
    """Add the kernel around each spike to ``x``; returns the number of synapses used."""
    used = 0
    maps, rows, columns = shape[MAPS], shape[ROWS], shape[COLUMNS]
    to_map, to_row = shape[TO_MAP], shape[TO_ROW]
    for k in range(spikes[0]):
        first, n_rows, left, n, at, _ = reach(np.int64(spikes[k + 1]), shape, down, across)
        corner = first * columns + left
        reached = ((maps - 1) * rows + first + n_rows - 1) * columns + left + n
        used += maps * n_rows * n
        if reached + LANES <= x.shape[0]:
            for o in range(maps):
                for r in range(n_rows):
                    to, by = corner + (o * rows + r) * columns, at + o * to_map + r * to_row
                    # nearly always all: its mask is then made once a spike
                    _add_lanes(x, to, weight, by, n)
                    for j in range(LANES, n, LANES):
                        _add_lanes(x, to + j, weight, by + j, n - j)
        else:
            for o in range(maps):
                for r in range(n_rows):
                    to, by = corner + (o * rows + r) * columns, at + o * to_map + r * to_row
                    for j in range(n):
                        x[to + j] += weight[by + j]
    return used


@kernel
def touch(flags, spikes, shape, down, across):
    """Flag the blocks of neurons that the kernel reaches."""
    for k in range(spikes[0]):
        first, n_rows, left, n, _, _ = reach(np.int64(spikes[k + 1]), shape, down, across)
        for o in range(shape[MAPS] if n else 0):
            for r in range(n_rows):
                to = ((o * shape[ROWS]) + first + r) * shape[COLUMNS] + left
                for block in range(to // BLOCK, (to + n - 1) // BLOCK + 1):
                    flags[block] = 1


@entry
def deliver(arena, row):
    slots, width = row[COUNT], lanes(row[N_POST])
    spikes, shape = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], SHAPE_WORDS)
    down = i64(arena, row[STATE + 1], WAY_WORDS * shape[HEIGHT])
    across = i64(arena, row[STATE + 2], WAY_WORDS * shape[WIDTH])
    weight = f32(arena, row[STATE + 3], row[N_WEIGHTS])
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * width * slot, width)
    header(arena)[H_SYNOPS] += add(x, spikes, weight, shape, down, across)
    if row[TOUCHED]:
        blocks = width // BLOCK
        touch(u8(arena, row[TOUCHED] + blocks * slot, blocks), spikes, shape, down, across)


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay the kernel out."""
    del config
    form = bundle.connections
    if not isinstance(form, Convolution):
        raise ConfigError(f"kind convolution needs a Convolution, not a {type(form).__name__}")
    if bundle.layout != "auto":
        raise ConfigError(f'layout "{bundle.layout}" is for lists of synapses; leave it out')
    delay = bundle.one_delay
    if delay is None:
        raise ConfigError("a convolution has one delay for all of its synapses")
    weight = _taps.packed(form, np.asarray(form.kernel, np.float32))
    down, across = _taps.ways(form)
    static = {"shape": _taps.shape(form), "down": down, "across": across, "weight": weight}
    note = f"the kernel alone: {np.size(form.kernel)} weights for {len(form)} synapses"
    return Kernel(deliver, counts=(bundle.n_post, weight.size, delay), static=static, note=note)
