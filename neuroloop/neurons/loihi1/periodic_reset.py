r"""Neuron of Loihi 1 whose current and potential begin anew every so many ticks.

.. math:: u, v \leftarrow 0 \quad \text{where } t \bmod interval = offset \bmod interval

Ticks are counted from 1.  The reset comes first in its tick, whose input acts as in any other; all
else is as in `loihi1.cuba`.  A refractory neuron stays so.

Source: arithmetic of Lava's bit-accurate LIFReset (lava-nc 0.10).
"""

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Struct

from neuroloop.core.kernel import entry
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import H_STEP, N, header, params, state_i32
from neuroloop.neurons.loihi1._cuba import advance, lay
from neuroloop.neurons.loihi1._parameters import Decay, Exponent, Mantissa, Refractory, Threshold
from neuroloop.neurons.loihi1._population import CURRENT, POTENTIAL

RECEPTORS = ("input",)
INPUT = np.int32
ARRAYS = ("bias_mant",)
INTERVAL, OFFSET = 4, 5
"""places among the parameters"""
Ticks = Annotated[int, msgspec.Meta(ge=0, lt=1 << 24)]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; all are whole numbers, and ``bias_mant`` may be given per neuron as an array."""

    du: Decay = 0
    """decay of the current in a tick, less one, in 4096ths; 4095 leaves nothing"""
    dv: Decay = 0
    """decay of the potential in a tick, in 4096ths"""
    vth: Threshold = 10
    """threshold, in units of the input: 64 of the potential's"""
    bias_mant: Mantissa = 0
    bias_exp: Exponent = 0
    refractory: Refractory = 0
    """ticks in which the potential rests after a spike"""
    interval: Annotated[int, msgspec.Meta(ge=1, lt=1 << 24)] = 1
    """ticks between resets"""
    offset: Ticks = 0
    """tick of the first one, counted from 1"""


@entry
def step(arena, row):
    p = params(arena, row)
    interval, offset = np.int64(p[INTERVAL]), np.int64(p[OFFSET])
    if header(arena)[H_STEP] % interval == offset:  # the first tick is step 1
        state_i32(arena, row, CURRENT, row[N])[:] = 0
        state_i32(arena, row, POTENTIAL, row[N])[:] = 0
    advance(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    return lay(config, cell, step, (config.interval, config.offset % config.interval))
