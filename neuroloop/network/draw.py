"""Distributions of weights and delays, redrawn where they leave their bounds.

>>> import numpy as np
>>> from neuroloop.network import Normal, draw, fixed_total
>>> some = fixed_total(100, 100, 1000, weight=Normal(0.5, 0.05, low=0.0), seed=1)
>>> delay_ms = draw(Normal(1.5, 0.75, low=0.1), some, seed=2, step=0.1)
>>> delay_ms.shape, delay_ms.dtype, bool(delay_ms.min() >= np.float32(0.1))
((1000,), dtype('float32'), True)
"""

import math
from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.network.connections import AT_ONCE, count

Rng = np.random.Generator

_FEWEST = 1e-4
"""part of the draws that must be within bounds: below it redrawing takes for ever"""


@dataclass(frozen=True)
class Normal:
    """Normal distribution, drawn again until it is within ``low`` and ``high``.

    Raises
    ------
    ConfigError
        Where a number is not finite, or hardly a draw lies between the bounds.
    """

    mean: float
    sd: float
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        _check(self, self.mean, self.sd)
        _check_bounds(self, _normal(self.mean, self.sd, self.low, self.high))

    def __call__(self, rng: Rng, n: int) -> NDArray[np.float32]:
        """Draw ``float32[n]``."""
        return _within(lambda k: rng.normal(self.mean, self.sd, k), n, self.low, self.high)


@dataclass(frozen=True)
class LogNormal:
    """``exp(x)`` for x of mean ``mu`` and standard deviation ``sigma``; the median is exp(mu)."""

    mu: float
    sigma: float
    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        _check(self, self.mu, self.sigma)
        bounds = [math.log(b) if b > 0 else -math.inf for b in (self.low, self.high)]
        _check_bounds(self, _normal(self.mu, self.sigma, *bounds))

    def __call__(self, rng: Rng, n: int) -> NDArray[np.float32]:
        """Draw ``float32[n]``."""
        return _within(lambda k: rng.lognormal(self.mu, self.sigma, k), n, self.low, self.high)


@dataclass(frozen=True)
class Uniform:
    """Uniform over the half-open interval from ``low`` up to ``high``."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check(self, self.low, 0.0)
        _check(self, self.high, 0.0)
        _check_bounds(self, 1.0)

    def __call__(self, rng: Rng, n: int) -> NDArray[np.float32]:
        """Draw ``float32[n]``."""
        return _within(lambda k: rng.uniform(self.low, self.high, k), n, self.low, self.high)


def draw(
    what: Callable[[Rng, int], ArrayLike],
    connections: Sized | int,
    seed: int,
    step: float | None = None,
) -> NDArray[np.float32]:
    """Draw a number for each synapse, in their order: delays, for example.

    Parameters
    ----------
    what
        `Normal`, `Uniform`, `LogNormal` or a function ``f(rng, n)`` that returns ``float[n]``.
    connections
        What to draw for, or how many.
    seed
        The same seed gives the same numbers.
    step
        Round to whole multiples of it, as `in_steps` does, within the bounds: the length of a tick
        in milliseconds, for delays.

    Returns
    -------
    float32[s]

    Raises
    ------
    ConfigError
        Where no multiple of ``step`` lies between the bounds, or ``what`` gives something else.
    """
    n = count(connections, "connections", 0) if isinstance(connections, int) else len(connections)
    value = np.asarray(what(np.random.default_rng(seed), n), np.float32)
    if value.shape != (n,):
        raise ConfigError(f"{what} drew numbers of shape {value.shape} for {n} synapses")
    if step is None:
        return value
    low, high = (getattr(what, name, default) for name, default in _NO_BOUNDS)
    return in_steps(value, step, low, high)


_NO_BOUNDS = (("low", -math.inf), ("high", math.inf))


def in_steps(
    values: ArrayLike, step: float, low: float = -math.inf, high: float = math.inf
) -> NDArray[np.float32]:
    """Round to the nearest whole multiple of ``step`` from ``low`` to ``high``.

    >>> in_steps([0.04, 0.26, 9.0], step=0.1, low=0.1, high=2.0)
    array([0.1, 0.3, 2. ], dtype=float32)
    """
    if not 0 < step < math.inf:
        raise ConfigError(f"a step of {step}; it needs to be above 0")
    # bounds such as 0.3 are multiples of 0.1 but for their last bit
    first, last = np.ceil(low / step - 1e-6), np.floor(high / step + 1e-6)
    if first > last:
        raise ConfigError(f"no multiple of {step} lies within {low}...{high}")
    given = np.asarray(values)
    result = np.empty(given.shape, np.float32)
    flat, out = given.reshape(-1), result.reshape(-1)
    for at in range(0, len(flat), AT_ONCE):
        steps = np.rint(flat[at : at + AT_ONCE].astype(np.float64) / step)
        out[at : at + AT_ONCE] = steps.clip(first, last) * step
    return result


def _within(
    drawn: Callable[[int], NDArray[np.float64]], n: int, low: float, high: float
) -> NDArray[np.float32]:
    result = np.empty(n, np.float32)
    for first in range(0, n, AT_ONCE):
        part = drawn(min(AT_ONCE, n - first))
        outside = np.flatnonzero((part < low) | (part > high))
        while len(outside):
            part[outside] = drawn(len(outside))
            outside = outside[(part[outside] < low) | (part[outside] > high)]
        result[first : first + len(part)] = part
    return result


def _check(of: object, middle: float, spread: float) -> None:
    if not (math.isfinite(middle) and math.isfinite(spread) and spread >= 0):
        raise ConfigError(f"{of}: finite numbers are wanted, and a spread of 0 or more")


def _check_bounds(of: Any, inside: float) -> None:
    if not of.low <= of.high:
        raise ConfigError(f"{of}: low is not below high")
    if inside < _FEWEST:
        raise ConfigError(f"{of}: only {inside:.1g} of all draws lie within {of.low}...{of.high}")


def _normal(mean: float, sd: float, low: float, high: float) -> float:
    """Return the part of a normal distribution between two bounds."""
    if sd == 0:
        return float(low <= mean <= high)
    below_high, below_low = (math.erf((b - mean) / (sd * math.sqrt(2))) for b in (high, low))
    return (below_high - below_low) / 2
