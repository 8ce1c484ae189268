r"""One number → a population of units, each tuned to a value of its own (a population code).

Unit i prefers the value c_i, evenly spread from ``low`` to ``high``, and fires with

.. math:: e^{-(x - c_i)^2 / 2 w^2} \quad\text{or, for angles,}\quad e^{(\cos(x - c_i) - 1) / w^2}

Round trip: the mean of the preferred values, each as often as its unit fired, or the direction of
the sum of their vectors (`decode` here, and the decoder ``population``, which says how far off it
is): a standard deviation of :math:`w / \sqrt{N}` for N Poisson spikes, and a bias inwards nearer
than 4 w to an end.

Source: A. P. Georgopoulos, A. B. Schwartz and R. E. Kettner, "Neuronal population coding of
movement direction", Science 233, 1986.
"""

import math
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import ArrayLike

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.values import Float32s, Scalars, Spikes
from neuroloop.engine import generate, tuned
from neuroloop.engine.row import COUNT, IN, STATE, N, fresh, params, state_f32

CHANNEL, CIRCULAR = COUNT + 1, COUNT + 2


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "tuning"``."""

    input: str
    channel: str
    """label of the sensor's number that is meant"""
    units: Annotated[int, Meta(ge=1, le=100_000)]
    width: Positive
    """w of the tuning curves, in the unit of the number"""
    circular: bool = False
    """the number is an angle in radians: units are spread over the full turn"""
    low: float = 0.0
    high: float = 1.0
    max_rate_hz: Positive = 200.0
    code: generate.Code = "regular"


@kernel
def tune(x, preferred, intensity, circular, width):
    """Set the intensity of each unit; a NaN keeps the last one."""
    if np.isnan(x):
        return
    for i in range(intensity.shape[0]):
        gap = x - preferred[i]
        if circular:
            intensity[i] = math.exp((math.cos(gap) - np.float32(1)) / (width * width))
        else:
            intensity[i] = math.exp(-gap * gap / (np.float32(2) * width * width))


@entry
def step(arena, row):
    n = row[N]
    if fresh(arena, row, i64(arena, row[STATE + 3], 1)):
        x = f32(arena, row[IN], row[CHANNEL] + 1)[row[CHANNEL]]
        preferred, intensity = state_f32(arena, row, 4, n), state_f32(arena, row, 0, n)
        tune(x, preferred, intensity, row[CIRCULAR], params(arena, row)[2])
    generate.fire_at(arena, row, n)


def units(config: Config) -> int:
    """Return the number of units, which `neuroloop check` compares with the network's input."""
    return config.units


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    if site.source is None or site.source.reading is not Scalars:
        raise ConfigError(f'encoder "{site.name}": tuning needs a sensor of numbers as its input')
    if not config.circular and config.high <= config.low:
        raise ConfigError(
            f'encoder "{site.name}": high ({config.high:g}) must be above low ({config.low:g})'
        )
    (channel,) = generate.chosen([config.channel], site.source, site)
    timing = generate.timing(config.code, config.max_rate_hz, site)
    return Kernel(
        step,
        params=(*timing, config.width),
        counts=(channel, config.circular),
        state={
            **generate.state(config.units, site.rng(), config.code),
            "seen": np.zeros(1, np.int64),
        },
        static={"preferred": preferred(config)},
        units=units(config),
        capacity=generate.capacity(config.units, config.code),
    )


def encode(
    values: ArrayLike, config: Config, ticks_per_row: int, dt_us: int = 1000, seed: int = 0
) -> Spikes:
    """Return the spikes of a series of one number whose rows last ``ticks_per_row`` each.

    Parameters
    ----------
    values
        ``float32[rows]``; NaN keeps the last value.
    """
    series = np.asarray(values, np.float32).reshape(-1)
    site = Site("tuning", seed, dt_us)
    intensity = np.zeros((len(series), config.units), np.float32)
    for r, x in enumerate(series):
        intensity[r] = intensity[max(r - 1, 0)]
        tune(x, preferred(config), intensity[r], int(config.circular), np.float32(config.width))
    timing = generate.timing(config.code, config.max_rate_hz, site)
    return generate.fire(intensity, timing, config.code, ticks_per_row, site)


def decode(
    spikes: Spikes, config: Config, rows: int, ticks_per_row: int, dt_us: int = 1000
) -> Float32s:
    """Return the series that `encode` made spikes of, ``float32[rows]``; NaN without a spike."""
    count = generate.counts(spikes, rows, config.units, ticks_per_row * dt_us).astype(np.float64)
    prefer = preferred(config).astype(np.float64)
    if config.circular:
        vector = count @ np.exp(1j * prefer)
        return np.where(count.any(axis=1), np.angle(vector), np.nan).astype(np.float32)
    total = np.where(count.any(axis=1), count.sum(axis=1), np.nan)
    return (count @ prefer / total).astype(np.float32)


def preferred(config: Config) -> Float32s:
    """Return the preferred value of each unit; angles run from left (pi) to right (-pi)."""
    return tuned.preferred(config.units, config.low, config.high, circular=config.circular)
