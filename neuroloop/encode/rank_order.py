r"""Numbers → one spike each, one after another, the largest first: only their order is said.

A reading starts a volley: its k numbers are sorted, equal ones by their place, and their units fire
in that order, ``per_tick`` of them in each tick.  ``first = "smallest"`` turns the order round, for
distances.  A number that is a NaN keeps its last value, and one that never was any has no spike.  A
reading that comes while a volley runs waits for its end, the newest wins.

Round trip: the order is exact where ``per_tick`` is 1.  As values, the one of rank r (0 first) of k
is read as :math:`h - (r + 1) (h - l) / (k + 1)`, the mean of that rank where values are spread
evenly over l ... h; then the root mean square error is :math:`(h - l) / \sqrt{6 (k + 1)}`.

Sources: S. Thorpe and J. Gautrais, "Rank order coding", in Computational Neuroscience: Trends in
Research, 1998; R. Van Rullen and S. J. Thorpe, "Rate coding versus temporal order coding: what the
retinal ganglion cells tell the visual cortex", Neural Computation 13, 2001.  The error is that of
order statistics: rank r has a Beta(k - r, r + 1) distribution.
"""

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import ArrayLike

from neuroloop.core.kernel import entry, kernel
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

LENGTH, PER_TICK, SIGN = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "rank_order"``."""

    input: str
    channels: list[str] = []
    """labels of the sensor's numbers that are meant, in this order; empty means all"""
    first: Literal["largest", "smallest"] = "largest"
    per_tick: Annotated[int, Meta(ge=1, le=100_000)] = 1


@kernel
def sort(values, chosen, sign, known, order):
    """Keep what is a number in ``known``; returns how many are, their units first in ``order``."""
    n = 0
    for i in range(chosen.shape[0]):
        value = values[chosen[i]]
        if not np.isnan(value):
            known[i] = np.float32(sign) * value
        if not np.isnan(known[i]):
            order[n] = i
            n += 1
    # a merge sort keeps equal ones in their places
    order[:n] = order[:n][np.argsort(-known[order[:n]], kind="mergesort")]
    return n


@entry
def step(arena, row):
    k = row[N]
    tick = volley.now(arena, row, state_i64(arena, row, 0, 3), row[LENGTH])
    if tick < 0:
        return
    known, order, n = (
        state_f32(arena, row, 1, k),
        state_i64(arena, row, 2, k),
        state_i64(arena, row, 3, 1),
    )
    if tick == 0:
        values = f32(arena, row[IN], i64(arena, row[IN_META], META_WORDS)[M_BYTES] // 4)
        n[0] = sort(values, state_i64(arena, row, 4, k), row[SIGN], known, order)
    for r in range(tick * row[PER_TICK], min((tick + 1) * row[PER_TICK], n[0])):
        emit(arena, row, order[r])


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    chosen = levels.numbers(site, "rank_order", config.channels)
    k = len(chosen)
    return Kernel(
        step,
        counts=(ticks(config, k), config.per_tick, _sign(config)),
        state={
            "volley": volley.state(),
            "known": np.full(k, np.nan, np.float32),
            "order": np.zeros(k, np.int64),
            "length": np.zeros(1, np.int64),
        },
        static={"chosen": chosen},
        units=k,
    )


def ticks(config: Config, k: int) -> int:
    """Return the length of a volley of k numbers."""
    return -(-k // config.per_tick)


def encode(values: ArrayLike, config: Config, dt_us: int = 1000) -> Spikes:
    """Return the spikes of a series, one volley a row.

    Parameters
    ----------
    values
        ``float32[rows, k]``; NaN keeps the last value.
    """
    table = np.atleast_2d(np.asarray(values, np.float32))
    k = table.shape[1]
    known, order = np.full(k, np.nan, np.float32), np.zeros(k, np.int64)
    tick, unit = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for r, numbers in enumerate(table):
        n = sort(numbers, np.arange(k), _sign(config), known, order)
        tick.append(r * ticks(config, k) + np.arange(n) // config.per_tick)
        unit.append(order[:n].copy())
    return volley.in_order(np.concatenate(tick), np.concatenate(unit), dt_us)


def decode(spikes: Spikes, config: Config, rows: int, k: int, dt_us: int = 1000) -> Float32s:
    """Return the rank of each number in each row, ``float32[rows, k]``; NaN without a spike.

    Those that fire in one tick share the mean of their ranks.
    """
    rank = np.full((rows, k), np.nan, np.float32)
    row, tick = np.divmod(spikes.t_us // dt_us, ticks(config, k))
    for r in range(rows):
        mine = row == r
        _, group, count = np.unique(tick[mine], return_inverse=True, return_counts=True)
        mean = np.cumsum(count) - (count + 1) / 2
        rank[r, spikes.unit[mine]] = mean[group]
    return rank


def values_of(rank: Float32s, config: Config, low: float, high: float) -> Float32s:
    """Return the mean value of each rank, where values are spread evenly over low ... high."""
    part = (rank + 1) / (rank.shape[-1] + 1)
    if config.first == "largest":
        part = 1 - part
    value: Float32s = (low * (1 - part) + high * part).astype(np.float32)
    return value


def _sign(config: Config) -> int:
    return 1 if config.first == "largest" else -1
