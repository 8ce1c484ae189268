r"""Leaky integrate-and-fire with delta synapses and a threshold that rises with each spike.

.. math::
   \tau_m \dot v = v_{rest} - v + bias, \qquad \tau_\theta \dot\theta = -\theta, \qquad
   v \ge v_{threshold} + \theta: \quad \theta \leftarrow \theta + \theta_{jump}

Integrated exactly.  A spike of weight w that arrives moves v by w at once; v, the thresholds, the
weights and the bias share one unit, which is free.  In each tick: v and theta decay, add the input,
compare (``v >= v_threshold + theta``), fire, reset, and add the jump to theta.  The input of a tick
acts in the same tick.  A refractory neuron is held where the reset left it for the ticks after its
spike and its input is lost; theta goes on.

Sources: G. Bellec and others, "Long short-term memory and learning-to-learn in networks of spiking
neurons", NeurIPS 2018; W. Gerstner and others, *Neuronal Dynamics*, Cambridge University Press
2014, section 6.1.
"""

import math
from typing import Literal

import numpy as np
from msgspec import Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import N, fire, incoming, params, spiking, state_f32

RECEPTORS = ("input",)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``v``, ``theta`` and ``bias`` may be given per neuron as arrays."""

    tau_m_ms: Positive = 20.0
    v_rest: float = 0.0
    v_threshold: float = 1.0
    """where theta is 0"""
    v_reset: float = 0.0
    refractory_ms: NotNegative = 0.0
    tau_theta_ms: Positive = 200.0
    theta_jump: NotNegative = 0.1
    bias: float = 0.0
    """constant drive: the height above ``v_rest`` at which v would settle"""
    reset: Literal["hard", "subtract"] = "hard"
    """to ``v_reset``, or down by ``v_threshold + theta - v_reset`` (keeps what was above)"""


@kernel
def update(v, refractory, theta, bias, x, fires, p):
    """Advance ``float32[n]`` neurons by one tick; clears the input."""
    decay, gain, rest, threshold, reset, keep = p[0], p[1], p[2], p[3], p[4], p[5]
    hold, fall, rise = p[6], p[7], p[8]
    zero, one = np.float32(0), np.float32(1)
    for i in range(v.shape[0]):
        before, left, above, drive, jump = v[i], refractory[i], theta[i], bias[i], x[i]
        free = rest + (before - rest) * decay + drive * gain + jump
        value = before if left > zero else free
        above = above * fall
        over = value - (threshold + above)
        spike = (over >= zero) & (left <= zero)
        lowered = reset + keep * over
        raised = above + rise
        v[i] = lowered if spike else value
        refractory[i] = hold if spike else max(left - one, zero)
        theta[i] = raised if spike else above
        fires[i] = np.uint8(spike)
        x[i] = zero


@entry
def step(arena, row):
    n = row[N]
    update(
        state_f32(arena, row, 0, n),
        state_f32(arena, row, 1, n),
        state_f32(arena, row, 2, n),
        state_f32(arena, row, 3, n),
        incoming(arena, row, 0),
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
            math.exp(-dt / config.tau_m_ms),
            -math.expm1(-dt / config.tau_m_ms),
            config.v_rest,
            config.v_threshold,
            config.v_reset,
            1.0 if config.reset == "subtract" else 0.0,
            round(config.refractory_ms / dt),
            math.exp(-dt / config.tau_theta_ms),
            config.theta_jump,
        ),
        state={
            "v": np.full(cell.n, config.v_rest, np.float32),
            "refractory": np.zeros(cell.n, np.float32),
            "theta": np.zeros(cell.n, np.float32),
            "bias": np.full(cell.n, config.bias, np.float32),
        },
        dynamic=("v", "refractory", "theta"),
    )
