r"""From an intensity per unit to spikes: how the light encoders fire.

With the intensity x (0 to 1) and e spikes a tick at intensity 1, in each tick a unit fires by

* ``regular``: evenly; a counter gains x e, and gives a spike for each whole number it passes,
* ``bernoulli``: at most once, with the probability x e, a coin a tick,
* ``poisson``: k times with the probability :math:`(x e)^k e^{-x e} / k!`.

What is often called a Poisson spike train is a ``bernoulli`` one; the two are the same for small
x e.  The Poisson process is drawn exactly, by the time-rescaling theorem: between two spikes the
integral of the rate is an exponential random number, of which each tick takes its share.

After T ticks of the same intensity the count N stands for x within

* ``regular``: :math:`|N / e T - x| < 1 / e T` (and T roundings of a float32),
* ``bernoulli``: a standard deviation of :math:`\sqrt{x (1 - x e) / e T}`,
* ``poisson``: a standard deviation of :math:`\sqrt{x / e T}`.

Source of the theorem: E. N. Brown, R. Barbieri, V. Ventura, R. E. Kass and L. M. Frank, "The
time-rescaling theorem and its application to neural spike train data analysis", Neural Computation
14, 2002.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.kernel import inline, kernel
from neuroloop.core.native import i32
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, SourceSpec, Spikes
from neuroloop.engine import xorshift
from neuroloop.engine.row import (
    H_STATUS,
    OUT,
    OUT_META,
    emit,
    header,
    params,
    state_f32,
    state_u32,
)

Code = Literal["regular", "bernoulli", "poisson"]
REGULAR, BERNOULLI, POISSON = 0, 1, 2
CODES = {"regular": REGULAR, "bernoulli": BERNOULLI, "poisson": POISSON}


def state(units: int, rng: np.random.Generator, code: str) -> dict[str, ArrayLike]:
    """Return the arrays an encoder names first in its state, for `fire_at`."""
    random = rng.integers(1, 2**32, units, np.uint32)
    left = rng.exponential(size=units) if code == "poisson" else np.zeros(units)
    return {
        "intensity": np.zeros(units, np.float32),
        "phase": left.astype(np.float32),
        "random": random,
    }


def capacity(units: int, code: str) -> int:
    """Return the most spikes in a tick, as a `Kernel` says it.

    The sum of Poisson numbers with means of at most 1 passes it with a probability below 1e-20.
    """
    return units + 10 * math.isqrt(units) + 32 if code == "poisson" else 0


def timing(code: str, max_rate_hz: float, site: Site) -> tuple[int, float]:
    """Return the first two parameters of an encoder: its code, and spikes a tick at intensity 1."""
    expected = max_rate_hz * site.dt_us * 1e-6
    if expected > 1.0 + 1e-9:
        raise ConfigError(
            f'encoder "{site.name}": max_rate_hz of {max_rate_hz:g} is more than one spike in a '
            f"tick of {site.dt_us} us; at most {1e6 / site.dt_us:g} is wanted"
        )
    return CODES[code], expected


def chosen(channels: Sequence[str], source: SourceSpec, site: Site) -> list[int]:
    """Return the places of the named numbers in a sensor's readings; all where none is named."""
    for name in channels:
        if name not in source.labels:
            raise ConfigError(
                f'encoder "{site.name}": "{source.name}" has no channel "{name}"'
                f"{nearest(name, source.labels)}"
            )
    return [source.labels.index(n) for n in channels] or list(range(source.shape[0]))


@kernel
def draw(intensity, phase, random, code, expected):
    """Advance the units' generators by one tick; ``phase`` reaches 1 where a unit fires.

    ``regular`` spikes evenly: what is left over is kept.  ``bernoulli`` fires with the probability
    ``intensity * expected``; ``expected`` is the number of spikes a tick at intensity 1.
    """
    one, zero = np.float32(1), np.float32(0)
    for i in range(intensity.shape[0]):
        want = intensity[i] * expected
        if code == 0:
            p = phase[i]
            phase[i] = (p - one if p >= one else p) + want
        else:
            random[i] = xorshift.after(random[i])
            phase[i] = one if xorshift.fraction(random[i]) < want else zero


@kernel
def pour(intensity, left, random, expected, spikes):
    """Append a tick of Poisson spikes to a list (its length first); returns how many had no room.

    ``left`` is what is left of each unit's exponential number.
    """
    lost = 0
    for i in range(intensity.shape[0]):
        remains = left[i] - intensity[i] * expected
        while remains < 0:
            if spikes[0] + 1 < spikes.shape[0]:
                spikes[0] += 1
                spikes[spikes[0]] = i
            else:
                lost += 1
            random[i] = xorshift.after(random[i])
            remains -= np.float32(math.log(xorshift.fraction(random[i])))
        left[i] = remains
    return lost


@inline
def fire_at(arena, row, n):
    """Emit this tick's spikes of ``n`` units; the first two parameters are code and expected."""
    p = params(arena, row)
    intensity, phase = state_f32(arena, row, 0, n), state_f32(arena, row, 1, n)
    random = state_u32(arena, row, 2, n)
    if p[0] == POISSON:
        spikes = i32(arena, row[OUT], row[OUT_META] + 1)
        header(arena)[H_STATUS] += pour(intensity, phase, random, p[1], spikes)
        return
    draw(intensity, phase, random, p[0], p[1])
    for i in range(n):
        if phase[i] >= 1:
            emit(arena, row, i)


def fire(
    intensity: Float32s, timing: tuple[int, float], code: str, ticks: int, site: Site
) -> Spikes:
    """Return the spikes of units whose intensities hold for ``ticks`` each, as in the tick.

    Parameters
    ----------
    intensity
        ``float32[rows, units]``.
    timing
        What the function `timing` returns.
    """
    rows, n = intensity.shape
    arrays = state(n, site.rng(), code)
    phase, random = np.asarray(arrays["phase"]), np.asarray(arrays["random"])
    room = np.zeros((capacity(n, code) or n) + 1, np.int32)
    units, expected = [], np.float32(timing[1])
    for k in range(rows * ticks):
        now = intensity[k // ticks]
        if timing[0] == POISSON:
            room[0] = 0
            pour(now, phase, random, expected, room)
            units.append(room[1 : room[0] + 1].astype(np.uint32))
        else:
            draw(now, phase, random, np.float32(timing[0]), expected)
            units.append(np.flatnonzero(phase >= 1).astype(np.uint32))
    tick = np.repeat(np.arange(rows * ticks), [len(u) for u in units])
    return Spikes(tick * site.dt_us, np.concatenate([*units, np.zeros(0, np.uint32)]))


def counts(spikes: Spikes, rows: int, units: int, row_us: int) -> Float32s:
    """Return how often each unit fired in each row, ``float32[rows, units]``."""
    place = spikes.t_us // row_us * units + spikes.unit
    total = np.bincount(place[place < rows * units], minlength=rows * units)
    return total.reshape(rows, units).astype(np.float32)
