r"""A neuron model in one file: the Izhikevich neuron; used as ``kind = "./my_neuron.py"``.

.. math:: \dot v = 0.04 v^2 + 5 v + 140 - u + I, \qquad \dot u = a (b v - u), \qquad
   v \ge 30: \quad v \leftarrow c, \quad u \leftarrow u + d

v is in mV, the input of a tick is I.  In each tick: an Euler step, compare, fire and reset.

Source: E. M. Izhikevich, "Simple model of spiking neurons", IEEE Trans. Neural Networks 14, 2003.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import N, fire, incoming, params, spiking, state_f32

RECEPTORS = ("input",)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``v`` and ``u`` may be given per neuron as arrays."""

    a: float = 0.02
    b: float = 0.2
    c_mv: float = -65.0
    d: float = 8.0


@kernel
def update(v, u, x, fires, p):
    """Advance ``float32[n]`` neurons by one tick; the input of a tick is I; clears it."""
    a, b, c, d, dt = p[0], p[1], p[2], p[3], p[4]
    for i in range(v.shape[0]):
        volt, slow, drive = v[i], u[i], x[i]
        slope = np.float32(0.04) * volt * volt + np.float32(5) * volt + np.float32(140)
        volt = volt + dt * (slope - slow + drive)
        slow = slow + dt * a * (b * volt - slow)
        spike = volt >= np.float32(30)
        v[i] = c if spike else volt
        u[i] = slow + d if spike else slow
        fires[i] = np.uint8(spike)
        x[i] = np.float32(0)


@entry
def step(arena, row):
    """Find the arrays of this population, in the order in which ``build`` names them."""
    v, u = state_f32(arena, row, 0, row[N]), state_f32(arena, row, 1, row[N])
    update(v, u, incoming(arena, row, 0), spiking(arena, row), params(arena, row))
    fire(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out ``cell.n`` neurons."""
    v = np.full(cell.n, config.c_mv, np.float32)
    state = {"v": v, "u": config.b * v}
    numbers = (config.a, config.b, config.c_mv, config.d, cell.dt_ms)
    return Kernel(step, params=numbers, state=state, dynamic=("v", "u"))
