r"""Leaky integrate-and-fire with delta synapses, integrated exactly.

.. math:: \tau_m \dot v = v_{rest} - v + bias

A spike of weight w that arrives moves v by w at once.  v, the potentials it is compared with, the
weights and the bias share one unit, which is free: with the defaults v runs from 0 to a threshold
of 1.  In each tick: decay, add the input, compare (``v >= v_threshold``), fire and reset.  A
refractory neuron is held where the reset left it and its input is lost.

Source: W. Gerstner and others, *Neuronal Dynamics*, Cambridge University Press 2014, section 1.3.

With ``update="events"`` a tick visits what a spike reaches: `neuroloop.neurons._lif_events`.
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
EVENTS = True


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; ``v`` and ``bias`` may be given per neuron as arrays."""

    tau_m_ms: Positive = 20.0
    v_rest: float = 0.0
    v_threshold: float = 1.0
    v_reset: float = 0.0
    refractory_ms: NotNegative = 0.0
    bias: float = 0.0
    """constant drive: the height above ``v_rest`` at which v would settle"""
    reset: Literal["hard", "subtract"] = "hard"
    """to ``v_reset``, or down by ``v_threshold - v_reset`` (keeps what was above threshold)"""


@kernel
def update(v, refractory, bias, x, fires, p):
    """Advance ``float32[n]`` neurons by one tick; clears the input."""
    decay, gain, rest, threshold = p[0], p[1], p[2], p[3]
    reset, keep, hold = p[4], p[5], p[6]
    zero, one = np.float32(0), np.float32(1)
    for i in range(v.shape[0]):
        before, left, drive, jump = v[i], refractory[i], bias[i], x[i]
        free = rest + (before - rest) * decay + drive * gain + jump
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
    decay = math.exp(-cell.dt_ms / config.tau_m_ms)
    keep = 1.0 if config.reset == "subtract" else 0.0
    hold = round(config.refractory_ms / cell.dt_ms)
    full = Kernel(
        step,
        params=(
            decay,
            1.0 - decay,
            config.v_rest,
            config.v_threshold,
            config.v_reset,
            keep,
            hold,
        ),
        state={
            "v": np.full(cell.n, config.v_rest, np.float32),
            "refractory": np.zeros(cell.n, np.float32),
            "bias": np.full(cell.n, config.bias, np.float32),
        },
        dynamic=("v", "refractory"),
    )
    if cell.events:
        from neuroloop.neurons._lif_events import with_events

        return with_events(full, cell.n)
    return full
