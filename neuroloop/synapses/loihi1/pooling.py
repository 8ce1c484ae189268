r"""Pooling on Loihi 1: each spike adds one weight to every window that its place lies in.

.. math:: I_{c, y, x} = wrap_{24}\Bigl(W \sum_{i, j} s_{c, y s_y + i, x s_x + j}\Bigr) 2^e

It is a convolution of each map with itself (`neuroloop.synapses.loihi1.convolution`), with the same
weights, sums and delays.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.network import Pooling
from neuroloop.synapses import _whole_convolution
from neuroloop.synapses._whole_convolution import Sum
from neuroloop.synapses.loihi1._delays import check_delays
from neuroloop.synapses.loihi1._weights import Bits, Exponent, Sign, loihi1_weights

FORM = Pooling
"""what its connections are"""
SIGNAL = "graded"
ADDS = np.int32


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings; weights are given as whole numbers."""

    exponent: Exponent = 0
    """weights count 2**exponent times"""
    bits: Bits = 8
    """of a weight; each bit less makes a step between weights twice as large"""
    sign: Sign = "auto"
    """``mixed`` weights are even numbers of -256 to 254; ``excitatory`` ones 0 to 255,
    ``inhibitory`` ones -255 to 0; ``auto`` takes what the weights are"""


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay the sizes out."""
    check_delays(bundle)
    weight = loihi1_weights(
        *([bundle.connections.weight], config.bits, config.sign, config.exponent, "its weight")
    )
    after = Sum(bits=24, shift=max(-config.exponent, 0))
    return _whole_convolution.pooling(weight, bundle, after)
