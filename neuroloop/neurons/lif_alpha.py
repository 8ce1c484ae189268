r"""Leaky integrate-and-fire with alpha-shaped current synapses, integrated exactly.

.. math::
   C_m \dot v = -\frac{C_m}{\tau_m}(v - v_{rest}) + I_{exc} + I_{inh} + bias, \qquad
   \dot I_s = y_s - I_s/\tau_s, \qquad \dot y_s = -y_s/\tau_s

A spike of weight w (pA; negative ones to ``inh``) raises :math:`y_s` by :math:`w\,e/\tau_s`, so its
current is :math:`w\,(t/\tau_s)\,e^{1 - t/\tau_s}`, which peaks at w after :math:`\tau_s`.

In each tick: v moves under the currents of the tick's start, the currents go on, arriving spikes
are added to their rise, compare (``v >= v_threshold``), fire and reset.  So a spike that enters a
tick moves v from the next one on, whatever its delay.  A refractory neuron holds v at ``v_reset``
for the ticks after its spike while its currents go on.

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
    tau_exc_ms: Positive = 2.0
    tau_inh_ms: Positive = 2.0
    bias_pa: float = 0.0


@kernel
def update(v, refractory, bias, exc, rise_exc, inh, rise_inh, x_exc, x_inh, fires, p):
    """Advance ``float32[n]`` neurons by one tick; clears the inputs."""
    decay, from_bias, rest, threshold, reset, hold = p[0], p[1], p[2], p[3], p[4], p[5]
    decay_e, grow_e, kick_e, from_e, from_rise_e = p[6], p[7], p[8], p[9], p[10]
    decay_h, grow_h, kick_h, from_h, from_rise_h = p[11], p[12], p[13], p[14], p[15]
    zero, one = np.float32(0), np.float32(1)
    for i in range(v.shape[0]):
        before, left, drive = v[i], refractory[i], bias[i]
        e, up_e, e_in = exc[i], rise_exc[i], x_exc[i]
        h, up_h, h_in = inh[i], rise_inh[i], x_inh[i]
        moved = e * from_e + up_e * from_rise_e + h * from_h + up_h * from_rise_h
        free = rest + (before - rest) * decay + moved + drive * from_bias
        value = reset if left > zero else free
        spike = (value >= threshold) & (left <= zero)
        v[i] = reset if spike else value
        refractory[i] = hold if spike else max(left - one, zero)
        fires[i] = np.uint8(spike)
        exc[i] = e * decay_e + up_e * grow_e
        inh[i] = h * decay_h + up_h * grow_h
        rise_exc[i] = up_e * decay_e + e_in * kick_e
        rise_inh[i] = up_h * decay_h + h_in * kick_h
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
        state_f32(arena, row, 5, n),
        state_f32(arena, row, 6, n),
        incoming(arena, row, 0),
        incoming(arena, row, 1),
        spiking(arena, row),
        params(arena, row),
    )
    fire(arena, row)


def _moments(gap: float) -> tuple[float, float]:
    """Return the integrals of exp(gap u) and of u exp(gap u) over u from 0 to 1."""
    if abs(gap) > 1.0:
        grown = math.exp(gap)
        return (grown - 1.0) / gap, (grown * (gap - 1.0) + 1.0) / gap**2
    terms = [gap**k / math.factorial(k) for k in range(20)]  # no cancelling near 0
    return sum(t / (k + 1) for k, t in enumerate(terms)), sum(
        t / (k + 2) for k, t in enumerate(terms)
    )


def _synapse(dt: float, tau_m: float, tau_s: float, c_m: float) -> tuple[float, ...]:
    """Return what a tick does to one receptor's current and rise, and what they do to v."""
    decay, leak = math.exp(-dt / tau_s), math.exp(-dt / tau_m) / c_m
    level, slope = _moments(dt / tau_m - dt / tau_s)
    return decay, dt * decay, math.e / tau_s, leak * dt * level, leak * dt**2 * slope


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    dt, tau, c = cell.dt_ms, config.tau_m_ms, config.c_m_pf
    return Kernel(
        step,
        params=(
            math.exp(-dt / tau),
            -math.expm1(-dt / tau) * tau / c,
            config.v_rest_mv,
            config.v_threshold_mv,
            config.v_reset_mv,
            round(config.refractory_ms / dt),
            *_synapse(dt, tau, config.tau_exc_ms, c),
            *_synapse(dt, tau, config.tau_inh_ms, c),
        ),
        state={
            "v": np.full(cell.n, config.v_rest_mv, np.float32),
            "refractory": np.zeros(cell.n, np.float32),
            "bias": np.full(cell.n, config.bias_pa, np.float32),
            **{
                name: np.zeros(cell.n, np.float32)
                for name in ("exc", "rise_exc", "inh", "rise_inh")
            },
        },
        dynamic=("v", "refractory", "exc", "rise_exc", "inh", "rise_inh"),
    )
