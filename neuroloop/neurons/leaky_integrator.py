r"""A leaky integrator: it gives its value in every tick and never fires.

.. math:: \tau \dot v = v_{rest} - v + bias + drive

Integrated exactly.  Input to ``drive`` holds for its tick and is low-passed: a constant one, from
values or from a spike in every tick, moves v to ``v_rest`` + bias + drive.  A spike of weight w to
``jump`` moves v by w at once, as in `lif` without a threshold.  In each tick: v decays towards what
it is driven to, the jumps are added, and v is given as the tick's value; so input acts in the same
tick.  v, the weights and the bias share one unit, which is free.

Source: W. Gerstner and others, *Neuronal Dynamics*, Cambridge University Press 2014, section 1.3.
"""

import math

import numpy as np
from msgspec import Struct

from neuroloop.core.body import Positive
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import OUT, N, incoming, params, state_f32

RECEPTORS = ("drive", "jump")
SIGNAL = "values"


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``v`` and ``bias`` may be given per neuron as arrays."""

    tau_ms: Positive = 20.0
    v_rest: float = 0.0
    bias: float = 0.0
    """constant drive: the height above ``v_rest`` at which v would settle"""


@kernel
def update(v, bias, drive, jump, value, p):
    """Advance ``float32[n]`` integrators by one tick; clears the inputs."""
    decay, gain, rest = p[0], p[1], p[2]
    zero = np.float32(0)
    for i in range(v.shape[0]):
        before, constant, held, kick = v[i], bias[i], drive[i], jump[i]
        now = rest + (before - rest) * decay + (constant + held) * gain + kick
        v[i] = now
        value[i] = now
        drive[i] = zero
        jump[i] = zero


@entry
def step(arena, row):
    n = row[N]
    update(
        state_f32(arena, row, 0, n),
        state_f32(arena, row, 1, n),
        incoming(arena, row, 0),
        incoming(arena, row, 1),
        f32(arena, row[OUT], n),
        params(arena, row),
    )


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the integrators."""
    ticks = cell.dt_ms / config.tau_ms
    return Kernel(
        step,
        params=(math.exp(-ticks), -math.expm1(-ticks), config.v_rest),
        state={
            "v": np.full(cell.n, config.v_rest, np.float32),
            "bias": np.full(cell.n, config.bias, np.float32),
        },
        dynamic=("v",),
    )
