"""A source that fires at given times; it has no input.

The times are arrays of the population, in any order::

    Population("cue", 3, "spike_list", arrays={"times_ms": [5.0, 5.0, 20.0], "unit": [0, 2, 1]})

A spike at t fires in the tick that holds t (``k * dt <= t < (k + 1) * dt``, to the microsecond);
times count the ticks that were run, from the first one on, so that a snapshot continues the list.
A unit fires once a tick at most: a time that comes twice in a tick fires once.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import u32
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import COUNT, H_STEP, STATE, fire, header, spiking, state_i64

RECEPTORS = ()
ARRAYS = ("times_ms", "unit")
N_SPIKES = COUNT + 1


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


@kernel
def update(tick, unit, fires, now):
    """Mark who fires in tick ``now``; ``tick`` (``int64[s]``) is sorted."""
    fires[:] = 0
    low, high = 0, tick.shape[0]
    while low < high:
        middle = (low + high) // 2
        if tick[middle] < now:
            low = middle + 1
        else:
            high = middle
    while low < tick.shape[0] and tick[low] == now:
        fires[unit[low]] = 1
        low += 1


@entry
def step(arena, row):
    s = row[N_SPIKES]
    now = header(arena)[H_STEP] - 1  # the first tick is step 1
    tick, unit = state_i64(arena, row, 0, s), u32(arena, row[STATE + 1], s)
    update(tick, unit, spiking(arena, row), now)
    fire(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the spikes by tick."""
    del config
    times, unit = (np.ravel(cell.arrays.get(name, ())) for name in ARRAYS)
    if len(times) != len(unit):
        raise ConfigError(f"times_ms has {len(times)} spikes and unit has {len(unit)}")
    if (times < 0).any():
        raise ConfigError(f"times_ms: a spike at {times.min():g} ms; a run starts at 0")
    wrong = unit[(unit != np.rint(unit)) | (unit < 0) | (unit >= cell.n)]
    if len(wrong):
        raise ConfigError(f"unit: {wrong[0]:g}; units are whole numbers from 0 to {cell.n - 1}")
    tick = np.rint(times * 1e3).astype(np.int64) // round(cell.dt_ms * 1e3)
    order = np.argsort(tick, kind="stable")
    return Kernel(
        step,
        counts=(len(times),),
        static={"tick": tick[order], "unit": unit[order].astype(np.uint32)},
    )
