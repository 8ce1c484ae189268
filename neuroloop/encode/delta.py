r"""Numbers → a spike for each step they go up or down: send on change.

Each number has two units, ON i and OFF k + i, and a reference that begins at ``start``.  While the
number x is a step :math:`\theta` or more from its reference r, a unit fires and r moves a step
towards x, at most ``most`` steps in a tick; the rest follows in the next ticks.  x is clipped to
low ... high; a NaN keeps its last value.  Where nothing changes there are no spikes.

Round trip: adding up the steps gives r, and once it has caught up :math:`|r - x| < \theta`.  While
x changes faster than ``most`` steps in a tick, r lags behind.  A spike that is lost is an error of
one step for good.

Source: M. Miskowicz, "Send-on-delta concept: an event-based data reporting strategy", Sensors 6(1),
2006.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import ArrayLike

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
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
    fresh,
    state_f32,
    state_i64,
)

MOST = COUNT + 1


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "delta"``."""

    input: str
    step: Annotated[list[Positive], Meta(min_length=1)]
    """change that makes a spike: a number a channel, or one for all"""
    low: Annotated[list[float], Meta(min_length=1)]
    """numbers below it count as it"""
    high: Annotated[list[float], Meta(min_length=1)]
    """numbers above it count as it"""
    start: tuple[float, ...] = (0.0,)
    """where the references begin; what is decoded begins there too"""
    channels: list[str] = []
    """labels of the sensor's numbers that are meant, in this order; empty means all"""
    most: Annotated[int, Meta(ge=1, le=64)] = 4
    """spikes of a unit in a tick"""


@kernel
def take(values, chosen, low, high, known):
    """Keep what each number is within its bounds; a NaN keeps the last."""
    for i in range(known.shape[0]):
        value = values[chosen[i]]
        if not np.isnan(value):
            known[i] = min(max(value, low[i]), high[i])


@kernel
def steps_to(value, start, size, level, most):
    """Return how many whole steps a value is from a level, with a sign, ``most`` at most."""
    gap = (np.float64(value) - np.float64(start)) / np.float64(size) - level
    # to a whole number towards 0: less than a step is none
    return np.int64(min(max(gap, -np.float64(most)), np.float64(most)))


@entry
def step(arena, row):
    k = row[N] // 2
    level, known = state_i64(arena, row, 1, k), state_f32(arena, row, 2, k)
    if fresh(arena, row, state_i64(arena, row, 0, 1)):
        values = f32(arena, row[IN], i64(arena, row[IN_META], META_WORDS)[M_BYTES] // 4)
        low, high = state_f32(arena, row, 4, k), state_f32(arena, row, 5, k)
        take(values, state_i64(arena, row, 3, k), low, high, known)
    start, size = state_f32(arena, row, 6, k), state_f32(arena, row, 7, k)
    for i in range(k):
        steps = steps_to(known[i], start[i], size[i], level[i], row[MOST])
        level[i] += steps
        for _ in range(abs(steps)):
            emit(arena, row, i if steps > 0 else k + i)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    chosen = levels.numbers(site, "delta", config.channels)
    k = len(chosen)
    low, high, start, size = _arrays(config, k, site.name)
    return Kernel(
        step,
        counts=(config.most,),
        state={
            "seen": np.zeros(1, np.int64),
            "level": np.zeros(k, np.int64),
            "known": start.copy(),
        },
        static={"chosen": chosen, "low": low, "high": high, "start": start, "step": size},
        units=2 * k,
        capacity=config.most * k,
    )


def encode(values: ArrayLike, config: Config, ticks_per_row: int = 1, dt_us: int = 1000) -> Spikes:
    """Return the spikes of a series whose rows last ``ticks_per_row`` each.

    Parameters
    ----------
    values
        ``float32[rows, k]``; NaN keeps the last value.
    """
    table = np.atleast_2d(np.asarray(values, np.float32))
    rows, k = table.shape
    low, high, start, size = _arrays(config, k, "delta")
    level, known = np.zeros(k, np.int64), start.copy()
    tick, unit = [], []
    for t in range(rows * ticks_per_row):
        if t % ticks_per_row == 0:
            take(table[t // ticks_per_row], np.arange(k), low, high, known)
        for i in range(k):
            steps = steps_to(known[i], start[i], size[i], level[i], config.most)
            level[i] += steps
            unit += [i if steps > 0 else k + i] * abs(steps)
            tick += [t] * abs(steps)
    return volley.in_order(np.array(tick, np.int64), np.array(unit, np.int64), dt_us)


def decode(
    spikes: Spikes, config: Config, rows: int, k: int, ticks_per_row: int = 1, dt_us: int = 1000
) -> Float32s:
    """Return the references at the end of each row, ``float32[rows, k]``."""
    _, _, start, size = _arrays(config, k, "delta")
    change = np.zeros((rows, k), np.int64)
    row = spikes.t_us // (dt_us * ticks_per_row)
    np.add.at(change, (row, spikes.unit % k), np.where(spikes.unit < k, 1, -1))
    level = np.cumsum(change, axis=0)
    return (start.astype(np.float64) + size.astype(np.float64) * level).astype(np.float32)


def _arrays(config: Config, k: int, name: str) -> list[Float32s]:
    """Return low, high, start and step of each channel, ``float32[k]``."""
    where = f'encoder "{name}"'
    limits = levels.bounds(config.low, config.high, k, where)
    result = [limits.low, limits.high]
    for what, given in (("start", config.start), ("step", config.step)):
        if len(given) not in (1, k):
            raise ConfigError(f"{where}: {what} has {len(given)} numbers; 1 or {k} are wanted")
        result.append(np.resize(np.asarray(given, np.float32), k))
    start, size = (array.astype(np.float64) for array in result[2:])
    most = np.maximum(np.abs(limits.low - start), np.abs(limits.high - start)) / size
    if not (np.isfinite(start).all() and (most < 2**52).all()):
        raise ConfigError(
            f"{where}: start must be a number, and step no smaller than 2**-52 of the way from it"
            " to low and high"
        )
    return result
