"""Spikes for inputs that no sensor feeds: every unit fires at random, at one mean rate."""

import math

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Spikes
from neuroloop.network.graph import Input

_AT_ONCE = 1 << 22
"""random numbers drawn at a time"""


def bernoulli(to: Input, rate_hz: float, ticks: int, dt_us: int, seed: int) -> Spikes:
    """Let each unit fire in each tick with the probability ``rate_hz * dt``.

    The same seed gives the input the same spikes, whatever the others get.

    Raises
    ------
    ConfigError
        Where the rate is none, or more than one spike a tick.
    """
    p = rate_hz * dt_us * 1e-6
    if not (math.isfinite(rate_hz) and 0.0 <= p <= 1.0):
        raise ConfigError(
            f'input "{to.name}": a rate of {rate_hz:g} Hz; 0 to {1e6 / dt_us:g}, one spike in a '
            f"tick of {dt_us} us, is wanted"
        )
    rng = np.random.default_rng([seed, *f"stimulus.{to.name}".encode()])
    rows = max(_AT_ONCE // to.n, 1)
    t_us, unit = [np.empty(0, np.int64)], [np.empty(0, np.uint32)]
    for start in range(0, ticks, rows):
        tick, fired = np.nonzero(rng.random((min(rows, ticks - start), to.n)) < p)
        t_us.append((start + tick.astype(np.int64)) * dt_us)
        unit.append(fired.astype(np.uint32))
    return Spikes(np.concatenate(t_us), np.concatenate(unit))
