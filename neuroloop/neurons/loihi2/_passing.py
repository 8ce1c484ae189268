"""Neurons that pass on what is beyond one of two thresholds as graded spikes, and keep nothing."""

import numpy as np

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.counted import ACTIVE, NEURON_WORDS
from neuroloop.engine.row import N, incoming_i32, state_i32, state_i64
from neuroloop.neurons.loihi2._send import send

NONE = -(1 << 31)
"""a lower threshold that nothing is below"""


@kernel
def update(x, payload, low, high):
    """Pass the input on; clears it, and returns how many had one."""
    active = np.int32(0)
    for i in range(x.shape[0]):
        v = x[i]
        payload[i] = v if (v > high) | (v < low) else np.int32(0)
        x[i] = 0
        active = np.int32(active + np.int32(v != 0))
    return active


@entry
def step(arena, row):
    n = row[N]
    counted, payload = state_i64(arena, row, 0, NEURON_WORDS), state_i32(arena, row, 1, n)
    limits = state_i32(arena, row, 2, 2)
    counted[ACTIVE] += update(incoming_i32(arena, row, 0), payload, limits[0], limits[1])
    send(arena, row, payload, counted)


def lay(cell: Cell, low: int, high: int) -> Kernel:
    """Lay out neurons that pass on what is above ``high`` or below ``low``."""
    return Kernel(
        step,
        state={"counted": np.zeros(NEURON_WORDS, np.int64), "payload": np.zeros(cell.n, np.int32)},
        dynamic=("payload",),
        static={"limits": np.array([low, high], np.int32)},
    )
