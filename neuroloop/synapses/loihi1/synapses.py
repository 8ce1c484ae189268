r"""Synapses of Loihi 1: weights of up to 8 bits and a shared exponent, with delays of their own.

.. math:: a = \mathrm{floor}(2^{e} \sum_j W_j\, s_j)

The sum runs over the spikes of a tick that have the same delay, and is rounded once; what several
delays and several projections bring to a tick is added afterwards.  W are the connections' weights,
cut to the chip's format (`neuroloop.synapses.loihi1._weights`).  A delay is 1 to 64 ticks: one to
the next neuron, and up to 63 of the synapse.  A graded spike counts as often as it carries (+1 and
-1 of `loihi1.ternary`); a unit of an input that stands twice in a tick counts twice.

Source: M. Davies and others, "Loihi: A neuromorphic manycore processor with on-chip learning",
IEEE Micro 38, 2018; arithmetic of Lava's bit-accurate models (lava-nc 0.10).
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.synapses import _whole
from neuroloop.synapses.loihi1._delays import check_delays
from neuroloop.synapses.loihi1._weights import Bits, Exponent, Sign, loihi1_weights

ADDS = np.int32
SIGNAL = "graded"


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings; weights are given as whole numbers."""

    exponent: Exponent = 0
    """weights count 2**exponent times"""
    bits: Bits = 8
    """of a weight; each bit less makes a step between weights twice as large"""
    sign: Sign = "auto"
    """``mixed`` weights are -256 to 255, and with 8 bits the even ones; ``excitatory`` ones 0 to
    255, ``inhibitory`` ones -255 to 0; ``auto`` takes what the weights are"""


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay out the synapses."""
    check_delays(bundle)
    weight = loihi1_weights(
        *(bundle.connections.weight, config.bits, config.sign, config.exponent, "its weights")
    )
    return _whole.build(bundle, weight, right=max(-config.exponent, 0))
