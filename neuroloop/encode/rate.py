r"""Numbers → two units each, one for positive values and one for negative, firing with the value.

Of the k numbers that ``channels`` names (all by default), unit i fires with ``clip(x_i, 0, 1)`` and
unit k + i with ``clip(-x_i, 0, 1)``: ON and OFF as two ranges of units.  ``linear``: x is the value
divided by its scale; ``inverse``: the scale divided by the value, for distances.

Round trip (linear, within -scale ... scale): the counts of T ticks, with e spikes a tick at
intensity 1, give :math:`\hat x = s (N_{ON} - N_{OFF}) / e T`, right by :math:`s / e T` for regular
spikes where x stays the same, and with a standard deviation of :math:`\sqrt{s |x| / e T}` for
Poisson spikes (`neuroloop.engine.generate`).  The decoder ``linear`` does the same with weights of
scale / ``max_rate_hz`` for ON and its negative for OFF.

Source: E. D. Adrian and Y. Zotterman, "The impulses produced by sensory nerve-endings: part II",
Journal of Physiology 61(2), 1926.
"""

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import ArrayLike

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.values import Float32s, Scalars, Spikes
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
    code: generate.Code = "regular"


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
        state={**generate.state(2 * k, site.rng(), config.code), "seen": np.zeros(1, np.int64)},
        static={"chosen": np.array(chosen, np.int64)},
        units=units(config),
        capacity=generate.capacity(2 * k, config.code),
    )


def encode(
    values: ArrayLike, config: Config, ticks_per_row: int, dt_us: int = 1000, seed: int = 0
) -> Spikes:
    """Return the spikes of a series whose rows last ``ticks_per_row`` each.

    Parameters
    ----------
    values
        ``float32[rows, k]``; NaN keeps the last value.
    """
    table = np.atleast_2d(np.asarray(values, np.float32))
    site = Site("rate", seed, dt_us)
    scale, chosen = np.asarray(config.scale, np.float32), np.arange(len(config.scale))
    intensity = np.zeros((len(table), units(config)), np.float32)
    for r, row in enumerate(table):
        intensity[r] = intensity[max(r - 1, 0)]
        split(row, chosen, scale, intensity[r], config.response == "inverse")
    timing = generate.timing(config.code, config.max_rate_hz, site)
    return generate.fire(intensity, timing, config.code, ticks_per_row, site)


def decode(
    spikes: Spikes, config: Config, rows: int, ticks_per_row: int, dt_us: int = 1000
) -> Float32s:
    """Return the series that `encode` made spikes of, ``float32[rows, k]`` (``linear`` alone)."""
    k, row_us = len(config.scale), ticks_per_row * dt_us
    count = generate.counts(spikes, rows, 2 * k, row_us)
    full = config.max_rate_hz * row_us * 1e-6
    difference = count[:, :k] - count[:, k:]
    return difference / np.float32(full) * np.asarray(config.scale, np.float32)
