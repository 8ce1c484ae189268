r"""Adaptive exponential integrate-and-fire with exponential current synapses.

.. math::
   C_m \dot v &= -g_{leak}(v - v_{rest}) + g_{leak}\Delta_T e^{(v - v_{threshold})/\Delta_T} - w
   + I_{exc} + I_{inh} + bias \\
   \tau_w \dot w &= a(v - v_{rest}) - w, \qquad \dot I_s = -I_s/\tau_s \\
   v \ge v_{peak}: \quad v &\leftarrow v_{reset}, \quad w \leftarrow w + b

Weights are in pA and raise the current at once (negative ones to ``inh``).

Method: a tick is cut into equal steps of ``step_ms`` at most.  In each step v and w move under the
currents, the exponential and the other variable of its start (exponential Euler: exact for what is
linear, of first order for the rest, stable for any step), then the currents decay; compare
(``v >= v_peak``), fire and reset.  The exponent is held to `STEEPEST` and v to ``v_peak``, so that
nothing overflows.  Arriving spikes are added to the currents at the end of the tick: they move v
from the next tick on, whatever the delay.

A neuron fires once a tick at most; one that comes to ``v_peak`` again waits there for the next
tick.  A refractory neuron holds v at ``v_reset`` for ``refractory_ms`` in steps after its spike
while w and its currents go on.

Source: R. Brette and W. Gerstner, "Adaptive exponential integrate-and-fire model as an effective
description of neuronal activity", Journal of Neurophysiology 94, 2005, whose neuron is the default.
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
STEEPEST = np.float32(30.0)
"""largest exponent: e^30 crosses any potential in one step"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``v``, ``w`` and ``bias`` may be given per neuron as arrays."""

    c_m_pf: Positive = 281.0
    g_leak_ns: Positive = 30.0
    v_rest_mv: float = -70.6
    v_threshold_mv: float = -50.4
    delta_t_mv: Positive = 2.0
    v_peak_mv: float = 20.0
    v_reset_mv: float = -70.6
    tau_w_ms: Positive = 144.0
    a_ns: float = 4.0
    b_pa: float = 80.5
    refractory_ms: NotNegative = 0.0
    tau_exc_ms: Positive = 5.0
    tau_inh_ms: Positive = 10.0
    bias_pa: float = 0.0
    step_ms: Positive = 0.1


@kernel
def update(v, w, refractory, bias, exc, inh, fires, p):
    """Advance ``float32[n]`` neurons by one step of a tick."""
    rest, from_current, gain, sharp, threshold = p[0], p[1], p[2], p[3], p[4]
    peak, reset, a, b, gain_w, hold = p[5], p[6], p[7], p[8], p[9], p[10]
    decay_exc, decay_inh, per_sharp = p[11], p[12], p[13]
    zero, one = np.float32(0), np.float32(1)
    for i in range(v.shape[0]):
        volt, slow, left, drive, e, h = v[i], w[i], refractory[i], bias[i], exc[i], inh[i]
        fired = fires[i]
        steep = exp32(min((volt - threshold) * per_sharp, STEEPEST))
        target = rest + sharp * steep + (e + h + drive - slow) * from_current
        free = min(volt + (target - volt) * gain, peak)
        slower = slow + (a * (volt - rest) - slow) * gain_w
        value = reset if left > zero else free
        spike = (value >= peak) & (left <= zero) & (fired == 0)
        v[i] = reset if spike else value
        jumped = slower + b
        w[i] = jumped if spike else slower
        refractory[i] = hold if spike else max(left - one, zero)
        fires[i] = np.uint8(spike | (fired != 0))
        exc[i] = e * decay_exc
        inh[i] = h * decay_inh


@kernel
def arrive(current, x):
    """Add the input of a tick to ``float32[n]`` currents; clears it."""
    for i in range(x.shape[0]):
        current[i] += x[i]
        x[i] = np.float32(0)


@entry
def step(arena, row):
    n, p = row[N], params(arena, row)
    exc, inh, fires = state_f32(arena, row, 4, n), state_f32(arena, row, 5, n), spiking(arena, row)
    fires[:] = 0
    for _ in range(np.int64(p[14])):
        update(
            state_f32(arena, row, 0, n),
            state_f32(arena, row, 1, n),
            state_f32(arena, row, 2, n),
            state_f32(arena, row, 3, n),
            exc,
            inh,
            fires,
            p,
        )
    arrive(exc, incoming(arena, row, 0))
    arrive(inh, incoming(arena, row, 1))
    fire(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    steps = math.ceil(cell.dt_ms / config.step_ms - 1e-9)
    h = cell.dt_ms / steps
    return Kernel(
        step,
        params=(
            config.v_rest_mv,
            1.0 / config.g_leak_ns,
            -math.expm1(-h * config.g_leak_ns / config.c_m_pf),
            config.delta_t_mv,
            config.v_threshold_mv,
            config.v_peak_mv,
            config.v_reset_mv,
            config.a_ns,
            config.b_pa,
            -math.expm1(-h / config.tau_w_ms),
            round(config.refractory_ms / cell.dt_ms) * steps,
            math.exp(-h / config.tau_exc_ms),
            math.exp(-h / config.tau_inh_ms),
            1.0 / config.delta_t_mv,
            steps,
        ),
        state={
            "v": np.full(cell.n, config.v_rest_mv, np.float32),
            "w": np.zeros(cell.n, np.float32),
            "refractory": np.zeros(cell.n, np.float32),
            "bias": np.full(cell.n, config.bias_pa, np.float32),
            "exc": np.zeros(cell.n, np.float32),
            "inh": np.zeros(cell.n, np.float32),
        },
        dynamic=("v", "w", "refractory", "exc", "inh"),
    )
