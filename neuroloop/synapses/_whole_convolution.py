"""Convolution and pooling of whole numbers: plain spikes, counts of them and graded ones.

A spike of tick t with a delay of d ticks adds the flipped kernel around its place, times what it
carries, to the target's input of tick t + d, in int32.  Where the chip cuts or shifts the *sum* of
a tick, the sums are formed apart: they wrap around to ``bits`` bits, are shifted to the right (down
to minus infinity), and then added.
"""

from dataclasses import dataclass

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import i32, i64
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.counted import EVENTS, SYNAPSE_WORDS, SYNOPS
from neuroloop.engine.row import (
    COUNT,
    H_SYNOPS,
    IN,
    IN_META,
    OUT,
    PAYLOAD,
    STATE,
    N,
    header,
    lanes,
    slot_after,
)
from neuroloop.network import Convolution, Pooling
from neuroloop.synapses import _taps
from neuroloop.synapses._taps import (
    COLUMNS,
    HEIGHT,
    LANES,
    MAPS,
    OWN,
    ROWS,
    SHAPE_WORDS,
    TO_CHANNEL,
    TO_MAP,
    TO_ROW,
    WAY_WORDS,
    WIDTH,
    reach,
)

N_POST, N_WEIGHTS, DELAY = COUNT + 1, COUNT + 2, COUNT + 3
COUNTS, SUMS, APART, WRAP, SHIFT = range(SHAPE_WORDS, SHAPE_WORDS + 5)
WORDS = SHAPE_WORDS + 5
"""behind what `reach` works with: whether spikes carry how often a neuron fired, the length of the
sums that may be formed apart, whether those of plain spikes are, the bits that do not fit into
them, and the shift to the right"""


@intrinsic
def _add_lanes(_typing, x, i, weight, j, n, times):
    """Add ``times`` the first ``n`` of ``weight[j : j + 8]`` to ``x[i : i + 8]``; int32."""

    def codegen(context, builder, signature, args):
        number = ir.IntType(32)
        lane = ir.VectorType(number, LANES)

        def place(k):
            array = make_array(signature.args[k])(context, builder, args[k])
            first = builder.gep(array.data, [args[k + 1]])
            return builder.bitcast(first, lane.as_pointer())

        def everywhere(value):
            result = ir.Constant(lane, ir.Undefined)
            for k in range(LANES):
                result = builder.insert_element(result, value, number(k))
            return result

        limit = everywhere(builder.trunc(args[4], number))
        mask = builder.icmp_signed("<", lane(list(range(LANES))), limit)
        weights = builder.mul(builder.load(place(2), align=4), everywhere(args[5]))
        before = builder.load(place(0), align=4)
        after = builder.add(before, weights)
        builder.store(builder.select(mask, after, before), place(0), align=4)
        return context.get_dummy_value()

    return types.void(x, types.intp, weight, types.intp, types.int64, types.int32), codegen


@kernel
def add(x, spikes, payload, weight, shape, down, across):
    """Add the kernel around each spike to ``x``; returns the spikes and the synapses used.

    ``payload`` is ``int32[n]``, or empty where each spike is one.
    """
    events, used = 0, 0
    maps, rows, columns = shape[MAPS], shape[ROWS], shape[COLUMNS]
    to_map, to_row = shape[TO_MAP], shape[TO_ROW]
    for k in range(spikes[0]):
        unit = np.int64(spikes[k + 1])
        first, n_rows, left, n, at, own = reach(unit, shape, down, across)
        times = payload[unit] if payload.shape[0] else np.int32(1)
        each = int(times) if shape[COUNTS] else 1
        corner = own + first * columns + left
        reached = corner + ((maps - 1) * rows + n_rows - 1) * columns + n
        events += each
        used += each * maps * n_rows * n
        # lanes of rows of one would overlap those that were written just before, and wait for them
        if n > 1 and reached + LANES <= x.shape[0]:
            for o in range(maps):
                for r in range(n_rows):
                    to, by = corner + (o * rows + r) * columns, at + o * to_map + r * to_row
                    # nearly always all: its mask is then made once a spike
                    _add_lanes(x, to, weight, by, n, times)
                    for j in range(LANES, n, LANES):
                        _add_lanes(x, to + j, weight, by + j, n - j, times)
        else:
            for o in range(maps):
                for r in range(n_rows):
                    to, by = corner + (o * rows + r) * columns, at + o * to_map + r * to_row
                    for j in range(n):
                        x[to + j] += np.int32(times * weight[by + j])
    return events, used


@kernel
def pass_on(x, total, wrap, shift):
    """Wrap the sums around, shift them and add them to ``x``; clears them."""
    wrap, shift = np.int32(wrap), np.int32(shift)
    for i in range(total.shape[0]):
        cut = np.int32(total[i] << wrap) >> wrap
        x[i] = np.int32(x[i] + (cut >> shift))
        total[i] = 0


@entry
def deliver(arena, row):
    width, shape = lanes(row[N_POST]), i64(arena, row[STATE + 2], WORDS)
    spikes, graded = i32(arena, row[IN], row[IN_META] + 1), row[PAYLOAD]
    payload = i32(arena, graded, row[N] if graded else 0)
    counted = i64(arena, row[STATE], SYNAPSE_WORDS)
    total = i32(arena, row[STATE + 1], shape[SUMS])
    down = i64(arena, row[STATE + 3], WAY_WORDS * shape[HEIGHT])
    across = i64(arena, row[STATE + 4], WAY_WORDS * shape[WIDTH])
    weight = i32(arena, row[STATE + 5], row[N_WEIGHTS])
    slot = slot_after(arena, row[COUNT], row[DELAY])
    x = i32(arena, row[OUT] + 4 * width * slot, width)
    if spikes[0] == 0:
        return
    if shape[APART] or (graded and shape[SUMS]):
        events, used = add(total, spikes, payload, weight, shape, down, across)
        pass_on(x[: shape[SUMS]], total, shape[WRAP], shape[SHIFT])
    else:
        events, used = add(x, spikes, payload, weight, shape, down, across)
    counted[SYNOPS] += used
    counted[EVENTS] += events
    header(arena)[H_SYNOPS] += used


@dataclass(frozen=True)
class Sum:
    """What a chip does with the sum of a tick before it adds it to a neuron's input."""

    bits: int = 32
    """it keeps so many, the sign included"""
    shift: int = 0
    """to the right"""
    counts: bool = False
    """its graded sources say how often a neuron fired, so each of these is a spike of its own"""

    def _apart(self, weight: NDArray[np.int32], bundle: Bundle) -> bool:
        """Whether sums of plain spikes have to be formed apart."""
        size = np.abs(weight.astype(np.int64))
        # a neuron fires once a tick; a unit of an input may be as often in a list as that holds
        often = size.max(initial=0) * bundle.capacity
        most = often if bundle.from_input else size.reshape(len(size), -1).sum(axis=1).max()
        return self.shift > 0 or bool(most >= 1 << (self.bits - 1))

    def words(self, weight: NDArray[np.int32], bundle: Bundle) -> tuple[int, ...]:
        """Return `COUNTS` and what follows it."""
        plain = self.shift == 0 and self.bits == 32
        sums = 0 if plain else bundle.n_post
        return self.counts, sums, self._apart(weight, bundle), 32 - self.bits, self.shift


def convolution(weight: NDArray[np.int32], bundle: Bundle, after: Sum) -> Kernel:
    """Lay out a `Convolution` whose kernel is ``weight``, of the shape of the form's own.

    Raises
    ------
    ConfigError
        Where a layout or several delays are asked for.
    """
    form: Convolution = bundle.connections
    return _kernel(form, weight, _taps.shape(form), bundle, after)


def pooling(weight: NDArray[np.int32], bundle: Bundle, after: Sum) -> Kernel:
    """Lay out a `Pooling` with one weight, ``int32[1]``: a convolution of each map with itself.

    Raises
    ------
    ConfigError
        As in `convolution`.
    """
    form: Pooling = bundle.connections
    window = np.full((1, 1, *form.window), weight[0], np.int32)
    map_ = Convolution((1, *form.input_shape[1:]), window, form.steps)
    shape = _taps.shape(map_)
    shape[TO_CHANNEL], shape[OWN] = 0, map_.n_post
    return _kernel(map_, window, shape, bundle, after)


def _kernel(
    form: Convolution,
    weight: NDArray[np.int32],
    shape: NDArray[np.int64],
    bundle: Bundle,
    after: Sum,
) -> Kernel:
    if bundle.layout != "auto":
        raise ConfigError(f'layout "{bundle.layout}" is for lists of synapses; leave it out')
    delay = bundle.one_delay
    if delay is None:
        raise ConfigError("a convolution or pooling has one delay for all of its synapses")
    words = after.words(weight, bundle)
    down, across = _taps.ways(form)
    packed = _taps.packed(form, weight)
    return Kernel(
        deliver,
        counts=(bundle.n_post, packed.size, delay),
        state={"counted": np.zeros(SYNAPSE_WORDS, np.int64), "sum": np.zeros(words[1], np.int32)},
        static={
            "shape": np.array([*shape, *words], np.int64),
            "down": down,
            "across": across,
            "weight": packed,
        },
        note=f"the kernel alone: {weight.size} weights for {len(bundle.connections)} synapses",
    )
