"""Numbers → two units each, one for positive values and one for negative, firing with the value.

Of the k numbers that ``channels`` names (all by default), unit i fires with ``clip(x_i, 0, 1)`` and
unit k + i with ``clip(-x_i, 0, 1)``: ON and OFF as two ranges of units.  ``linear``: x is the value
divided by its scale; ``inverse``: the scale divided by the value, for distances.
"""

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.values import Scalars
from neuroloop.engine import generate
from neuroloop.engine.row import (
    COUNT,
    IN,
    IN_META,
    M_BYTES,
    META_WORDS,
    STATE,
    N,
    fresh,
    state_f32,
    state_i64,
)
from neuroloop.engine.row import params as params_of

INVERSE = COUNT + 1


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "rate"``."""

    input: str
    scale: Annotated[list[Positive], Meta(min_length=1)]
    """the value of each number at which its unit fires fastest"""
    channels: list[str] = []
    """labels of the sensor's numbers that are meant, in this order; empty means all"""
    response: Literal["linear", "inverse"] = "linear"
    max_rate_hz: Positive = 200.0
    code: Literal["regular", "bernoulli"] = "regular"


@kernel
def split(values, chosen, scale, intensity, inverse):
    """Set the intensity of the ON and the OFF units; a NaN keeps the last one."""
    k = scale.shape[0]
    zero, one = np.float32(0), np.float32(1)
    for i in range(k):
        value = values[chosen[i]]
        x = scale[i] / value if inverse else value / scale[i]
        if not np.isnan(x):
            intensity[i] = min(max(x, zero), one)
            intensity[k + i] = min(max(-x, zero), one)


@entry
def step(arena, row):
    n = row[N]
    if fresh(arena, row, i64(arena, row[STATE + 3], 1)):
        given = i64(arena, row[IN_META], META_WORDS)[M_BYTES] // 4
        chosen, scale = state_i64(arena, row, 4, n // 2), params_of(arena, row)[2:]
        values, intensity = f32(arena, row[IN], given), state_f32(arena, row, 0, n)
        split(values, chosen, scale, intensity, row[INVERSE])
    generate.fire_at(arena, row, n)


def units(config: Config) -> int:
    """Return the number of units, which `neuroloop check` compares with the network's input."""
    return 2 * len(config.scale)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    if site.source is None or site.source.reading is not Scalars:
        raise ConfigError(f'encoder "{site.name}": rate needs a sensor of numbers as its input')
    chosen = generate.chosen(config.channels, site.source, site)
    k = len(chosen)
    if len(config.scale) != k:
        raise ConfigError(
            f'encoder "{site.name}": scale has {len(config.scale)} numbers, '
            f'"{site.source.name}" gives {k}'
        )
    return Kernel(
        step,
        params=(*generate.timing(config.code, config.max_rate_hz, site), *config.scale),
        counts=(config.response == "inverse",),
        state={**generate.state(2 * k, site.rng()), "seen": np.zeros(1, np.int64)},
        static={"chosen": np.array(chosen, np.int64)},
        units=units(config),
    )
