r"""Current-based leaky integrate-and-fire neuron of Loihi 1, bit for bit as Lava computes it.

.. math::
   u &\leftarrow \mathrm{wrap}(\mathrm{trunc}(u\,(4096 - (du + 1)) / 4096) + 64\, a) \\
   v &\leftarrow \mathrm{clip}(\mathrm{trunc}(v\,(4096 - dv) / 4096) + u
        + bias\_mant \cdot 2^{bias\_exp}) \\
   s &= v > 64\, vth, \qquad v \leftarrow 0 \text{ where } s

In each tick: the current decays, takes the input a and wraps into its 24 bits; the potential
decays, takes the current and the bias and is cut to 24 bits; compare, fire and reset.  ``trunc``
rounds towards 0.  In the ``refractory`` ticks after a spike the potential stays 0 while the current
goes on; Lava has that rule in floating point only, and that the chip has the same in whole numbers
is an assumption.

Source: M. Davies and others, "Loihi: A neuromorphic manycore processor with on-chip learning",
IEEE Micro 38, 2018; arithmetic of Lava's bit-accurate LIF (lava-nc 0.10).
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.kernel import entry
from neuroloop.core.ports import Cell, Kernel
from neuroloop.neurons.loihi1._cuba import advance, lay
from neuroloop.neurons.loihi1._parameters import Decay, Exponent, Mantissa, Refractory, Threshold

RECEPTORS = ("input",)
INPUT = np.int32
ARRAYS = ("bias_mant",)


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


@entry
def step(arena, row):
    advance(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    return lay(config, cell, step)
