"""Synapses of a pooling: each spike adds one weight to every window that its place lies in.

A spike of tick t with a delay of d ticks is in the target's input of tick t + d.  Its connections
are a `neuroloop.network.Pooling`; nothing but its sizes and its weight is kept.
"""

import numpy as np
from msgspec import Struct

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
    params,
    slot_after,
)
from neuroloop.network import Pooling

FORM = Pooling
"""what its connections are"""
TOUCHES = True
"""it can flag whom a spike reaches, for targets that visit no others"""
N_POST, DELAY = COUNT + 1, COUNT + 2
HEIGHT, WIDTH, ROWS, COLUMNS, DEEP, WIDE, DOWN, ACROSS = range(8)
SHAPE_WORDS = 8
"""size of an input map and of an output map; size of the window and its stride"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


@kernel
def reach(unit, shape):
    """Return which windows a unit lies in: the first one, rows of them, columns of them."""
    height, width, rows, columns = shape[HEIGHT], shape[WIDTH], shape[ROWS], shape[COLUMNS]
    channel, y, x = unit // (height * width), unit % (height * width) // width, unit % width
    first = max((y - shape[DEEP] + shape[DOWN]) // shape[DOWN], 0)
    left = max((x - shape[WIDE] + shape[ACROSS]) // shape[ACROSS], 0)
    last, right = min(y // shape[DOWN] + 1, rows), min(x // shape[ACROSS] + 1, columns)
    corner = (channel * rows + first) * columns + left
    return corner, max(last - first, 0), max(right - left, 0)


@kernel
def add(x, spikes, weight, shape):
    """Add ``weight`` to the windows of each spike; returns the number of synapses used."""
    used = 0
    for k in range(spikes[0]):
        corner, rows, n = reach(np.int64(spikes[k + 1]), shape)
        used += rows * n
        for r in range(rows):
            for j in range(n):
                x[corner + r * shape[COLUMNS] + j] += weight
    return used


@kernel
def touch(flags, spikes, shape):
    """Flag the blocks of neurons that the windows are in."""
    for k in range(spikes[0]):
        corner, rows, n = reach(np.int64(spikes[k + 1]), shape)
        for r in range(rows):
            for j in range(n):
                flags[(corner + r * shape[COLUMNS] + j) // BLOCK] = 1


@entry
def deliver(arena, row):
    slots, width = row[COUNT], lanes(row[N_POST])
    spikes, shape = i32(arena, row[IN], row[IN_META] + 1), i64(arena, row[STATE], SHAPE_WORDS)
    slot = slot_after(arena, slots, row[DELAY])
    x = f32(arena, row[OUT] + 4 * width * slot, width)
    header(arena)[H_SYNOPS] += add(x, spikes, params(arena, row)[0], shape)
    if row[TOUCHED]:
        blocks = width // BLOCK
        touch(u8(arena, row[TOUCHED] + blocks * slot, blocks), spikes, shape)


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay the sizes out."""
    del config
    form = bundle.connections
    if not isinstance(form, Pooling):
        raise ConfigError(f"kind pooling needs a Pooling, not a {type(form).__name__}")
    if bundle.layout != "auto":
        raise ConfigError(f'layout "{bundle.layout}" is for lists of synapses; leave it out')
    delay = bundle.one_delay
    if delay is None:
        raise ConfigError("a pooling has one delay for all of its synapses")
    numbers = (*form.input_shape[1:], *form.output_shape[1:], *form.window, *form.steps)
    return Kernel(
        deliver,
        params=(form.weight,),
        counts=(bundle.n_post, delay),
        static={"shape": np.array(numbers, np.int64)},
        note=f"the window alone, for {len(form)} synapses",
    )
