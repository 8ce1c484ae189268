r"""Synapses of Loihi 1 as NengoLoihi's emulator reads the chip: weights scaled one by one.

.. math:: q = \sum_j W_j\, 2^{6 + e}\, s_j

Weights are whole numbers of -256 to 255 and so are the scaled ones; their sum loses nothing, and
wraps in the neuron (`loihi1.nengo`).  A delay is 1 to 64 ticks; the emulator itself has 1 alone.

Source: NengoLoihi 1.1 (Applied Brain Research), its emulator and its discretisation.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.synapses import _whole
from neuroloop.synapses.loihi1._delays import check_delays
from neuroloop.synapses.loihi1._weights import Exponent, nengo_weights

ADDS = np.int32


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings; weights are given as whole numbers."""

    exponent: Exponent = 0
    """weights count 2**(6 + exponent) times"""


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay out the synapses."""
    check_delays(bundle)
    weight = nengo_weights(bundle.connections.weight, config.exponent, "its weights")
    return _whole.build(bundle, weight)
