r"""A convolution on Loihi 1: the flipped kernel around each spike, in whole numbers.

.. math:: I_{o, y, x} = wrap_{24}\Bigl(\sum_{c, i, j} W_{o, c, i, j} \,
          s_{c, y s_y + i - p_y, x s_x + j - p_x}\Bigr) 2^e

W are the weights as the chip keeps them (`neuroloop.synapses.loihi1._weights`).  The sum of a tick
wraps around to 24 bits; with a negative exponent e it is then shifted to the right, down to minus
infinity, and a positive one is part of W.  A delay is 1 to 64 ticks.  W is multiplied by what a
graded spike carries (+1 and -1 of `loihi1.ternary`).

Source: Lava (lava-nc 0.10), its fixed-point convolution.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.network import Convolution
from neuroloop.synapses import _whole_convolution
from neuroloop.synapses._whole_convolution import Sum
from neuroloop.synapses.loihi1._delays import check_delays
from neuroloop.synapses.loihi1._weights import Bits, Exponent, Sign, loihi1_weights

FORM = Convolution
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
    """Lay the kernel out."""
    check_delays(bundle)
    weight = loihi1_weights(
        *(bundle.connections.kernel, config.bits, config.sign, config.exponent, "its kernel")
    )
    after = Sum(bits=24, shift=max(-config.exponent, 0))
    return _whole_convolution.convolution(weight, bundle, after)
