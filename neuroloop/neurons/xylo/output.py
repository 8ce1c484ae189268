r"""Output neuron of Xylo (core v2): 16 bits, decay by shifts, one synapse, one spike a tick.

.. math:: i \leftarrow i - D(i, dash_{syn}), \qquad v \leftarrow v + (i - D(v, dash_{mem}) + bias)

.. math:: v \ge threshold: \quad v \leftarrow v - threshold

It is a hidden neuron (`neuroloop.neurons.xylo.hidden`, with the decay D and the order of a tick) of
one current, which fires once a tick at most; what is left over stays in v.  Only hidden neurons
reach it, and it reaches none.

Source: the public simulator of the chip (xylosim 0.1.3, core v2), whose every number this gives.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import i32
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.counted import NEURON_WORDS
from neuroloop.engine.row import OUT, N, fire, spiking, state_i32, state_i64
from neuroloop.engine.saturated import settle
from neuroloop.neurons.xylo import _membrane
from neuroloop.neurons.xylo._membrane import (
    Bias,
    Dash,
    Threshold,
    busy,
    decay,
    moved,
    spend,
    tally,
)

RECEPTORS = ("syn1",)
INPUT = np.int32
ARRAYS = ("dash_mem", "dash_syn", "threshold", "bias")
I_1, V, DASH_MEM, DASH_SYN, THRESHOLD, BIAS, COUNTED, TIMES = range(8)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters in the chip's numbers; each may be given per neuron as an array."""

    dash_mem: Dash = 4
    """decay of the potential: a time constant of about 2^dash ticks"""
    dash_syn: Dash = 2
    """decay of the current"""
    threshold: Threshold = 1024
    bias: Bias = 0
    """what v gains in a tick"""


@kernel
def integrate(v, current, dash, bias):
    """Move ``int32[n]`` potentials by a tick."""
    for j in range(v.shape[0]):
        v[j] = moved(v[j], current[j], dash[j], bias[j])


@entry
def step(arena, row):
    n = row[N]
    current, v = state_i32(arena, row, I_1, n), state_i32(arena, row, V, n)
    missed = settle(arena, row, 0, current)
    active = busy(v, current, current)
    decay(current, state_i32(arena, row, DASH_SYN, n))
    dash, bias = state_i32(arena, row, DASH_MEM, n), state_i32(arena, row, BIAS, n)
    integrate(v, current, dash, bias)
    times = state_i32(arena, row, TIMES, n)
    spend(v, state_i32(arena, row, THRESHOLD, n), times, spiking(arena, row), np.int32(1))
    fire(arena, row)
    counted, spikes = state_i64(arena, row, COUNTED, NEURON_WORDS), i32(arena, row[OUT], n + 1)
    tally(counted, active, missed, spikes, times)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    zeros = np.zeros(cell.n, np.int32)
    parameters = _membrane.arrays(
        cell.n,
        cell.arrays,
        dash_mem=config.dash_mem,
        dash_syn=config.dash_syn,
        threshold=config.threshold,
        bias=config.bias,
    )
    state = {"i": zeros, "v": zeros, **parameters, "times": zeros}
    return Kernel(step, state=state, dynamic=("i", "v"))
