r"""Leaky integrate-and-fire with exponential conductance synapses.

.. math::
   C_m \dot v = g_{leak}(v_{rest} - v) + g_{exc}(e_{exc} - v) + g_{inh}(e_{inh} - v) + bias, \qquad
   \dot g_s = -g_s/\tau_s

Weights are conductances in nS, positive to ``exc`` and to ``inh``; one given as a part of the leak
is that part times ``g_leak_ns``.  A conductance never falls below 0.

In each tick: v moves for the whole tick under the conductances of its start (exponential Euler:
exact for these), the conductances decay, arriving spikes are added to them, compare
(``v >= v_threshold``), fire and reset.  So a spike that enters a tick moves v from the next one on,
whatever its delay.  A refractory neuron holds v at ``v_reset`` for the ticks after its spike while
its conductances go on.

The defaults are the neurons of T. P. Vogels and L. F. Abbott, "Signal propagation and logic gating
in networks of integrate-and-fire neurons", Journal of Neuroscience 25, 2005, as benchmark 1 (COBA)
of R. Brette and others, "Simulation of networks of spiking neurons", Journal of Computational
Neuroscience 23, 2007, where spikes add 6 nS and 67 nS.
"""

import math

import numpy as np
from msgspec import Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.exp import exp32
from neuroloop.engine.row import N, fire, incoming, params, spiking, state_f32

RECEPTORS = ("exc", "inh")


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``v`` and ``bias`` may be given per neuron as arrays."""

    c_m_pf: Positive = 200.0
    g_leak_ns: Positive = 10.0
    v_rest_mv: float = -60.0
    v_threshold_mv: float = -50.0
    v_reset_mv: float = -60.0
    refractory_ms: NotNegative = 5.0
    tau_exc_ms: Positive = 5.0
    tau_inh_ms: Positive = 10.0
    e_exc_mv: float = 0.0
    e_inh_mv: float = -80.0
    bias_pa: float = 0.0


@kernel
def update(v, refractory, bias, exc, inh, x_exc, x_inh, fires, p):
    """Advance ``float32[n]`` neurons by one tick; clears the inputs."""
    leak, from_rest, e_exc, e_inh, rate = p[0], p[1], p[2], p[3], p[4]
    decay_exc, decay_inh, threshold, reset, hold = p[5], p[6], p[7], p[8], p[9]
    zero, one = np.float32(0), np.float32(1)
    for i in range(v.shape[0]):
        before, left, e, h, drive = v[i], refractory[i], exc[i], inh[i], bias[i]
        e_in, h_in = x_exc[i], x_inh[i]
        total = leak + e + h
        settled = (from_rest + drive + e * e_exc + h * e_inh) / total
        free = settled + (before - settled) * exp32(total * rate)
        value = reset if left > zero else free
        spike = (value >= threshold) & (left <= zero)
        v[i] = reset if spike else value
        refractory[i] = hold if spike else max(left - one, zero)
        fires[i] = np.uint8(spike)
        exc[i] = max(e * decay_exc + e_in, zero)
        inh[i] = max(h * decay_inh + h_in, zero)
        x_exc[i] = zero
        x_inh[i] = zero


@entry
def step(arena, row):
    n = row[N]
    update(
        state_f32(arena, row, 0, n),
        state_f32(arena, row, 1, n),
        state_f32(arena, row, 2, n),
        state_f32(arena, row, 3, n),
        state_f32(arena, row, 4, n),
        incoming(arena, row, 0),
        incoming(arena, row, 1),
        spiking(arena, row),
        params(arena, row),
    )
    fire(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    dt = cell.dt_ms
    return Kernel(
        step,
        params=(
            config.g_leak_ns,
            config.g_leak_ns * config.v_rest_mv,
            config.e_exc_mv,
            config.e_inh_mv,
            -dt / config.c_m_pf,
            math.exp(-dt / config.tau_exc_ms),
            math.exp(-dt / config.tau_inh_ms),
            config.v_threshold_mv,
            config.v_reset_mv,
            round(config.refractory_ms / dt),
        ),
        state={
            "v": np.full(cell.n, config.v_rest_mv, np.float32),
            "refractory": np.zeros(cell.n, np.float32),
            "bias": np.full(cell.n, config.bias_pa, np.float32),
            "exc": np.zeros(cell.n, np.float32),
            "inh": np.zeros(cell.n, np.float32),
        },
        dynamic=("v", "refractory", "exc", "inh"),
    )
