"""From an intensity per unit to spikes: how the light encoders fire."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.kernel import inline, kernel
from neuroloop.core.ports import Site
from neuroloop.core.values import SourceSpec
from neuroloop.engine import xorshift
from neuroloop.engine.row import emit, params, state_f32, state_u32

REGULAR, BERNOULLI = 0, 1
CODES = {"regular": REGULAR, "bernoulli": BERNOULLI}


def state(units: int, rng: np.random.Generator) -> dict[str, ArrayLike]:
    """Return the arrays an encoder names first in its state, for `fire_at`."""
    return {
        "intensity": np.zeros(units, np.float32),
        "phase": np.zeros(units, np.float32),
        "random": rng.integers(1, 2**32, units, np.uint32),
    }


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


@inline
def fire_at(arena, row, n):
    """Emit this tick's spikes of ``n`` units; the first two parameters are code and expected."""
    p = params(arena, row)
    phase = state_f32(arena, row, 1, n)
    draw(state_f32(arena, row, 0, n), phase, state_u32(arena, row, 2, n), p[0], p[1])
    for i in range(n):
        if phase[i] >= 1:
            emit(arena, row, i)
