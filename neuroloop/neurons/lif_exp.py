r"""Leaky integrate-and-fire with exponential current synapses, integrated exactly.

.. math::
   C_m \dot v = -\frac{C_m}{\tau_m}(v - v_{rest}) + I_{exc} + I_{inh} + bias, \qquad
   \dot I_{exc} = -I_{exc}/\tau_{exc}, \qquad \dot I_{inh} = -I_{inh}/\tau_{inh}

Weights are in pA and raise the current at once (negative ones to ``inh``).  In each tick: v moves
under the currents of the tick's start, the currents decay, arriving spikes are added to them,
compare (``v >= v_threshold``), fire and reset.  So a spike that enters a tick moves v from the next
one on, whatever its delay.  A refractory neuron holds v at ``v_reset`` for the ticks after its
spike while its currents go on.

Source: S. Rotter and M. Diesmann, "Exact digital simulation of time-invariant linear systems",
Biological Cybernetics 81, 1999.
"""

import math

import numpy as np
from msgspec import Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import N, fire, incoming, params, spiking, state_f32

RECEPTORS = ("exc", "inh")


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``v`` and ``bias`` may be given per neuron as arrays."""

    tau_m_ms: Positive = 20.0
    c_m_pf: Positive = 200.0
    v_rest_mv: float = -60.0
    v_threshold_mv: float = -50.0
    v_reset_mv: float = -60.0
    refractory_ms: NotNegative = 5.0
    tau_exc_ms: Positive = 5.0
    tau_inh_ms: Positive = 10.0
    bias_pa: float = 0.0


@kernel
def update(v, refractory, bias, exc, inh, x_exc, x_inh, fires, p):
    """Advance ``float32[n]`` neurons by one tick; clears the inputs."""
    decay, from_exc, from_inh, from_bias = p[0], p[1], p[2], p[3]
    decay_exc, decay_inh, rest, threshold = p[4], p[5], p[6], p[7]
    reset, hold = p[8], p[9]
    zero, one = np.float32(0), np.float32(1)
    for i in range(v.shape[0]):
        before, left, e, h, drive = v[i], refractory[i], exc[i], inh[i], bias[i]
        e_in, h_in = x_exc[i], x_inh[i]
        free = rest + (before - rest) * decay + e * from_exc + h * from_inh + drive * from_bias
        value = reset if left > zero else free
        spike = (value >= threshold) & (left <= zero)
        v[i] = reset if spike else value
        refractory[i] = hold if spike else max(left - one, zero)
        fires[i] = np.uint8(spike)
        exc[i] = e * decay_exc + e_in
        inh[i] = h * decay_inh + h_in
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


def _reach(dt_ms: float, tau_m_ms: float, tau_s_ms: float, c_m_pf: float) -> float:
    """Return what 1 pA decaying with tau_s moves v in one tick, mV; the limit where both agree."""
    decay = math.exp(-dt_ms / tau_m_ms)
    gap = dt_ms / tau_m_ms - dt_ms / tau_s_ms
    # (exp(-h/tau_m) - exp(-h/tau_s)) / (1/tau_s - 1/tau_m), without cancelling near tau_s = tau_m
    mean = -math.expm1(gap) / -gap if gap else 1.0
    return decay * mean * dt_ms / c_m_pf


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    dt, tau, c = cell.dt_ms, config.tau_m_ms, config.c_m_pf
    decay = math.exp(-dt / tau)
    return Kernel(
        step,
        params=(
            decay,
            _reach(dt, tau, config.tau_exc_ms, c),
            _reach(dt, tau, config.tau_inh_ms, c),
            (1.0 - decay) * tau / c,
            math.exp(-dt / config.tau_exc_ms),
            math.exp(-dt / config.tau_inh_ms),
            config.v_rest_mv,
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
