"""Synapses that carry numbers: each tick adds weight times the source's value to the target.

The source is an input of values, or a population whose kind says ``SIGNAL = "values"``.  A value
of tick t with a delay of d ticks is in the target's input of tick t + d.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts._facts import starts
from neuroloop.engine.row import COUNT, IN, OUT, STATE, N, lanes, slot_after

SIGNAL = "values"
N_POST, N_SYNAPSES, DELAY = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


@kernel
def add(x, value, start, target, weight):
    """Add the rows, each times its source's value."""
    for i in range(value.shape[0]):
        v = value[i]
        to, by = target[start[i] : start[i + 1]], weight[start[i] : start[i + 1]]
        for j in range(to.shape[0]):
            x[to[j]] += by[j] * v


@kernel
def add_each(x, value, weight):
    """Do the same where source i reaches target i alone."""
    for i in range(value.shape[0]):
        x[i] += weight[i] * value[i]


@entry
def carry(arena, row):
    n, width, synapses = row[N], lanes(row[N_POST]), row[N_SYNAPSES]
    x = f32(arena, row[OUT] + 4 * width * slot_after(arena, row[COUNT], row[DELAY]), width)
    value, start = f32(arena, row[IN], n), i64(arena, row[STATE], n + 1)
    weight = f32(arena, row[STATE + 2], synapses)
    add(x, value, start, u32(arena, row[STATE + 1], synapses), weight)


@entry
def carry_each(arena, row):
    n, width = row[N], lanes(row[N_POST])
    x = f32(arena, row[OUT] + 4 * width * slot_after(arena, row[COUNT], row[DELAY]), n)
    add_each(x, f32(arena, row[IN], n), f32(arena, row[STATE], n))


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay out the synapses."""
    del config
    wired, delay = bundle.connections, bundle.one_delay
    if delay is None:
        raise ConfigError("synapses that carry values need one delay for all")
    counts = (bundle.n_post, len(wired), delay)
    n = bundle.n_pre
    each = np.arange(n)
    if len(wired) == n and (wired.pre == each).all() and (wired.post == each).all():
        return Kernel(carry_each, counts=counts, static={"weight": wired.weight})
    arrays = {"start": starts(bundle), "target": wired.post, "weight": wired.weight}
    return Kernel(carry, counts=counts, static=arrays)
