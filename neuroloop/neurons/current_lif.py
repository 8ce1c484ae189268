r"""Discrete LIF with a decaying current, the form of trained spiking actors.

.. math::
   c_t = d_c\, c_{t-1} + x_t + bias, \qquad
   v_t = d_v\, v_{t-1} (1 - s_{t-1}) + c_t, \qquad s_t = v_t > v_{threshold}

One tick is one step of the recurrence whatever its length.  In each tick: the current decays and
takes the input and the bias, v decays (from 0 where the neuron fired in the last tick), the current
is added to it, compare (strictly: ``v > v_threshold``) and fire.  So the input of a tick acts in
the same tick, and the reset (to 0) shows in the next one.  There is no refractory time.

Source: G. Tang, N. Kumar and K. P. Michmizos, "Reinforcement co-learning of deep and spiking
neural networks for energy-efficient mapless navigation", IROS 2020.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.body import Fraction
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import N, fire, incoming, params, spiking, state_f32

RECEPTORS = ("input",)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``bias`` may be given per neuron as an array."""

    current_decay: Fraction = 0.5
    """what is left of the current after a tick"""
    voltage_decay: Fraction = 0.75
    """what is left of the voltage after a tick"""
    v_threshold: float = 0.5
    bias: float = 0.0


@kernel
def update(c, v, bias, x, fires, p):
    """Advance ``float32[n]`` neurons by one tick; ``fires`` still holds the last one's spikes."""
    current_decay, voltage_decay, threshold = p[0], p[1], p[2]
    zero = np.float32(0)
    for i in range(v.shape[0]):
        current, before, drive, jump, fired = c[i], v[i], bias[i], x[i], fires[i]
        current = current * current_decay + (jump + drive)
        kept = zero if fired else before * voltage_decay
        value = kept + current
        c[i] = current
        v[i] = value
        fires[i] = np.uint8(value > threshold)
        x[i] = zero


@entry
def step(arena, row):
    n = row[N]
    update(
        state_f32(arena, row, 0, n),
        state_f32(arena, row, 1, n),
        state_f32(arena, row, 2, n),
        incoming(arena, row, 0),
        spiking(arena, row),
        params(arena, row),
    )
    fire(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    return Kernel(
        step,
        params=(config.current_decay, config.voltage_decay, config.v_threshold),
        state={
            "c": np.zeros(cell.n, np.float32),
            "v": np.zeros(cell.n, np.float32),
            "bias": np.full(cell.n, config.bias, np.float32),
        },
        dynamic=("c", "v"),
    )
