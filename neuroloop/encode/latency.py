r"""Numbers → one spike each, the sooner, the larger the number: time to first spike.

A reading starts a window of W ticks.  In its first tick a unit of its own, the last one, marks the
onset; the unit of number x fires in tick

.. math:: t = W - 1 - \mathrm{round}\left((W - 1) \frac{x - l}{h - l}\right)

with x clipped to low ... high, or with logarithms of x / l and h / l.  A number that is a NaN keeps
its last value, and one that never was any has no spike.  A reading that comes while a window is
open waits for its end, the newest wins.

Round trip: half a tick, :math:`|\hat x - x| \le (h - l) / 2 (W - 1)`; logarithmic, a factor of
:math:`(h / l)^{1 / 2 (W - 1)}`.

Sources: S. J. Thorpe, "Spike arrival times: a highly efficient coding scheme for neural networks",
in Parallel Processing in Neural Systems, 1990; T. Gollisch and M. Meister, "Rapid neural coding in
the retina with relative spike latencies", Science 319, 2008.
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
    IN,
    IN_META,
    M_BYTES,
    META_WORDS,
    N,
    emit,
    state_f32,
    state_i64,
)

WINDOW, LOGARITHMIC = COUNT + 1, COUNT + 2


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "latency"``."""

    input: str
    low: Annotated[list[float], Meta(min_length=1)]
    """what fires last: a number a channel, or one for all"""
    high: Annotated[list[float], Meta(min_length=1)]
    """what fires at once"""
    channels: list[str] = []
    """labels of the sensor's numbers that are meant, in this order; empty means all"""
    window_ticks: Annotated[int, Meta(ge=2, le=100_000)] = 16
    response: levels.Response = "linear"


@entry
def step(arena, row):
    k, length = row[N] - 1, row[WINDOW]
    tick = volley.now(arena, row, state_i64(arena, row, 0, 3), length)
    if tick < 0:
        return
    level = state_i64(arena, row, 1, k)
    if tick == 0:
        values = f32(arena, row[IN], i64(arena, row[IN_META], META_WORDS)[M_BYTES] // 4)
        chosen = state_i64(arena, row, 2, k)
        low, high = state_f32(arena, row, 3, k), state_f32(arena, row, 4, k)
        levels.quantise(values, chosen, low, high, length - 1, row[LOGARITHMIC] == 1, level)
    for i in range(k):
        if level[i] == length - 1 - tick:
            emit(arena, row, i)
    if tick == 0:
        emit(arena, row, k)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    chosen = levels.numbers(site, "latency", config.channels)
    k = len(chosen)
    limits = levels.bounds(config.low, config.high, k, f'encoder "{site.name}"', config.response)
    return Kernel(
        step,
        counts=(config.window_ticks, limits.logarithmic),
        state={"volley": volley.state(), "level": np.full(k, -1, np.int64)},
        static={"chosen": chosen, "low": limits.low, "high": limits.high},
        units=k + 1,
    )


def encode(values: ArrayLike, config: Config, dt_us: int = 1000) -> Spikes:
    """Return the spikes of a series, one window a row.

    Parameters
    ----------
    values
        ``float32[rows, k]``; NaN keeps the last value.
    """
    steps = config.window_ticks - 1
    table = np.atleast_2d(np.asarray(values, np.float32))
    rows, k = table.shape
    limits = levels.bounds(config.low, config.high, k, "latency", config.response)
    level = levels.levels_of(table, limits, steps)
    start = np.arange(rows) * config.window_ticks
    row, unit = np.nonzero(level >= 0)
    tick = np.concatenate([start[row] + steps - level[row, unit], start])
    return volley.in_order(tick, np.concatenate([unit, np.full(rows, k)]), dt_us)


def decode(spikes: Spikes, config: Config, rows: int, k: int, dt_us: int = 1000) -> Float32s:
    """Return the series that `encode` made spikes of, ``float32[rows, k]``; NaN without a spike."""
    limits = levels.bounds(config.low, config.high, k, "latency", config.response)
    steps = config.window_ticks - 1
    level = np.full((rows, k), -1, np.int64)
    row, tick = np.divmod(spikes.t_us // dt_us, config.window_ticks)
    mine = spikes.unit < k
    level[row[mine], spikes.unit[mine]] = steps - tick[mine]
    return levels.values_of(level, limits, steps)
