r"""Integrate-and-fire without a leak, with delta synapses, integrated exactly.

.. math:: \dot v = bias

A spike of weight w that arrives moves v by w at once.  v, the potentials it is compared with and
the weights share one unit, which is free; ``bias`` is in that unit a millisecond.  In each tick:
add the bias and the input, compare (``v >= v_threshold``), fire and reset.  The input of a tick
acts in the same tick.  A refractory neuron is held where the reset left it for the ticks after its
spike, and bias and input are lost.  With the subtractive reset its rate is that of a rectified
linear unit.

Sources: L. Lapicque, "Recherches quantitatives sur l'excitation électrique des nerfs traitée comme
une polarisation", Journal de Physiologie 9, 1907; the subtractive reset: B. Rueckauer and others,
"Conversion of continuous-valued deep networks to efficient event-driven networks for image
classification", Frontiers in Neuroscience 11, 2017.
"""

from typing import Literal

import numpy as np
from msgspec import Struct

from neuroloop.core.body import NotNegative
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import N, fire, incoming, params, spiking, state_f32

RECEPTORS = ("input",)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``v`` and ``bias`` may be given per neuron as arrays; v starts at ``v_reset``."""

    v_threshold: float = 1.0
    v_reset: float = 0.0
    refractory_ms: NotNegative = 0.0
    bias: float = 0.0
    """what v gains in a millisecond"""
    reset: Literal["hard", "subtract"] = "hard"
    """to ``v_reset``, or down by ``v_threshold - v_reset`` (keeps what was above threshold)"""


@kernel
def update(v, refractory, bias, x, fires, p):
    """Advance ``float32[n]`` neurons by one tick; clears the input."""
    dt, threshold, reset, keep, hold = p[0], p[1], p[2], p[3], p[4]
    zero, one = np.float32(0), np.float32(1)
    for i in range(v.shape[0]):
        before, left, drive, jump = v[i], refractory[i], bias[i], x[i]
        free = before + drive * dt + jump
        value = before if left > zero else free
        spike = (value >= threshold) & (left <= zero)
        lowered = reset + keep * (value - threshold)
        v[i] = lowered if spike else value
        refractory[i] = hold if spike else max(left - one, zero)
        fires[i] = np.uint8(spike)
        x[i] = zero


@entry
def step(arena, row):
    n = row[N]
    v, refractory = state_f32(arena, row, 0, n), state_f32(arena, row, 1, n)
    bias = state_f32(arena, row, 2, n)
    update(v, refractory, bias, incoming(arena, row, 0), spiking(arena, row), params(arena, row))
    fire(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    return Kernel(
        step,
        params=(
            cell.dt_ms,
            config.v_threshold,
            config.v_reset,
            1.0 if config.reset == "subtract" else 0.0,
            round(config.refractory_ms / cell.dt_ms),
        ),
        state={
            "v": np.full(cell.n, config.v_reset, np.float32),
            "refractory": np.zeros(cell.n, np.float32),
            "bias": np.full(cell.n, config.bias, np.float32),
        },
        dynamic=("v", "refractory"),
    )
