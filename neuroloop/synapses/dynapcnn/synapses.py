r"""Synapses of DYNAP-CNN and Speck as a list: those of a dense layer.

.. math:: I_i = \sum_j W_{ij}\, n_j

n is how often a neuron fired in the tick.  Weights are whole numbers of 8 bits.  The chip has no
clock: what fires in a tick reaches its target in the same one, unless a delay is asked for.  On the
chip a dense layer is a convolution whose kernel is as large as its input.

Source: sinabs 3.1, how it prepares a network for the chip.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.synapses import _whole
from neuroloop.synapses.dynapcnn._weights import eight_bits

SIGNAL = "graded"
ADDS = np.int32


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay out the synapses."""
    del config
    return _whole.build(bundle, eight_bits(bundle.connections.weight), counts=True)
