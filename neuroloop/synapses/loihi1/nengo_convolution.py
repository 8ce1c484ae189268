r"""A convolution on Loihi 1 as NengoLoihi's emulator reads the chip: weights scaled one by one.

.. math:: q_{o, y, x} = \sum_{c, i, j} W_{o, c, i, j}\, 2^{6 + e} \,
          s_{c, y s_y + i - p_y, x s_x + j - p_x}

Weights are whole numbers of -256 to 255 and so are the scaled ones; their sum loses nothing, and
wraps in the neuron (`neuroloop.neurons.loihi1.nengo`).  A delay is 1 to 64 ticks; the emulator
itself has 1 alone.

Source: T. Bekolay and others, NengoLoihi 1.1, emulator and discretization.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.network import Convolution
from neuroloop.synapses import _whole_convolution
from neuroloop.synapses._whole_convolution import Sum
from neuroloop.synapses.loihi1._delays import check_delays
from neuroloop.synapses.loihi1._weights import Exponent, nengo_weights

FORM = Convolution
"""what its connections are"""
ADDS = np.int32


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings; weights are given as whole numbers."""

    exponent: Exponent = 0
    """weights count 2**(6 + exponent) times"""


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay the kernel out."""
    check_delays(bundle)
    weight = nengo_weights(bundle.connections.kernel, config.exponent, "its kernel")
    return _whole_convolution.convolution(weight, bundle, Sum())
