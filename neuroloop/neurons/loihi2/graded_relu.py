r"""Neurons of Loihi 2 that pass their input on where it is positive, and keep nothing.

.. math:: v = I, \qquad s = v \text{ where } v > v_{th} \text{, else } 0

In each tick: the input is v, what is beyond the threshold leaves (strictly: ``v > vth``), and v
is gone.  The population's ``payload`` is s, ``int32[n]``; 0 is no spike.  The input of a tick acts
in the same tick.

Source: Lava (lava-nc 0.10), its graded rectified vector.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Cell, Kernel
from neuroloop.neurons.loihi2._graded import Threshold
from neuroloop.neurons.loihi2._passing import NONE, lay

RECEPTORS = ("input",)
INPUT = np.int32
SIGNAL = "graded"


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; in the unit of the weights."""

    vth: Threshold = 1


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    return lay(cell, NONE, config.vth)
