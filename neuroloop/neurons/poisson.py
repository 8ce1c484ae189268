"""A source of independent random spikes at a given rate; it has no input.

In each tick a neuron fires with probability ``rate_hz * dt`` (one spike a tick at most; where that
is 1 or more, in every tick), drawn from its own generator (`neuroloop.engine.xorshift`), whose
state is part of the snapshot: the next number as a fraction, compared strictly
(``< rate_hz * dt``).  For several events of a unit in a tick there is `poisson_counts`.

Source: P. Dayan and L. F. Abbott, *Theoretical Neuroscience*, MIT Press 2001, section 1.4.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.body import NotNegative
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine import xorshift
from neuroloop.engine.row import N, fire, params, spiking, state_f32, state_u32

RECEPTORS = ()


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``rate_hz`` may be given per neuron as an array."""

    rate_hz: NotNegative = 10.0


@kernel
def update(rate_hz, random, fires, dt_s):
    """Draw one tick for ``n`` neurons."""
    for i in range(rate_hz.shape[0]):
        random[i] = xorshift.after(random[i])
        fires[i] = np.uint8(xorshift.fraction(random[i]) < rate_hz[i] * dt_s)


@entry
def step(arena, row):
    n = row[N]
    rate_hz, random = state_f32(arena, row, 0, n), state_u32(arena, row, 1, n)
    update(rate_hz, random, spiking(arena, row), params(arena, row)[0])
    fire(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    return Kernel(
        step,
        params=(cell.dt_ms * 1e-3,),
        state={
            "rate_hz": np.full(cell.n, config.rate_hz, np.float32),
            "random": cell.rng.integers(1, 2**32, cell.n, np.uint32),
        },
    )
