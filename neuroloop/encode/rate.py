"""Numbers → two units each, one for positive values and one for negative, firing with the value.

Unit i fires with ``clip(value_i / scale_i, 0, 1)``, unit k + i with ``clip(-value_i / scale_i,
0, 1)``: ON and OFF as two ranges of units.
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
from neuroloop.engine.row import IN, STATE, N, fresh, params, state_f32


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "rate"``."""

    input: str
    scale: Annotated[list[Positive], Meta(min_length=1)]
    """the value of each number at which its unit fires fastest"""
    max_rate_hz: Positive = 200.0
    code: Literal["regular", "bernoulli"] = "regular"


@kernel
def split(values, scale, intensity):
    """Set the intensity of the ON and the OFF units; a NaN keeps the last one."""
    k = scale.shape[0]
    zero, one = np.float32(0), np.float32(1)
    for i in range(k):
        x = values[i] / scale[i]
        if not np.isnan(x):
            intensity[i] = min(max(x, zero), one)
            intensity[k + i] = min(max(-x, zero), one)


@entry
def step(arena, row):
    n = row[N]
    if fresh(arena, row, i64(arena, row[STATE + 3], 1)):
        k = n // 2
        scale = params(arena, row)[2:]
        split(f32(arena, row[IN], k), scale, state_f32(arena, row, 0, n))
    generate.fire_at(arena, row, n)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    if site.source is None or site.source.reading is not Scalars:
        raise ConfigError(f'encoder "{site.name}": rate needs a sensor of numbers as its input')
    k = site.source.shape[0]
    if len(config.scale) != k:
        raise ConfigError(
            f'encoder "{site.name}": scale has {len(config.scale)} numbers, '
            f'"{site.source.name}" gives {k}'
        )
    expected = config.max_rate_hz * site.dt_us * 1e-6
    return Kernel(
        step,
        params=(generate.CODES[config.code], expected, *config.scale),
        state={**generate.state(2 * k, site.rng()), "seen": np.zeros(1, np.int64)},
        units=2 * k,
    )
