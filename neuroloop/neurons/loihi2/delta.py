r"""Neurons of Loihi 2 that send how much their input changed, once it changed enough.

.. math::
   x = I\, 2^{a + b}, \quad
   d = x - act + residue, \quad s = d \text{ where } |d| \ge v_{th}\, 2^{a + b} \text{, else } 0, \\
   residue \leftarrow d - s, \quad act \leftarrow x, \quad payload = \text{floor}(s / 2^b)

a is ``spike_exp`` and b ``state_exp``.  With ``cumulative``, changes that are too small add up:
:math:`error \leftarrow error + d` is compared in place of d, and is 0 after a spike.  The input of
a tick is the value itself, not a change, and acts in the same tick.  A payload of 0 is no spike.

Sums are formed in 32 bits and wrap around; inputs that do not survive the shift are counted.

Source: Lava (lava-nc 0.10), its delta encoder in fixed point.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.counted import ACTIVE, NEURON_WORDS, OVERFLOWS
from neuroloop.engine.row import N, incoming_i32, state_i32, state_i64
from neuroloop.neurons.loihi2._delta import encode
from neuroloop.neurons.loihi2._graded import Scale, Threshold, scaled
from neuroloop.neurons.loihi2._send import send

RECEPTORS = ("input",)
INPUT = np.int32
SIGNAL = "graded"


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; in the unit of the input."""

    vth: Threshold = 1
    spike_exp: Scale = 0
    """binary places of what is sent"""
    state_exp: Scale = 0
    """further binary places of the state"""
    cumulative: bool = False


@kernel
def update(x, act, residue, error, payload, settings):
    """Encode ``int32[n]`` inputs; clears them.

    Returns how many had an input or a state, and how many inputs were too large.
    """
    threshold, total, own = settings[0], settings[1], settings[2]
    cumulative = settings[3] != 0
    active, over = np.int32(0), np.int32(0)
    for i in range(x.shape[0]):
        given, before, rest, summed = x[i], act[i], residue[i], error[i]
        y = np.int32(given << total)
        spike, left, kept = encode(y, before, rest, summed, threshold, cumulative)
        act[i] = y
        residue[i] = left
        error[i] = kept
        payload[i] = spike >> own
        x[i] = 0
        active = np.int32(active + np.int32((given | before | rest) != 0))
        over = np.int32(over + np.int32((y >> total) != given))
    return active, over


@entry
def step(arena, row):
    n = row[N]
    counted, act = state_i64(arena, row, 0, NEURON_WORDS), state_i32(arena, row, 1, n)
    residue, error = state_i32(arena, row, 2, n), state_i32(arena, row, 3, n)
    payload, settings = state_i32(arena, row, 4, n), state_i32(arena, row, 5, 4)
    x = incoming_i32(arena, row, 0)
    active, over = update(x, act, residue, error, payload, settings)
    counted[ACTIVE] += active
    counted[OVERFLOWS] += over
    send(arena, row, payload, counted)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    total, names = config.spike_exp + config.state_exp, ("act", "residue", "error", "payload")
    numbers = (scaled(config.vth, "vth", total), total, config.state_exp, config.cumulative)
    return Kernel(
        step,
        state={"counted": np.zeros(NEURON_WORDS, np.int64)}
        | {name: np.zeros(cell.n, np.int32) for name in names},
        dynamic=names,
        static={"settings": np.array(numbers, np.int32)},
    )
