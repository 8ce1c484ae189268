r"""Sigma-delta neurons of Loihi 2: changes come in, are summed, rectified, and changes leave.

.. math::
   \sigma \leftarrow \sigma + I, \quad y = \max(\sigma + bias\, 2^{a + b}, 0), \\
   d = y - act + residue, \quad s = d \text{ where } |d| \ge v_{th}\, 2^{a + b} \text{, else } 0, \\
   residue \leftarrow d - s, \quad act \leftarrow y, \quad payload = \text{floor}(s / 2^b)

a is ``spike_exp`` and b ``state_exp``; what comes in is in the scale of the state already.  With
``cumulative``, changes that are too small add up: :math:`error \leftarrow error + d` is compared in
place of d, and is 0 after a spike.  The input of a tick acts in the same tick.  A payload of 0 is
no spike.  Sums are formed in 32 bits; those that wrap around are counted.

Source: Lava (lava-nc 0.10), its sigma-delta neuron in fixed point.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.core.values import Int32s
from neuroloop.engine.counted import ACTIVE, NEURON_WORDS, OVERFLOWS
from neuroloop.engine.row import N, incoming_i32, state_i32, state_i64
from neuroloop.neurons.loihi2._delta import encode
from neuroloop.neurons.loihi2._graded import Scale, Threshold, scaled
from neuroloop.neurons.loihi2._send import send

RECEPTORS = ("input",)
INPUT = np.int32
SIGNAL = "graded"
ARRAYS = ("bias",)
MOST = (1 << 15) - 1
"""of the magnitude of a bias"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; in the unit of the activation, ``bias`` may be given per neuron as an array."""

    vth: Threshold = 1
    bias: Annotated[int, Meta(ge=-MOST, le=MOST)] = 0
    spike_exp: Scale = 0
    """binary places of what is sent"""
    state_exp: Scale = 0
    """further binary places of the state"""
    cumulative: bool = False


@kernel
def update(x, sigma, bias, act, residue, error, payload, settings):
    """Sum ``int32[n]`` inputs and encode what becomes of them; clears them.

    Returns how many had an input or a state, and how many sums wrapped around.
    """
    threshold, own, cumulative = settings[0], settings[1], settings[2] != 0
    active, over, zero = np.int32(0), np.int32(0), np.int32(0)
    for i in range(x.shape[0]):
        given, before, drive = x[i], sigma[i], bias[i]
        last, rest, summed = act[i], residue[i], error[i]
        after = np.int32(before + given)
        driven = np.int32(after + drive)
        y = driven if driven > zero else zero
        spike, left, kept = encode(y, last, rest, summed, threshold, cumulative)
        sigma[i] = after
        act[i] = y
        residue[i] = left
        error[i] = kept
        payload[i] = spike >> own
        x[i] = 0
        active = np.int32(active + np.int32((given | before | last | rest) != 0))
        # a sum wrapped where its sign is that of neither term
        wrapped = ((after ^ before) & (after ^ given)) | ((driven ^ after) & (driven ^ drive))
        over = np.int32(over + np.int32(wrapped < zero))
    return active, over


@entry
def step(arena, row):
    n = row[N]
    counted, sigma = state_i64(arena, row, 0, NEURON_WORDS), state_i32(arena, row, 1, n)
    act, residue = state_i32(arena, row, 2, n), state_i32(arena, row, 3, n)
    error, payload = state_i32(arena, row, 4, n), state_i32(arena, row, 5, n)
    bias, settings = state_i32(arena, row, 6, n), state_i32(arena, row, 7, 3)
    x = incoming_i32(arena, row, 0)
    active, over = update(x, sigma, bias, act, residue, error, payload, settings)
    counted[ACTIVE] += active
    counted[OVERFLOWS] += over
    send(arena, row, payload, counted)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    total = config.spike_exp + config.state_exp
    names = ("sigma", "act", "residue", "error", "payload")
    numbers = (scaled(config.vth, "vth", total), config.state_exp, config.cumulative)
    return Kernel(
        step,
        state={"counted": np.zeros(NEURON_WORDS, np.int64)}
        | {name: np.zeros(cell.n, np.int32) for name in names}
        | {"bias": _bias(config, cell)},
        dynamic=names,
        static={"settings": np.array(numbers, np.int32)},
    )


def _bias(config: Config, cell: Cell) -> Int32s:
    """Return the bias of each neuron, in the scale of the state."""
    given = cell.arrays.get("bias", np.full(cell.n, config.bias, np.float64))
    if given.shape != (cell.n,):
        raise ConfigError(f"bias has shape {given.shape}, not ({cell.n},)")
    wrong = given[(given != np.rint(given)) | (np.abs(given) > MOST)]
    if wrong.size:
        raise ConfigError(f"a bias of {wrong[0]:g}; whole numbers of -{MOST} to {MOST} are wanted")
    return given.astype(np.int32) << np.int32(config.spike_exp + config.state_exp)
