r"""A source of Poisson-distributed counts: how many events each unit has in a tick, as a value.

.. math:: P(k) = e^{-\lambda} \lambda^k / k!, \qquad \lambda = rate\_hz \cdot dt

A projection that carries values with weight w adds w k: k spikes at once, as a thousand independent
sources would send.  It has no input.  Counts are drawn by comparing a unit's random number of 32
bits (`neuroloop.engine.xorshift`, part of the snapshot) with the distribution's sums in 32 bits,
which go on until less than 2^-32 is left; so every probability is exact to 2^-32.  The count of a
tick is the tick's value.  The rates are fixed when the network is built; neighbours of the same
rate are drawn together, so give units of one rate numbers in a row.

Source: L. Devroye, *Non-Uniform Random Variate Generation*, Springer 1986, section III.2
(inversion by sequential search).
"""

import math

import numpy as np
from msgspec import Struct

from neuroloop.core.body import NotNegative
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, u32
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine import xorshift
from neuroloop.engine.row import COUNT, OUT, STATE, N, state_i64, state_u32

RECEPTORS = ()
SIGNAL = "values"
ARRAYS = ("rate_hz",)
MOST = 30.0
"""largest expected count in a tick"""
TERMS = 8
"""sums compared with in one pass"""
RUN_WORDS = 4
"""first unit of a run and the one after its last, first sum and the one after its last"""
N_RUNS, N_SUMS = COUNT + 1, COUNT + 2


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``rate_hz`` may be given per unit as an array."""

    rate_hz: NotNegative = 1000.0


@kernel
def count(random, value, s):
    """Add to ``float32[n]`` values how many of eight sums lie below each unit's random number."""
    a, b, c, d, e, f, g, h = s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
    zero, one = np.float32(0), np.float32(1)
    for i in range(random.shape[0]):
        x, k = random[i], value[i]
        k += (one if x > a else zero) + (one if x > b else zero)
        k += (one if x > c else zero) + (one if x > d else zero)
        k += (one if x > e else zero) + (one if x > f else zero)
        k += (one if x > g else zero) + (one if x > h else zero)
        value[i] = k


@kernel
def draw(random, value):
    """Draw the units' next random numbers and begin their counts."""
    for i in range(random.shape[0]):
        random[i] = xorshift.after(random[i])
        value[i] = np.float32(0)


@kernel
def update(random, value, runs, sums):
    """Draw one tick for ``n`` units, run by run."""
    draw(random, value)
    for r in range(0, runs.shape[0], RUN_WORDS):
        x, k = random[runs[r] : runs[r + 1]], value[runs[r] : runs[r + 1]]
        for t in range(runs[r + 2], runs[r + 3], TERMS):
            count(x, k, sums[t : t + TERMS])


@entry
def step(arena, row):
    random, value = state_u32(arena, row, 0, row[N]), f32(arena, row[OUT], row[N])
    runs = state_i64(arena, row, 1, RUN_WORDS * row[N_RUNS])
    update(random, value, runs, u32(arena, row[STATE + 2], row[N_SUMS]))


def _sums(mean: float) -> list[int]:
    """Return the distribution's sums in 32 bits, filled up to a multiple of `TERMS`."""
    found: list[int] = []
    p = total = math.exp(-mean)
    while total < 1.0 - 2**-32:
        found.append(int(total * 2**32))
        p *= mean / len(found)
        total += p
    return found + [2**32 - 1] * (-len(found) % TERMS)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the units and a table of sums for each rate."""
    rate = cell.arrays.get("rate_hz", np.full(cell.n, config.rate_hz))
    if rate.shape != (cell.n,):
        raise ConfigError(f"rate_hz has shape {rate.shape}, not {(cell.n,)}")
    if (rate < 0).any():
        raise ConfigError(f"rate_hz: {rate.min():g}; a rate is never below 0")
    if rate.max() * cell.dt_ms > MOST * 1e3:
        raise ConfigError(
            f"rate_hz: {rate.max():g} Hz is {rate.max() * cell.dt_ms * 1e-3:g} events in a tick of "
            f"{cell.dt_ms:g} ms; {MOST:g} is the most: take a shorter tick, or several units"
        )
    ends = [*(np.flatnonzero(np.diff(rate)) + 1), cell.n]
    tables: dict[float, tuple[int, int]] = {}
    sums: list[int] = []
    runs = []
    for first, end in zip([0, *ends], ends, strict=False):
        if rate[first] not in tables:
            own = _sums(rate[first] * cell.dt_ms * 1e-3)
            tables[rate[first]] = (len(sums), len(sums) + len(own))
            sums += own
        runs += [first, end, *tables[rate[first]]]
    return Kernel(
        step,
        counts=(len(ends), len(sums)),
        state={"random": cell.rng.integers(1, 2**32, cell.n, np.uint32)},
        static={"runs": np.array(runs, np.int64), "sums": np.array(sums, np.uint32)},
    )
