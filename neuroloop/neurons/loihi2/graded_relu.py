r"""Neurons of Loihi 2 that pass their input on where it is positive, and keep nothing.

.. math:: v = I, \qquad s = v \text{ where } v > v_{th} \text{, else } 0

In each tick: the input is v, what is beyond the threshold leaves (strictly: ``v > vth``), and v
is gone.  The population's ``payload`` is s, ``int32[n]``; 0 is no spike.  The input of a tick acts
in the same tick.

Source: Lava (lava-nc 0.10), its graded rectified vector.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.counted import ACTIVE, NEURON_WORDS
from neuroloop.engine.row import N, incoming_i32, state_i32, state_i64
from neuroloop.neurons.loihi2._graded import Threshold
from neuroloop.neurons.loihi2._send import send

RECEPTORS = ("input",)
INPUT = np.int32
SIGNAL = "graded"


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; in the unit of the weights."""

    vth: Threshold = 1


@kernel
def update(x, payload, threshold):
    """Pass the input on; clears it, and returns how many had one."""
    active = np.int32(0)
    for i in range(x.shape[0]):
        v = x[i]
        payload[i] = v if v > threshold else np.int32(0)
        x[i] = 0
        active = np.int32(active + np.int32(v != 0))
    return active


@entry
def step(arena, row):
    n = row[N]
    counted, payload = state_i64(arena, row, 0, NEURON_WORDS), state_i32(arena, row, 1, n)
    threshold = state_i32(arena, row, 2, 1)[0]
    counted[ACTIVE] += update(incoming_i32(arena, row, 0), payload, threshold)
    send(arena, row, payload, counted)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    return Kernel(
        step,
        state={"counted": np.zeros(NEURON_WORDS, np.int64), "payload": np.zeros(cell.n, np.int32)},
        dynamic=("payload",),
        static={"vth": np.array([config.vth], np.int32)},
    )
