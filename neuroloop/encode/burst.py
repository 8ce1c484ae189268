r"""Numbers → a burst each, with the more spikes, the larger the number.

A reading starts the bursts of all its numbers: the unit of number x fires n times, ``gap_ticks``
apart, with

.. math:: n = 1 + \mathrm{round}\left((M - 1) \frac{x - l}{h - l}\right)

x clipped to low ... high (or with logarithms) and M the most spikes of a burst.  A number that is a
NaN keeps its last value, and one that never was any has no burst.  Bursts are parted by a longer
silence, so that nobody needs to know when one began; a reading that comes before waits, the newest
wins.

Round trip: :math:`|\hat x - x| \le (h - l) / 2 (M - 1)`; logarithmic, a factor of
:math:`(h / l)^{1 / 2 (M - 1)}`.

Sources: E. M. Izhikevich, N. S. Desai, E. C. Walcott and F. C. Hoppensteadt, "Bursts as a unit of
neural information: selective communication via resonance", Trends in Neurosciences 26(3), 2003;
W. Guo, M. E. Fouda, A. M. Eltawil and K. N. Salama, "Neural coding in spiking neural networks: a
comparative study for robust neuromorphic systems", Frontiers in Neuroscience 15, 2021, whose gap
shrinks with the value too.
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

MOST, GAP, LOGARITHMIC = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "burst"``."""

    input: str
    low: Annotated[list[float], Meta(min_length=1)]
    """what gives one spike: a number a channel, or one for all"""
    high: Annotated[list[float], Meta(min_length=1)]
    """what gives the longest burst"""
    channels: list[str] = []
    """labels of the sensor's numbers that are meant, in this order; empty means all"""
    most: Annotated[int, Meta(ge=2, le=1000)] = 8
    """spikes of the longest burst"""
    gap_ticks: Annotated[int, Meta(ge=1, le=1000)] = 2
    """from a spike of a burst to the next"""
    response: levels.Response = "linear"


@entry
def step(arena, row):
    k, most, gap = row[N], row[MOST], row[GAP]
    # as long as the longest burst, and a silence of more than a gap
    tick = volley.now(arena, row, state_i64(arena, row, 0, 3), most * gap + 2)
    if tick < 0:
        return
    level = state_i64(arena, row, 1, k)
    if tick == 0:
        values = f32(arena, row[IN], i64(arena, row[IN_META], META_WORDS)[M_BYTES] // 4)
        chosen = state_i64(arena, row, 2, k)
        low, high = state_f32(arena, row, 3, k), state_f32(arena, row, 4, k)
        levels.quantise(values, chosen, low, high, most - 1, row[LOGARITHMIC] == 1, level)
    if tick % gap == 0:
        for i in range(k):
            if level[i] >= tick // gap:
                emit(arena, row, i)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    chosen = levels.numbers(site, "burst", config.channels)
    k = len(chosen)
    limits = levels.bounds(config.low, config.high, k, f'encoder "{site.name}"', config.response)
    return Kernel(
        step,
        counts=(config.most, config.gap_ticks, limits.logarithmic),
        state={"volley": volley.state(), "level": np.full(k, -1, np.int64)},
        static={"chosen": chosen, "low": limits.low, "high": limits.high},
        units=k,
    )


def ticks(config: Config) -> int:
    """Return how long the bursts of one reading take, with the silence after them."""
    return config.most * config.gap_ticks + 2


def encode(values: ArrayLike, config: Config, dt_us: int = 1000) -> Spikes:
    """Return the spikes of a series, ``ticks(config)`` ticks a row.

    Parameters
    ----------
    values
        ``float32[rows, k]``; NaN keeps the last value.
    """
    table = np.atleast_2d(np.asarray(values, np.float32))
    limits = levels.bounds(config.low, config.high, table.shape[1], "burst", config.response)
    level = levels.levels_of(table, limits, config.most - 1)
    row, unit, spike = np.nonzero(level[:, :, None] >= np.arange(config.most))
    return volley.in_order(row * ticks(config) + spike * config.gap_ticks, unit, dt_us)


def decode(spikes: Spikes, config: Config, rows: int, k: int, dt_us: int = 1000) -> Float32s:
    """Return the series that `encode` made spikes of, ``float32[rows, k]``; NaN without a spike."""
    limits = levels.bounds(config.low, config.high, k, "burst", config.response)
    level = np.full((rows, k), -1, np.int64)
    np.add.at(level, (spikes.t_us // (dt_us * ticks(config)), spikes.unit), 1)
    return levels.values_of(level, limits, config.most - 1)
