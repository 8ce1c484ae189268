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

FORM = Convolution
"""what its connections are"""
TOUCHES = True
"""it can flag whom a spike reaches, for targets that visit no others"""
N_POST, N_WEIGHTS, DELAY = COUNT + 1, COUNT + 2, COUNT + 3
(
    HEIGHT,
    WIDTH,
    MAPS,
    ROWS,
    COLUMNS,
    DEEP,
    WIDE,
    DOWN,
    ACROSS,
    ABOVE,
    LEFT,
    TAPS_DOWN,
    TAPS_ACROSS,
    PHASES_DOWN,
    PHASES_ACROSS,
) = range(15)
SHAPE_WORDS = 15
"""size of an input map; number and size of output maps; size, stride and padding of the kernel;
most taps of it that an input meets down and across, and how many sets of taps there are"""
_LANES = 8
"""numbers that one instruction adds"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


@intrinsic
def _add_lanes(_typing, x, i, weight, j, n):
    """Add the first ``n`` of ``weight[j : j + 8]`` to ``x[i : i + 8]``; both have all eight."""

    def codegen(context, builder, signature, args):
        lane = ir.VectorType(ir.FloatType(), _LANES)

        def place(k):
            array = make_array(signature.args[k])(context, builder, args[k])
            first = builder.gep(array.data, [args[k + 1]])
            return builder.bitcast(first, lane.as_pointer())

        numbers = ir.VectorType(ir.IntType(64), _LANES)
        limit = ir.Constant(numbers, ir.Undefined)
        for k in range(_LANES):
            limit = builder.insert_element(limit, args[4], ir.IntType(32)(k))
        mask = builder.icmp_signed("<", numbers(list(range(_LANES))), limit)
        before = builder.load(place(0), align=4)
        after = builder.fadd(before, builder.load(place(2), align=4))
        builder.store(builder.select(mask, after, before), place(0), align=4)
        return context.get_dummy_value()

    return types.void(x, types.intp, weight, types.intp, types.int64), codegen


@kernel
def reach(unit, shape):
    """Return which outputs a unit reaches and where their weights are.

    First row, rows, first column, columns; place of the first weight in the first map, and the
    numbers from one map's weights to the next and from one row's to the next.
    """
    height, width, rows, columns = shape[HEIGHT], shape[WIDTH], shape[ROWS], shape[COLUMNS]
    channel = unit // (height * width)
    y, x = unit % (height * width) // width + shape[ABOVE], unit % width + shape[LEFT]
    # taps of a stride s: every s-th row of the kernel, from the one that meets this row of input
    bottom, right, down, across = (
        y // shape[DOWN],
        x // shape[ACROSS],
        y % shape[DOWN],
        x % shape[ACROSS],
    )
    deep, wide = shape[TAPS_DOWN], shape[TAPS_ACROSS]
    first, last = max(bottom - deep + 1, 0), min(bottom + 1, rows)
    left, end = max(right - wide + 1, 0), min(right + 1, columns)
    # the oldest output may lie beyond the kernel, in the last steps of a stride
    first = max(first, bottom - (shape[DEEP] - down - 1) // shape[DOWN])
    left = max(left, right - (shape[WIDE] - across - 1) // shape[ACROSS])
    if down >= shape[DEEP] or across >= shape[WIDE]:
        last, end = first, left
    phase = (channel * shape[PHASES_DOWN] + down) * shape[PHASES_ACROSS] + across
    at = phase * shape[MAPS] * deep * wide
    at += (first - (bottom - deep + 1)) * wide + left - (right - wide + 1)
    return first, max(last - first, 0), left, max(end - left, 0), at, deep * wide, wide


@kernel
def add(x, spikes, weight, shape):
    """Add the kernel around each spike to ``x``; returns the number of synapses used."""
    used = 0
    maps, rows, columns = shape[MAPS], shape[ROWS], shape[COLUMNS]
    for k in range(spikes[0]):
        first, n_rows, left, n, at, to_map, to_row = reach(np.int64(spikes[k + 1]), shape)
        corner = first * columns + left
        reached = ((maps - 1) * rows + first + n_rows - 1) * columns + left + n
        used += maps * n_rows * n
        if reached + _LANES <= x.shape[0]:
            for o in range(maps):
                for r in range(n_rows):
                    to, by = corner + (o * rows + r) * columns, at + o * to_map + r * to_row
                    for j in range(0, n, _LANES):
                        _add_lanes(x, to + j, weight, by + j, n - j)
        else:
            for o in range(maps):
                for r in range(n_rows):
                    to, by = corner + (o * rows + r) * columns, at + o * to_map + r * to_row
                    for j in range(n):
                        x[to + j] += weight[by + j]
    return used


@kernel
def touch(flags, spikes, shape):
    """Flag the blocks of neurons that the kernel reaches."""
    for k in range(spikes[0]):
        first, n_rows, left, n, _, _, _ = reach(np.int64(spikes[k + 1]), shape)
        for o in range(shape[MAPS] if n else 0):
            for r in range(n_rows):
                to = ((o * shape[ROWS]) + first + r) * shape[COLUMNS] + left
                for block in range(to // BLOCK, (to + n - 1) // BLOCK + 1):
                    flags[block] = 1


@entry
def deliver(arena, row):
    slots, width = row[COUNT], lanes(row[N_POST])
    spikes, shape = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], SHAPE_WORDS)
    weight = f32(arena, row[STATE + 1], row[N_WEIGHTS])
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * width * slot, width)
    header(arena)[H_SYNOPS] += add(x, spikes, weight, shape)
    if row[TOUCHED]:
        blocks = width // BLOCK
        touch(u8(arena, row[TOUCHED] + blocks * slot, blocks), spikes, shape)


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
    weight = _phases(form)
    counts = (bundle.n_post, weight.size, delay)
    note = f"the kernel alone: {form.weight.size} weights for {len(form)} synapses"
    static = {"shape": _shape(form), "weight": weight}
    return Kernel(deliver, counts=counts, static=static, note=note)


def _shape(form: Convolution) -> np.ndarray:
    _, height, width = form.input_shape
    *_, deep, wide = form.weight.shape
    (down, across), (above, left) = form.steps, form.before
    taps = (-(-deep // down), -(-wide // across))
    phases = (min(down, deep), min(across, wide))
    numbers = (height, width, *form.output_shape, deep, wide, down, across, above, left)
    return np.array([*numbers, *taps, *phases], np.int64)


def _phases(form: Convolution) -> np.ndarray:
    """Return the kernel as spikes need it: flipped, the taps of a row side by side.

    ``float32[in, down, across, out, rows, columns]``: with a stride, an input row meets every
    ``stride``-th row of the kernel only, from one that depends on where it is.
    """
    maps, channels = form.weight.shape[:2]
    shape = _shape(form)
    rows, columns, downs, acrosses = (int(k) for k in shape[TAPS_DOWN:])
    down, across = form.steps
    result = np.zeros((channels, downs, acrosses, maps, rows, columns), np.float32)
    for d in range(downs):
        for a in range(acrosses):
            taps = form.weight[:, :, d::down, a::across]
            flipped = taps.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
            _, _, r, c = flipped.shape
            result[:, d, a, :, rows - r :, columns - c :] = flipped
    # lanes beyond the last row are read, and left out
    return np.concatenate([result.reshape(-1), np.zeros(_LANES, np.float32)])
