r"""Numbers → the bits of their values, one a tick of a cycle that never stops: weighted spikes.

The cycle has B ticks, the same for all parts, and begins with the run.  At its start the unit of
number x takes the level

.. math:: n = 1 + \mathrm{round}\left((2^B - 2) \frac{x - l}{h - l}\right)

with x clipped to low ... high (or with logarithms), and fires in tick p where the bit
:math:`2^{B - 1 - p}` of n is set: the phase of a spike is its weight, and the heaviest come first.
Level 0 is kept for what was never measured; a NaN keeps its last value.  Values are said anew in
each cycle.

Round trip: :math:`|\hat x - x| \le (h - l) / 2 (2^B - 2)`; logarithmic, a factor of
:math:`(h / l)^{1 / 2 (2^B - 2)}`.

Source: J. Kim, H. Kim, S. Huh, J. Lee and K. Choi, "Deep neural networks with weighted spikes",
Neurocomputing 311, 2018.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import ArrayLike

from neuroloop.core.kernel import entry
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.values import Float32s, Spikes
from neuroloop.engine import levels, volley
from neuroloop.engine.row import (
    COUNT,
    H_STEP,
    IN,
    IN_META,
    M_BYTES,
    META_WORDS,
    N,
    emit,
    fresh,
    header,
    state_f32,
    state_i64,
)

CYCLE, LOGARITHMIC = COUNT + 1, COUNT + 2


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "phase"``."""

    input: str
    low: Annotated[list[float], Meta(min_length=1)]
    """value of the lowest level: a number a channel, or one for all"""
    high: Annotated[list[float], Meta(min_length=1)]
    """value of the highest level"""
    channels: list[str] = []
    """labels of the sensor's numbers that are meant, in this order; empty means all"""
    cycle_ticks: Annotated[int, Meta(ge=2, le=24)] = 8
    """bits of a value"""
    response: levels.Response = "linear"


@entry
def step(arena, row):
    k, cycle = row[N], row[CYCLE]
    level, waiting = state_i64(arena, row, 1, k), state_i64(arena, row, 2, 1)
    if fresh(arena, row, state_i64(arena, row, 0, 1)):
        waiting[0] = 1
    tick = (header(arena)[H_STEP] - 1) % cycle
    if tick == 0 and waiting[0]:
        waiting[0] = 0
        values = f32(arena, row[IN], i64(arena, row[IN_META], META_WORDS)[M_BYTES] // 4)
        chosen = state_i64(arena, row, 3, k)
        low, high = state_f32(arena, row, 4, k), state_f32(arena, row, 5, k)
        steps = (1 << cycle) - 2
        levels.quantise(values, chosen, low, high, steps, row[LOGARITHMIC] == 1, level)
    for i in range(k):
        if ((level[i] + 1) >> (cycle - 1 - tick)) & 1:
            emit(arena, row, i)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    chosen = levels.numbers(site, "phase", config.channels)
    k = len(chosen)
    limits = levels.bounds(config.low, config.high, k, f'encoder "{site.name}"', config.response)
    return Kernel(
        step,
        counts=(config.cycle_ticks, limits.logarithmic),
        state={
            "seen": np.zeros(1, np.int64),
            "level": np.full(k, -1, np.int64),
            "waiting": np.zeros(1, np.int64),
        },
        static={"chosen": chosen, "low": limits.low, "high": limits.high},
        units=k,
    )


def encode(values: ArrayLike, config: Config, dt_us: int = 1000) -> Spikes:
    """Return the spikes of a series, one cycle a row.

    Parameters
    ----------
    values
        ``float32[rows, k]``; NaN keeps the last value.
    """
    table = np.atleast_2d(np.asarray(values, np.float32))
    bits = config.cycle_ticks
    limits = levels.bounds(config.low, config.high, table.shape[1], "phase", config.response)
    word = levels.levels_of(table, limits, (1 << bits) - 2) + 1
    weight = 1 << np.arange(bits - 1, -1, -1)
    row, unit, tick = np.nonzero(word[:, :, None] & weight)
    return volley.in_order(row * bits + tick, unit, dt_us)


def decode(spikes: Spikes, config: Config, rows: int, k: int, dt_us: int = 1000) -> Float32s:
    """Return the series that `encode` made spikes of, ``float32[rows, k]``; NaN without a spike."""
    bits = config.cycle_ticks
    limits = levels.bounds(config.low, config.high, k, "phase", config.response)
    row, tick = np.divmod(spikes.t_us // dt_us, bits)
    word = np.zeros((rows, k), np.int64)
    np.add.at(word, (row, spikes.unit), 1 << (bits - 1 - tick))
    return levels.values_of(word - 1, limits, (1 << bits) - 2)
