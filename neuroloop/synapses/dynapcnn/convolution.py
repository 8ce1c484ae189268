r"""A convolution on DYNAP-CNN or Speck, with a sum-pooling before it where the form has one.

.. math:: I_{o, y, x} = \sum_{c, i, j} W_{o, c, i, j} \, n_{c, y s_y + i - p_y, x s_x + j - p_x}

n is how often a neuron fired in the tick.  Weights are whole numbers of 8 bits.  The chip has no
clock: what fires in a tick reaches its target in the same one, unless a delay is asked for.  On the
chip the pooling follows a layer's neurons, which is the same as before the next convolution.

Source: sinabs 3.1, how it prepares a network for the chip.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.network import Convolution
from neuroloop.synapses import _whole_convolution
from neuroloop.synapses._whole_convolution import Sum
from neuroloop.synapses.dynapcnn._weights import eight_bits

FORM = Convolution
"""what its connections are"""
SIGNAL = "graded"
ADDS = np.int32


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay the kernel out."""
    del config
    weight = eight_bits(bundle.connections.kernel)
    return _whole_convolution.convolution(weight, bundle, Sum(counts=True))
