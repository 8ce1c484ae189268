r"""Integrate-and-fire of DYNAP-CNN and Speck: no leak, several spikes in a tick, whole numbers.

.. math::
   v \leftarrow v + I + b, \qquad
   n = \text{floor}(v / v_{threshold}) \text{ where } v \ge v_{threshold} \text{, else } 0, \qquad
   v \leftarrow \max(v - n \, v_{threshold}, v_{min})

In each tick: the input and the bias are added, the neuron fires n times, v goes down by n
thresholds and is cut from below.  The input of a tick acts in the same tick.  Its spikes carry n:
the population's ``payload`` is ``int32[n]``, 0 where a neuron did not fire.  Sums are formed in 32
bits, and what stays of them between ticks fits into 16.

Source: sinabs 3.1, its integrate-and-fire layer with several spikes a tick, and how it prepares a
network for the chip: weights and biases of 8 bits, potentials of 16.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import i32, lowest, nonzero64, u8
from neuroloop.core.ports import Cell, Kernel
from neuroloop.core.values import Int32s
from neuroloop.engine.counted import ACTIVE, NEURON_WORDS, SENT
from neuroloop.engine.row import (
    OUT,
    SPIKING,
    N,
    fire,
    incoming_i32,
    lanes,
    spiking,
    state_i32,
    state_i64,
)

RECEPTORS = ("input",)
INPUT = np.int32
SIGNAL = "graded"
COUNTS = True
"""its spikes carry how often a neuron fired"""
ARRAYS = ("bias",)
LOWEST, HIGHEST = -128, 127
"""of a bias"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; all in the unit of the weights, ``bias`` may be given per neuron as an array."""

    threshold: Annotated[int, Meta(ge=1, le=32767)] = 100
    v_min: Annotated[int, Meta(ge=-32768, le=0)] = -32768
    """v never goes below"""
    bias: Annotated[int, Meta(ge=LOWEST, le=HIGHEST)] = 0
    """what v gains in a tick"""


@kernel
def update(v, bias, x, payload, fires, threshold, v_min):
    """Add input and bias to ``int32[n]`` neurons, and mark who reached the threshold.

    Returns how many had an input or a potential; clears the input.
    """
    active = np.int32(0)
    for i in range(v.shape[0]):
        before, drive, jump = v[i], bias[i], x[i]
        value = np.int32(before + drive + jump)
        v[i] = value if value > v_min else v_min
        payload[i] = 0
        fires[i] = np.uint8(value >= threshold)
        x[i] = 0
        active = np.int32(active + np.int32((before | drive | jump) != 0))
    return active


@kernel
def lower(v, payload, fires, threshold):
    """Count the spikes of those that are marked, and take them off the potential."""
    for some in range(0, v.shape[0], 64):
        word = nonzero64(fires, some)
        while word:
            i = some + lowest(word)
            word &= word - np.uint64(1)
            # rests of the last line may hold anything
            if i < v.shape[0]:
                payload[i] = v[i] // threshold
                v[i] -= payload[i] * threshold


@kernel
def total(payload, spikes):
    """Return how many spikes these are."""
    sent = 0
    for k in range(spikes[0]):
        sent += payload[spikes[k + 1]]
    return sent


@entry
def step(arena, row):
    n = row[N]
    counted, v = state_i64(arena, row, 0, NEURON_WORDS), state_i32(arena, row, 1, n)
    payload, bias = state_i32(arena, row, 2, n), state_i32(arena, row, 3, n)
    limits = state_i32(arena, row, 4, 2)
    threshold, v_min = limits[0], limits[1]
    x, fires = incoming_i32(arena, row, 0), spiking(arena, row)
    counted[ACTIVE] += update(v, bias, x, payload, fires, threshold, v_min)
    lower(v, payload, u8(arena, row[SPIKING], lanes(n)), threshold)
    fire(arena, row)
    counted[SENT] += total(payload, i32(arena, row[OUT], n + 1))


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    return Kernel(
        step,
        state={
            "counted": np.zeros(NEURON_WORDS, np.int64),
            "v": np.zeros(cell.n, np.int32),
            "payload": np.zeros(cell.n, np.int32),
            "bias": _bias(config, cell),
        },
        dynamic=("v", "payload"),
        static={"limits": np.array([config.threshold, config.v_min], np.int32)},
    )


def _bias(config: Config, cell: Cell) -> Int32s:
    """Return the bias of each neuron."""
    given = cell.arrays.get("bias", np.full(cell.n, config.bias, np.float64))
    if given.shape != (cell.n,):
        raise ConfigError(f"bias has shape {given.shape}, not ({cell.n},)")
    wrong = given[(given != np.rint(given)) | (given < LOWEST) | (given > HIGHEST)]
    if wrong.size:
        raise ConfigError(
            f"a bias of {wrong[0]:g}; the chip has whole numbers of {LOWEST} to {HIGHEST}"
        )
    return given.astype(np.int32)
