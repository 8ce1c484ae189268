r"""Numbers as whole levels between two bounds: what codes of time and of number have in common.

Of ``steps`` + 1 levels, a value x clipped to low ... high has the nearest one:

* ``linear``: :math:`n = \mathrm{round}(s \, (x - l) / (h - l))`,
* ``logarithmic``: :math:`n = \mathrm{round}(s \ln(x / l) / \ln(h / l))`, for what spans decades.

So the value of a level is off by (high - low) / (2 steps) at most, or by a factor of
(high / low) ** (1 / (2 steps)).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import kernel
from neuroloop.core.ports import Site
from neuroloop.core.values import Depth, Float32s, Int64s, Ranges, Scalars
from neuroloop.engine import generate

Response = Literal["linear", "logarithmic"]


@dataclass(frozen=True, eq=False)
class Bounds:
    """The values of the lowest and of the highest level of each channel, ``float32[k]``."""

    low: Float32s
    high: Float32s
    logarithmic: bool = False


def bounds(
    low: Sequence[float], high: Sequence[float], k: int, where: str, response: str = "linear"
) -> Bounds:
    """Return the bounds of k channels, given as one number for all or one for each.

    Raises
    ------
    ConfigError
        ``where`` they are wrong, and what would be right.
    """
    for name, given in (("low", low), ("high", high)):
        if len(given) not in (1, k):
            raise ConfigError(f"{where}: {name} has {len(given)} numbers; 1 or {k} are wanted")
    with np.errstate(over="ignore"):
        both = [np.resize(np.asarray(b, np.float32), k) for b in (low, high)]
    for under, over in zip(*both, strict=True):
        if not (math.isfinite(under) and math.isfinite(over) and under < over):
            raise ConfigError(
                f"{where}: high ({over:g}) must be above low ({under:g}), both finite"
            )
        if response == "logarithmic" and under <= 0:
            raise ConfigError(f"{where}: low ({under:g}) must be above 0 for logarithmic levels")
    return Bounds(both[0], both[1], response == "logarithmic")


def numbers(site: Site, kind: str, channels: Sequence[str]) -> Int64s:
    """Return the places of the numbers an encoder is to read, in a reading of its sensor.

    Raises
    ------
    ConfigError
        The sensor yields no numbers, ranges or depths.
    """
    source = site.source
    if source is None or source.reading not in (Scalars, Ranges, Depth):
        raise ConfigError(
            f'encoder "{site.name}": {kind} needs a sensor of numbers or distances as its input'
        )
    if channels:
        return np.array(generate.chosen(channels, source, site), np.int64)
    return np.arange(math.prod(source.shape), dtype=np.int64)


@kernel
def quantise(  # noqa: PLR0913, PLR0917
    values: Any, chosen: Any, low: Any, high: Any, steps: int, logarithmic: bool, level: Any
) -> None:
    """Set the level of each chosen number; a NaN keeps the last one, -1 before there was any."""
    for i in range(level.shape[0]):
        value = values[chosen[i]]
        if not np.isnan(value):
            least, most = np.float64(low[i]), np.float64(high[i])
            x = min(max(np.float64(value), least), most)
            if logarithmic:
                place = math.log(x / least) / math.log(most / least)
            else:
                place = (x - least) / (most - least)
            level[i] = np.int64(place * steps + 0.5)


@kernel
def value_of(level: int, low: float, high: float, steps: int, logarithmic: bool) -> float:
    """Return the value that a level stands for."""
    part, least, most = level / steps, np.float64(low), np.float64(high)
    if logarithmic:
        return float(least * (most / least) ** part)
    return float(least * (1 - part) + most * part)


def levels_of(values: Any, limits: Bounds, steps: int) -> Int64s:
    """Return the levels of a series ``[rows, k]``, as `quantise` finds them row by row."""
    table = np.atleast_2d(np.asarray(values, np.float32))
    level = np.full(table.shape, -1, np.int64)
    places = np.arange(table.shape[1])
    for r, row in enumerate(table):
        level[r] = level[max(r - 1, 0)]
        quantise(row, places, limits.low, limits.high, steps, limits.logarithmic, level[r])
    return level


def values_of(level: Int64s, limits: Bounds, steps: int) -> Float32s:
    """Return the values of levels ``[rows, k]``; NaN where a level is -1."""
    part = level / steps
    low, high = limits.low.astype(np.float64), limits.high.astype(np.float64)
    if limits.logarithmic:
        value = low * (high / low) ** np.maximum(part, 0)
    else:
        value = low * (1 - part) + high * part
    return np.where(level < 0, np.nan, value).astype(np.float32)
