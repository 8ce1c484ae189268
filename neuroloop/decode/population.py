r"""Population code → motion: the mean of the values that the spiking units prefer.

The population is cut into a group a channel.  Unit i of the m of a group prefers c_i, the middle of
the i-th of m equal parts of low ... high (as the encoder ``tuning`` has it).  With n_i its spikes
in ``window_ticks``

.. math:: \hat x = \frac{\sum_i n_i c_i}{\sum_i n_i} \quad\text{or, for angles,}\quad
          \hat x = \arg \sum_i n_i e^{j c_i}

which for Poisson spikes of evenly spread bell curves is the most likely x.  Against curves of width
w, :math:`\delta` apart, and x at least 4 w from the ends, it is off by at most

.. math:: \frac{4 \pi w^2}{\delta} \frac{q}{1 - 2 q}, \quad q = e^{-2 \pi^2 w^2 / \delta^2}

(1 % of :math:`\delta` at :math:`w = 0.55 \delta`) for exact rates, plus a standard deviation of
:math:`w / \sqrt{\sum_i n_i}` for Poisson spikes.  Nearer to an end the curves that are not there
pull it inwards: leave a margin, or choose ``circular``.  A group that is silent keeps its last
value; a motion goes out at the end of a window that had spikes, once every channel has one.

Sources: A. P. Georgopoulos, A. B. Schwartz and R. E. Kettner, "Neuronal population coding of
movement direction", Science 233, 1986; H. P. Snippe, "Parameter extraction from population codes: a
critical assessment", Neural Computation 8(3), 1996.
"""

import math
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32
from neuroloop.core.ports import Kernel, Site
from neuroloop.engine import levels, tuned
from neuroloop.engine.row import COUNT, IN, IN_META, OUT, N, state_f32, state_i64
from neuroloop.engine.speak import channels_of, speak

CHANNELS, CIRCULAR, WINDOW = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[decoder.NAME]`` with ``kind = "population"``."""

    input: str
    low: Annotated[tuple[float, ...], Meta(min_length=1)] = (0.0,)
    """where the preferred values of a channel begin: a number a channel, or one for all"""
    high: Annotated[tuple[float, ...], Meta(min_length=1)] = (1.0,)
    """where they end"""
    circular: bool = False
    """motions are angles in radians, from pi to -pi"""
    window_ticks: Annotated[int, Meta(ge=1, le=100_000)] = 100


@kernel
def mean(count, preferred, last):
    """Return the mean of the preferred values, each as often as its unit fired."""
    total, spikes = 0.0, 0
    for i in range(count.shape[0]):
        total += count[i] * np.float64(preferred[i])
        spikes += count[i]
    return total / spikes if spikes else np.float64(last)


@kernel
def direction(count, preferred, last):
    """Return the direction of the sum of a vector a spike; the last one where it has none."""
    x, y, spikes = 0.0, 0.0, 0
    for i in range(count.shape[0]):
        angle = np.float64(preferred[i])
        x += count[i] * math.cos(angle)
        y += count[i] * math.sin(angle)
        spikes += count[i]
    return math.atan2(y, x) if x * x + y * y > 1e-12 * spikes * spikes else np.float64(last)


@entry
def step(arena, row):
    n, k = row[N], row[CHANNELS]
    clock, count = state_i64(arena, row, 0, 1), state_i64(arena, row, 1, n)
    spikes = i32(arena, row[IN], row[IN_META] + 1)
    for s in range(spikes[0]):
        count[spikes[s + 1]] += 1
    clock[0] += 1
    if clock[0] < row[WINDOW]:
        return
    clock[0] = 0
    value, preferred = state_f32(arena, row, 2, k), state_f32(arena, row, 3, n)
    if count.sum() == 0:
        return
    known, m = True, n // k
    for c in range(k):
        mine, prefer = count[c * m : (c + 1) * m], preferred[c * m : (c + 1) * m]
        if row[CIRCULAR]:
            value[c] = direction(mine, prefer, value[c])
        else:
            value[c] = mean(mine, prefer, value[c])
        known &= not np.isnan(value[c])
    count[:] = 0
    if known:
        f32(arena, row[OUT], k)[:] = value
        speak(arena, row, k)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the decoder."""
    k = channels_of(site, config.input)
    limits = levels.bounds(config.low, config.high, k, f'decoder "{site.name}"')
    m = site.units // k
    prefer = [
        tuned.preferred(m, low, high, circular=config.circular)
        for low, high in zip(limits.low, limits.high, strict=True)
    ]
    return Kernel(
        step,
        counts=(k, config.circular, config.window_ticks),
        state={
            "clock": np.zeros(1, np.int64),
            "count": np.zeros(site.units, np.int64),
            "value": np.full(k, np.nan, np.float32),
        },
        static={"preferred": np.concatenate(prefer)},
    )
