r"""One number → a population of units, each tuned to a value of its own (a population code).

Unit i prefers the value c_i, evenly spread from ``low`` to ``high``, and fires with

.. math:: e^{-(x - c_i)^2 / 2 w^2} \quad\text{or, for angles,}\quad e^{(\cos(x - c_i) - 1) / w^2}

Source: A. P. Georgopoulos, A. B. Schwartz and R. E. Kettner, "Neuronal population coding of
movement direction", Science 233, 1986.
"""

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.values import Float32s, Scalars
from neuroloop.engine import generate
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
    code: Literal["regular", "bernoulli"] = "regular"


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
        state={**generate.state(config.units, site.rng()), "seen": np.zeros(1, np.int64)},
        static={"preferred": preferred(config)},
        units=units(config),
    )


def preferred(config: Config) -> Float32s:
    """Return the preferred value of each unit; angles run from left (pi) to right (-pi)."""
    place = (np.arange(config.units) + 0.5) / config.units
    if config.circular:
        return (math.pi * (1.0 - 2.0 * place)).astype(np.float32)
    return (config.low + (config.high - config.low) * place).astype(np.float32)
